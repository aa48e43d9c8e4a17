"""The network of Faster R-CNN: one set of features, proposals from them, and what is in each."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.roi.head import BoxHead
from foveal.models.detection.roi.postprocess import detections_of
from foveal.models.detection.rpn.network import Maps, RegionProposalNetwork
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.targets import RegionTargets, sample_regions
from foveal.models.detection.training.view_batch import ViewBatch
from foveal.nn import Module, cross_entropy, smooth_l1_loss
from foveal.nn.functional import roi_align, roi_align_backward


class DetectionNetwork(RegionProposalNetwork):
    """A region proposal network and a box head on the same features (Ren et al. 2015).

    In training all four losses are minimised at once, by gradients that meet in the pyramid ("approximate
    joint training", section 3.2: none goes through the proposals' coordinates).

    Parameters
    ----------
    settings : DetectionSettings
    stages : sequence of Module
        See :class:`RegionProposalNetwork`.
    random_state : int
    """

    losses: ClassVar[tuple[str, ...]] = ("rpn_class", "rpn_box", "head_class", "head_box")

    def __init__(
        self, settings: DetectionSettings, stages: Sequence[Module] = (), *, random_state: int = 0
    ) -> None:
        super().__init__(settings, stages, random_state=random_state)
        self.head = BoxHead(
            settings.roi_size**2 * settings.channels,
            settings.n_classes,
            hidden=settings.hidden,
            dropout=settings.dropout,
            random_state=int(np.random.SeedSequence(random_state).generate_state(3)[2]),
        )

    def forward(self, x: Any) -> Any:
        """The losses of a batch of views, shape (4,)."""
        batch: ViewBatch = x
        levels = self.begin(batch)
        values, grads, outputs = self.rpn_losses(batch, levels)
        proposals = self.proposals(outputs[0], outputs[1], levels, batch.sizes)
        drawn = [
            sample_regions(
                proposals[i][0],
                batch.objects[i],
                self.settings,
                np.random.default_rng([*batch.seeds[i], 1]),
            )
            for i in range(len(batch))
        ]
        boxes, images = stacked_boxes([regions.boxes for regions in drawn])
        logits, deltas = self.head.forward(self.regions(levels, boxes, images))
        head_values, head_grads = _losses(drawn, logits, deltas, self.settings.n_classes)
        self.save(batch.tunes, grads, head_grads, [level.shape for level in levels], boxes, images)
        return np.array([*values, *head_values])

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the losses."""
        tunes, (by_logits, by_deltas), (by_classes, by_moves), shapes, boxes, images = self.saved()
        weights = np.asarray(grad, by_logits.dtype)
        by_seen = self.head.backward((by_classes * weights[2], by_moves * weights[3]))
        by_levels = self.rpn.backward((by_logits * weights[0], by_deltas * weights[1]))
        for place, (shape, stride) in enumerate(zip(shapes, self.settings.strides, strict=True)):
            by_level = roi_align_backward(
                by_seen,
                shape,
                boxes,
                images,
                self.settings.roi_size,
                spatial_scale=1 / stride,
                sampling_ratio=self.settings.roi_samples,
            )
            by_levels[place] = by_level if by_levels[place] is None else by_levels[place] + by_level
        self.end(by_levels, tunes)

    def regions(
        self, levels: list[NDArray[Any]], boxes: NDArray[np.float32], images: NDArray[np.int64]
    ) -> NDArray[Any]:
        """What is seen of boxes in the pyramid's maps, all of them added up.

        Parameters
        ----------
        levels : list of ndarray of shape (N, H, W, channels)
        boxes : ndarray of shape (R, 4), float32
            In pixels of the working pictures.
        images : ndarray of shape (R,), int64

        Returns
        -------
        ndarray of shape (R, S, S, channels)
            RoIAlign (He et al. 2017) to a grid of ``roi_size``, summed over the maps: a box is not assigned
            to the one map of its size (Lin et al. 2017, equation 1), but looked at in each.
        """
        seen: NDArray[Any] | None = None
        for level, stride in zip(levels, self.settings.strides, strict=True):
            one = roi_align(
                level,
                boxes,
                images,
                self.settings.roi_size,
                spatial_scale=1 / stride,
                sampling_ratio=self.settings.roi_samples,
            )
            seen = one if seen is None else seen + one
        assert seen is not None
        return seen

    def detect(
        self, maps: Maps, sizes: NDArray[np.float32]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]]:
        """Boxes, probabilities and classes of each picture of a batch, by the engine.

        Parameters
        ----------
        maps : dict of str to ndarray
            As in :class:`ViewBatch`.
        sizes : ndarray of shape (N, 2)
            Rows and columns of the pictures without their padding.

        Returns
        -------
        list of tuple
            See :func:`foveal.models.detection.roi.postprocess.detections_of`.
        """
        levels = self.features(maps, self.tuned)
        found = self.propose(levels, sizes)
        boxes, images = stacked_boxes([boxes for boxes, _ in found])
        logits, deltas = self.head.forward(self.regions(levels, boxes, images))
        return [
            detections_of(
                logits[images == i], deltas[images == i], found[i][0], (size[0], size[1]), self.settings
            )
            for i, size in enumerate(sizes.tolist())
        ]


def stacked_boxes(boxes: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes of several pictures one after the other, and the picture of each."""
    return np.concatenate(boxes), np.repeat(np.arange(len(boxes)), [len(some) for some in boxes])


def _losses(
    drawn: list[RegionTargets], logits: NDArray[Any], deltas: NDArray[Any], n_classes: int
) -> tuple[tuple[float, float], tuple[NDArray[Any], NDArray[Any]]]:
    """Cross-entropy of all regions, smooth L1 of the foreground's deltas (Girshick 2015, equation 1)."""
    by_deltas = np.zeros_like(deltas)
    if not len(logits):
        return (0.0, 0.0), (np.zeros_like(logits), by_deltas)
    labels = np.concatenate([regions.labels for regions in drawn])
    class_loss, by_logits = cross_entropy(logits, labels)
    rows = np.flatnonzero(labels < n_classes)
    box_loss = 0.0
    if len(rows):
        wanted = np.concatenate([regions.deltas for regions in drawn])
        box_loss, grad = smooth_l1_loss(deltas[rows, labels[rows]], wanted, reduction="sum")
        by_deltas[rows, labels[rows]] = grad / len(labels)
    return (class_loss, box_loss / len(labels)), (by_logits, by_deltas)
