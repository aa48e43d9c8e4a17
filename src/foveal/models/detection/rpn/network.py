"""The region proposal network on a pyramid: where objects may be."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.pyramid import FeaturePyramid
from foveal.models.detection.rpn.head import RPNHead
from foveal.models.detection.rpn.proposing import anchors_of, level_starts, proposals_of
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.targets import AnchorTargets, sample_anchors
from foveal.models.detection.training.view_batch import ViewBatch
from foveal.nn import Module, Sequential, binary_cross_entropy_with_logits, smooth_l1_loss

Maps = dict[str, NDArray[Any]]
Proposed = tuple[NDArray[np.float32], NDArray[np.float32]]

# Where the smooth L1 loss of the anchors' deltas turns from a square to a line: an error of a ninth.
_BETA = 1 / 9


class RegionProposalNetwork(Module):
    """Pyramid and region proposal network on a backbone's maps (Ren et al. 2015; Lin et al. 2017).

    In training it is called with a :class:`ViewBatch` and returns its :attr:`losses`.

    Parameters
    ----------
    settings : DetectionSettings
    stages : sequence of Module
        The backbone's blocks between its last maps, where they are to be trained: those that lead to the last
        level, to the last two, and so on.
    random_state : int

    Attributes
    ----------
    tuned : bool
        Whether the stages have learnt, so that the maps behind them are theirs and not the frozen ones.
    """

    #: The names of the losses that a step returns, in this order.
    losses: ClassVar[tuple[str, ...]] = ("rpn_class", "rpn_box")

    def __init__(
        self, settings: DetectionSettings, stages: Sequence[Module] = (), *, random_state: int = 0
    ) -> None:
        self.settings = settings
        self.tuned = False
        seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
        self.pyramid = FeaturePyramid(settings.in_channels, settings.channels, random_state=seeds[0])
        self.rpn = RPNHead(settings.channels, [len(a) for a in settings.anchors], random_state=seeds[1])
        self.stages = Sequential(*stages)
        self._anchors: dict[tuple[int, int], tuple[NDArray[np.float32], NDArray[np.int64]]] = {}

    # -- training -----------------------------------------------------------------------------------

    def forward(self, x: Any) -> Any:
        """The losses of a batch of views, shape (2,)."""
        batch: ViewBatch = x
        levels = self.begin(batch)
        values, grads, _ = self.rpn_losses(batch, levels)
        self.save(batch.tunes, grads)
        return np.array(values)

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the losses."""
        tunes, (by_logits, by_deltas) = self.saved()
        weights = np.asarray(grad, by_logits.dtype)
        self.end(self.rpn.backward((by_logits * weights[0], by_deltas * weights[1])), tunes)

    def begin(self, batch: ViewBatch) -> list[NDArray[Any]]:
        """The pyramid's maps of a batch of the training."""
        self.tuned = batch.tunes
        return self.features(batch.maps, batch.tunes)

    def rpn_losses(
        self, batch: ViewBatch, levels: list[NDArray[Any]]
    ) -> tuple[tuple[float, float], tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
        """The losses of a sample of the anchors (Ren et al. 2015, equation 1).

        Returns
        -------
        values : (float, float)
            Of objectness, a mean over the sampled anchors, and of the deltas of those that are foreground, a
            sum divided by the same number.
        grads : (ndarray, ndarray)
            By the logits, (N, T), and the deltas, (N, T, 4), of all anchors.
        outputs : (ndarray, ndarray)
            These logits and deltas.
        """
        anchors, _ = self.anchors(levels)
        logits, deltas = self.rpn.forward(levels)
        drawn = [
            sample_anchors(
                anchors,
                batch.objects[i],
                batch.size(i),
                self.settings,
                np.random.default_rng([*batch.seeds[i], 0]),
            )
            for i in range(len(batch))
        ]
        values, grads = _losses(drawn, logits, deltas)
        return values, grads, (logits, deltas)

    def end(self, by_levels: list[NDArray[Any]], tunes: bool) -> None:
        """Send gradients by the pyramid's maps back through it and, where they learn, the stages."""
        n_levels, n_stages = len(by_levels), len(self.stages) if tunes else 0
        needed = [False] * (n_levels - n_stages) + [True] * n_stages
        by_maps = self.pyramid.backward(by_levels, needs_input_grad=needed)
        for place in range(n_levels - 1, n_levels - n_stages - 1, -1):
            first = place == n_levels - n_stages
            passed = self.stages[place - n_levels].backward(by_maps[place], needs_input_grad=not first)
            if not first:
                by_maps[place - 1] = by_maps[place - 1] + passed

    # -- use ----------------------------------------------------------------------------------------

    def features(self, maps: Maps, tunes: bool) -> list[NDArray[Any]]:
        """The pyramid's maps, the finest first, from the backbone's.

        Parameters
        ----------
        maps : dict of str to ndarray of shape (N, H, W, C)
        tunes : bool
            Whether the stages compute the maps behind them.

        Returns
        -------
        list of ndarray of shape (N, H, W, channels)
        """
        names = self.settings.levels
        levels = [maps[name] for name in (names[: -len(self.stages)] if tunes else names)]
        if tunes:
            for stage in self.stages:
                levels.append(stage(levels[-1]))
        return self.pyramid.forward(levels)  # type: ignore[no-any-return]

    def anchors(self, levels: list[NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """All anchors over the pyramid's maps, (T, 4), and where each level begins among them."""
        stride = self.settings.strides[0]
        shape = (levels[0].shape[1] * stride, levels[0].shape[2] * stride)
        if shape not in self._anchors:
            anchors = anchors_of(self.settings, shape)
            if len(self._anchors) > 64:
                self._anchors.clear()
            self._anchors[shape] = np.concatenate(anchors), level_starts(anchors)
        return self._anchors[shape]

    def propose(self, levels: list[NDArray[Any]], sizes: NDArray[np.float32]) -> list[Proposed]:
        """Proposals and their objectness logits of each picture, from the pyramid's maps.

        Parameters
        ----------
        levels : list of ndarray of shape (N, H, W, channels)
        sizes : ndarray of shape (N, 2)
            Rows and columns of the pictures without their padding.

        Returns
        -------
        list of (ndarray of shape (P, 4), ndarray of shape (P,))
            See :func:`foveal.models.detection.rpn.proposing.proposals_of`.
        """
        logits, deltas = self.rpn.forward(levels)
        return self.proposals(logits, deltas, levels, sizes)

    def proposals(
        self,
        logits: NDArray[Any],
        deltas: NDArray[Any],
        levels: list[NDArray[Any]],
        sizes: NDArray[np.float32],
    ) -> list[Proposed]:
        """:meth:`propose` for outputs of the region proposal network that are there already."""
        anchors, starts = self.anchors(levels)
        return [
            proposals_of(logits[i], deltas[i], anchors, starts, (size[0], size[1]), self.settings)
            for i, size in enumerate(sizes.tolist())
        ]

    def extra_repr(self) -> str:
        """The settings."""
        return repr(self.settings)


def _losses(
    drawn: list[AnchorTargets], logits: NDArray[Any], deltas: NDArray[Any]
) -> tuple[tuple[float, float], tuple[NDArray[Any], NDArray[Any]]]:
    by_logits, by_deltas = np.zeros_like(logits), np.zeros_like(deltas)
    total = sum(len(d.places) for d in drawn)
    if not total:
        return (0.0, 0.0), (by_logits, by_deltas)
    images = np.repeat(np.arange(len(drawn)), [len(d.places) for d in drawn])
    places = np.concatenate([d.places for d in drawn])
    truth = np.concatenate([np.arange(len(d.places)) < d.n_foreground for d in drawn])
    class_loss, grad = binary_cross_entropy_with_logits(logits[images, places], truth.astype(logits.dtype))
    by_logits[images, places] = grad
    box_loss = 0.0
    if truth.any():
        rows, columns = images[truth], places[truth]
        wanted = np.concatenate([d.deltas for d in drawn])
        box_loss, grad = smooth_l1_loss(deltas[rows, columns], wanted, beta=_BETA, reduction="sum")
        by_deltas[rows, columns] = grad / total
    return (class_loss, box_loss / total), (by_logits, by_deltas)
