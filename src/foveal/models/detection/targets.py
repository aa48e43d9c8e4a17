"""What a step of the training is given, and what an image's objects ask of anchors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import IGNORE, clip, encode, match, sample
from foveal.data.dataset import Sample
from foveal.models.parameter_checks import Range


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The objects of one image, or of one view of it.

    Attributes
    ----------
    boxes : ndarray of shape (M, 4), float32
        In its pixels, clipped to it, the ignored ones too.
    labels : ndarray of shape (M,), int64
    ignored : ndarray of shape (M,), bool
        Difficult objects and crowds: neither learned from nor taken for background.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    ignored: NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample, shape: tuple[int, int]) -> "GroundTruth":
        """The objects of an image of some rows and columns, without those that are too small to count."""
        ignored = sample.difficult | sample.crowd
        counts = sample.trainable | ignored
        boxes = clip(sample.boxes[counts], shape[1], shape[0])
        return cls(boxes, sample.labels[counts], ignored[counts])


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views of N images.

    Attributes
    ----------
    maps : dict of str to ndarray of shape (N, H, W, C), float32
        The frozen backbone's maps, by their names.
    sizes : ndarray of shape (N, 2), float32
        Rows and columns of each view, in pixels, without its padding.
    objects : list of GroundTruth
    seeds : list of sequences of int
        What is drawn for each view depends on these alone.
    finetunes : bool
        Whether the backbone's last stages are fine-tuned, and so compute their maps themselves.
    """

    maps: dict[str, NDArray[np.float32]]
    sizes: NDArray[np.float32]
    objects: list[GroundTruth]
    seeds: list[list[int]]
    finetunes: bool

    def __len__(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True, eq=False)
class AnchorTargets:
    """The sampled anchors of an image: the foreground first, then the background.

    Attributes
    ----------
    places : ndarray of shape (S,), int64
        Among all anchors.
    n_foreground : int
    deltas : ndarray of shape (n_foreground, 4), float32
        How each of the foreground has to move to be its object's box.
    """

    places: NDArray[np.int64]
    n_foreground: int
    deltas: NDArray[np.float32]


@dataclass(frozen=True)
class AnchorSampler:
    """Chooses the anchors that a step learns from (Ren et al. 2015); the defaults are the paper's.

    Parameters
    ----------
    number : int, default=256
        Anchors of an image (section 3.1.3).
    fraction : float, default=0.5
        The most of them that are foreground; background fills up.
    foreground : float, default=0.7
        Anchors with at least this IoU with an object, and each object's best, are foreground.
    background : float, default=0.3
        Those below it with every object are background; those between are ignored.
    border : float, default=0.0
        Anchors that reach over the image's border by more than this share of their sides are ignored: 0 is
        the paper's, from 0.5 on none is.

    Examples
    --------
    >>> anchors = np.float32([[0, 0, 12, 12], [-1, 0, 12, 12], [52, 52, 64, 64]])
    >>> truth = GroundTruth(anchors[:1], np.array([0]), np.array([False]))
    >>> AnchorSampler().label(anchors, truth, (64, 64))
    array([ 0, -2, -1])
    """

    ranges: ClassVar[dict[str, Range]] = {
        "number": Range(1, 1_000_000, whole=True),
        **dict.fromkeys(("fraction", "foreground", "background"), Range(0, 1)),
        "border": Range(0, 1e6),
    }

    number: int = 256
    fraction: float = 0.5
    foreground: float = 0.7
    background: float = 0.3
    border: float = 0.0

    def label(
        self, anchors: NDArray[np.float32], truth: GroundTruth, size: tuple[float, float]
    ) -> NDArray[np.int64]:
        """The object of every anchor, or ``BACKGROUND``, or ``IGNORE``.

        Parameters
        ----------
        anchors : ndarray of shape (T, 4), float32
        truth : GroundTruth
        size : (float, float)
            Rows and columns of the image without its padding.

        Returns
        -------
        ndarray of shape (T,), int64
        """
        labels = np.full(len(anchors), IGNORE, np.int64)
        reach = self.border * (anchors[:, 2:] - anchors[:, :2])
        corner = np.array([size[1], size[0]], np.float32)
        inside = ((anchors[:, :2] >= -reach) & (anchors[:, 2:] <= corner + reach)).all(axis=1)
        labels[inside] = match(
            anchors[inside],
            truth.boxes,
            foreground=self.foreground,
            background=self.background,
            force_best=True,
            ignore=truth.ignored,
        ).indices
        return labels

    def __call__(
        self,
        anchors: NDArray[np.float32],
        truth: GroundTruth,
        size: tuple[float, float],
        random_state: int | np.random.Generator | None = None,
    ) -> AnchorTargets:
        """Label anchors and draw some of them; the parameters are :meth:`label`'s, and a seed."""
        labels = self.label(anchors, truth, size)
        foreground, background = sample(
            labels, self.number, foreground_fraction=self.fraction, random_state=random_state
        )
        deltas = encode(anchors[foreground], truth.boxes[labels[foreground]])
        return AnchorTargets(
            np.concatenate([foreground, background]), len(foreground), deltas.astype(np.float32, copy=False)
        )
