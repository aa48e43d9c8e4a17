"""What a detection network is made of and how it learns and detects, as plain values."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class DetectionSettings:
    """Everything about a detector of the Faster R-CNN kind that is not a weight.

    Attributes
    ----------
    n_classes : int
        K; the background is not one of them.
    levels : tuple of str
        The backbone's maps that the pyramid stands on, the finest first.
    in_channels, strides : tuple of int
        Of these maps.
    anchors : tuple of tuple of (float, float)
        For each level the widths and heights of the anchors at each place, in pixels of the working picture.
    size : int
        The longer side of the working picture, in pixels.
    channels, hidden, roi_size : int
        Of the pyramid, of the box head's layers, and the rows and columns that a region is aligned to.
    dropout : float
        In the box head.
    rpn_batch, roi_batch : int
        Anchors and regions sampled of each picture in training.
    rpn_foreground, rpn_background : float
        IoU from which an anchor is foreground, and below which it is background.
    rpn_border : float
        How far an anchor may reach over the picture's border and still be learnt from, as a share of its
        side: 0 is the paper's, from 0.5 on all are.
    roi_foreground, roi_background_floor : float
        IoU from which a region is foreground; from the floor to there it is background.
    roi_fraction : float
        The largest share of foreground in a sample of regions.
    pre_nms, post_nms : int
        Anchors of each level that come to suppression, and proposals that are left of it.
    rpn_nms, nms : float
        IoU above which the lesser of two proposals, or of two detections of a class, is dropped.
    min_score : float
        Detections less probable are dropped.
    max_detections : int
        In a picture.
    """

    n_classes: int
    levels: tuple[str, ...]
    in_channels: tuple[int, ...]
    strides: tuple[int, ...]
    anchors: tuple[tuple[tuple[float, float], ...], ...]
    size: int = 512
    channels: int = 64
    hidden: int = 256
    roi_size: int = 5
    dropout: float = 0.0
    rpn_batch: int = 256
    roi_batch: int = 128
    rpn_foreground: float = 0.7
    rpn_background: float = 0.3
    rpn_border: float = 0.0
    roi_foreground: float = 0.5
    roi_background_floor: float = 0.0
    roi_fraction: float = 0.25
    pre_nms: int = 1000
    post_nms: int = 300
    rpn_nms: float = 0.8
    nms: float = 0.5
    min_score: float = 0.01
    max_detections: int = 100

    def to_dict(self) -> dict[str, Any]:
        """A JSON value that :meth:`from_dict` takes."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "DetectionSettings":
        """What :meth:`to_dict` gave, lists in the place of tuples."""
        known = dict(value)
        for name in ("levels", "in_channels", "strides"):
            known[name] = tuple(known[name])
        known["anchors"] = tuple(tuple((float(w), float(h)) for w, h in level) for level in known["anchors"])
        return cls(**known)


#: What each box delta is multiplied by for the box head (Girshick 2015, section 2.3: unit variance).
HEAD_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
#: The region proposal network's deltas are plain.
RPN_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
