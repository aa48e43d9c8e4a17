"""The network of Faster R-CNN: one set of features, proposals from them, and what is in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.box_head import BoxHead
from foveal.models.detection.detecting import detections_of
from foveal.models.detection.proposing import anchors_of, level_starts, proposals_of
from foveal.models.detection.pyramid import FeaturePyramid
from foveal.models.detection.rpn_head import RPNHead
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.targets import (
    AnchorTargets,
    Objects,
    RegionTargets,
    sample_anchors,
    sample_regions,
)
from foveal.nn import (
    Module,
    Sequential,
    binary_cross_entropy_with_logits,
    cross_entropy,
    smooth_l1_loss,
)
from foveal.nn.functional import roi_align, roi_align_backward

#: The parts of the loss, in the order in which the network returns them.
LOSSES = ("rpn_class", "rpn_box", "head_class", "head_box")


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """What one step of the training learns from.

    Attributes
    ----------
    maps : dict of str to ndarray of shape (N, H, W, C), float32
        The frozen backbone's maps, by their names.
    sizes : ndarray of shape (N, 2), float32
        Rows and columns of each view, in pixels, without its padding.
    objects : list of Objects
    seeds : list of sequences of int
        What is drawn for each view depends on these alone.
    tunes : bool
        Whether the backbone's last stages learn too, and so compute their maps themselves.
    """

    maps: dict[str, NDArray[np.float32]]
    sizes: NDArray[np.float32]
    objects: list[Objects]
    seeds: list[list[int]]
    tunes: bool

    def __len__(self) -> int:
        return len(self.sizes)


class DetectionNetwork(Module):
    """Pyramid, region proposal network and box head on a backbone's maps (Ren et al. 2015; Lin et al. 2017).

    In training it is called with a :class:`ViewBatch` and returns its four losses (:data:`LOSSES`); all are
    minimised at once, by gradients that meet in the pyramid ("approximate joint training", Ren et al. 2015,
    section 3.2: none goes through the proposals' coordinates).

    Parameters
    ----------
    settings : DetectionSettings
    stages : sequence of Module
        The backbone's blocks between its last maps, where they are to be trained: those that lead to the last
        level, to the last two, and so on.
    random_state : int
    """

    def __init__(
        self, settings: DetectionSettings, stages: Sequence[Module] = (), *, random_state: int = 0
    ) -> None:
        self.settings = settings
        self.tuned = False
        seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
        self.pyramid = FeaturePyramid(settings.in_channels, settings.channels, random_state=seeds[0])
        self.rpn = RPNHead(settings.channels, [len(a) for a in settings.anchors], random_state=seeds[1])
        grid = settings.roi_size
        width = settings.channels * (len(settings.levels) if settings.fusion == "concat" else 1)
        self.head = BoxHead(
            grid * grid * width,
            settings.n_classes,
            hidden=settings.hidden,
            dropout=settings.dropout,
            random_state=seeds[2],
        )
        self.stages = Sequential(*stages)
        self._anchors: dict[tuple[int, int], tuple[NDArray[np.float32], NDArray[np.int64]]] = {}

    def __call__(self, x: Any) -> Any:
        """See :meth:`forward`."""
        return self.forward(x)

    # -- parts --------------------------------------------------------------------------------------

    def features(self, maps: dict[str, NDArray[Any]], tunes: bool) -> list[NDArray[Any]]:
        """The pyramid's maps, the finest first, from the backbone's."""
        if not tunes:
            return self.pyramid.forward([maps[name] for name in self.settings.levels])  # type: ignore[no-any-return]
        levels = [maps[name] for name in self.settings.levels[: -len(self.stages)]]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        return self.pyramid.forward(levels)  # type: ignore[no-any-return]

    def anchors(self, shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """All anchors over a padded picture of so many rows and columns, and where each level begins."""
        if shape not in self._anchors:
            levels = anchors_of(self.settings, shape)
            if len(self._anchors) > 64:
                self._anchors.clear()
            self._anchors[shape] = np.concatenate(levels), level_starts(levels)
        return self._anchors[shape]

    def regions(
        self, levels: list[NDArray[Any]], boxes: NDArray[np.float32], images: NDArray[np.int64]
    ) -> NDArray[Any]:
        """What is seen of boxes in the pyramid's maps, aligned to a grid: (R, S, S, C)."""
        size = self.settings.roi_size
        seen = [
            roi_align(level, boxes, images, size, spatial_scale=1 / stride)
            for level, stride in zip(levels, self.settings.strides, strict=True)
        ]
        if self.settings.fusion == "concat":
            return np.concatenate(seen, axis=3)
        total = seen[0]
        for other in seen[1:]:
            total = total + other
        return total

    # -- training -----------------------------------------------------------------------------------

    def forward(self, x: Any) -> Any:
        """The four losses of a batch of views, shape (4,); see :data:`LOSSES`."""
        batch: ViewBatch = x
        self.tuned = batch.tunes
        levels = self.features(batch.maps, batch.tunes)
        finest, stride = levels[0].shape, self.settings.strides[0]
        anchors, starts = self.anchors((finest[1] * stride, finest[2] * stride))
        logits, deltas = self.rpn.forward(levels)
        drawn = [self._draw(i, batch, anchors, starts, logits[i], deltas[i]) for i in range(len(batch))]
        class_loss, box_loss, by_logits, by_deltas = self._rpn_losses([d[0] for d in drawn], logits, deltas)
        regions = [d[1] for d in drawn]
        boxes = np.concatenate([r.boxes for r in regions])
        images = np.repeat(np.arange(len(regions)), [len(r.boxes) for r in regions])
        seen = self.regions(levels, boxes, images)
        answers = self.head(seen)
        head_class, head_box, by_classes, by_moves = self._head_losses(regions, *answers)
        self.save(
            batch.tunes, [v.shape for v in levels], by_logits, by_deltas, by_classes, by_moves, boxes, images
        )
        return np.array([class_loss, box_loss, head_class, head_box])

    def _draw(
        self,
        i: int,
        batch: ViewBatch,
        anchors: NDArray[np.float32],
        starts: NDArray[np.int64],
        logits: NDArray[Any],
        deltas: NDArray[Any],
    ) -> tuple[AnchorTargets, RegionTargets]:
        """The anchors and regions of one view that the step learns from."""
        rng = np.random.default_rng(batch.seeds[i])
        size = (float(batch.sizes[i, 0]), float(batch.sizes[i, 1]))
        objects = batch.objects[i]
        chosen = sample_anchors(anchors, objects, size, self.settings, rng)
        proposals, _ = proposals_of(logits, deltas, anchors, starts, size, self.settings)
        return chosen, sample_regions(proposals, objects, self.settings, rng)

    def _rpn_losses(
        self, drawn: list[AnchorTargets], logits: NDArray[Any], deltas: NDArray[Any]
    ) -> tuple[float, float, NDArray[Any], NDArray[Any]]:
        by_logits, by_deltas = np.zeros_like(logits), np.zeros_like(deltas)
        total = sum(len(d.places) for d in drawn)
        if not total:
            return 0.0, 0.0, by_logits, by_deltas
        images = np.repeat(np.arange(len(drawn)), [len(d.places) for d in drawn])
        places = np.concatenate([d.places for d in drawn])
        truth = np.concatenate([np.arange(len(d.places)) < d.n_foreground for d in drawn])
        class_loss, grad = binary_cross_entropy_with_logits(
            logits[images, places], truth.astype(logits.dtype)
        )
        by_logits[images, places] = grad
        box_loss = 0.0
        if truth.any():
            rows, columns = images[truth], places[truth]
            wanted = np.concatenate([d.deltas for d in drawn])
            box_loss, grad = smooth_l1_loss(deltas[rows, columns], wanted, beta=1 / 9, reduction="sum")
            by_deltas[rows, columns] = grad / total
        return class_loss, box_loss / total, by_logits, by_deltas

    def _head_losses(
        self, drawn: list[RegionTargets], logits: NDArray[Any], deltas: NDArray[Any]
    ) -> tuple[float, float, NDArray[Any], NDArray[Any]]:
        by_deltas = np.zeros_like(deltas)
        if not len(logits):
            return 0.0, 0.0, np.zeros_like(logits), by_deltas
        labels = np.concatenate([r.labels for r in drawn])
        class_loss, by_logits = cross_entropy(logits, labels)
        rows = np.flatnonzero(labels < self.settings.n_classes)
        box_loss = 0.0
        if len(rows):
            wanted = np.concatenate([r.deltas for r in drawn])
            box_loss, grad = smooth_l1_loss(deltas[rows, labels[rows]], wanted, reduction="sum")
            by_deltas[rows, labels[rows]] = grad / len(labels)
        return class_loss, box_loss / len(labels), by_logits, by_deltas

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the four losses."""
        tunes, shapes, by_logits, by_deltas, by_classes, by_moves, boxes, images = self.saved()
        weights = np.asarray(grad, by_logits.dtype)
        by_seen = self.head.backward((by_classes * weights[2], by_moves * weights[3]))
        by_levels = self.rpn.backward((by_logits * weights[0], by_deltas * weights[1]))
        strides, channels = self.settings.strides, self.settings.channels
        for place, (shape, stride) in enumerate(zip(shapes, strides, strict=True)):
            part = by_seen
            if self.settings.fusion == "concat":
                part = by_seen[..., place * channels : (place + 1) * channels]
            by_level = roi_align_backward(
                np.ascontiguousarray(part),
                shape,
                boxes,
                images,
                self.settings.roi_size,
                spatial_scale=1 / stride,
            )
            by_levels[place] = by_level if by_levels[place] is None else by_levels[place] + by_level
        n_stages = len(self.stages) if tunes else 0
        needed = [False] * (len(shapes) - n_stages) + [True] * n_stages
        by_maps = self.pyramid.backward(by_levels, needs_input_grad=needed)
        for place in range(len(shapes) - 1, len(shapes) - n_stages - 1, -1):
            earlier = place > len(shapes) - n_stages
            passed = self.stages[place - len(shapes)].backward(by_maps[place], needs_input_grad=earlier)
            if earlier:
                by_maps[place - 1] = by_maps[place - 1] + passed

    # -- use ----------------------------------------------------------------------------------------

    def detect(
        self, maps: dict[str, NDArray[Any]], sizes: NDArray[np.float32]
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
            See :func:`foveal.models.detection.detecting.detections_of`.
        """
        levels = self.features(maps, self.tuned)
        found = self.propose(levels, sizes)
        boxes = np.concatenate([b for b, _ in found])
        images = np.repeat(np.arange(len(found)), [len(b) for b, _ in found])
        logits, deltas = self.head(self.regions(levels, boxes, images))
        return [
            detections_of(
                logits[images == i], deltas[images == i], found[i][0], (size[0], size[1]), self.settings
            )
            for i, size in enumerate(sizes.tolist())
        ]

    def propose(
        self, levels: list[NDArray[Any]], sizes: NDArray[np.float32]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Proposals and their objectness logits of each picture, from the pyramid's maps."""
        finest, stride = levels[0].shape, self.settings.strides[0]
        anchors, starts = self.anchors((finest[1] * stride, finest[2] * stride))
        logits, deltas = self.rpn.forward(levels)
        return [
            proposals_of(logits[i], deltas[i], anchors, starts, (size[0], size[1]), self.settings)
            for i, size in enumerate(sizes.tolist())
        ]

    def extra_repr(self) -> str:
        """The settings."""
        return repr(self.settings)
