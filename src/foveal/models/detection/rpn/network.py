"""The region proposal network on a pyramid: where objects may be (Ren et al. 2015; Lin et al. 2017)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.anchors import Anchors, PlacedAnchors
from foveal.models.detection.pyramid import FeaturePyramid
from foveal.models.detection.rpn.head import RPNHead
from foveal.models.detection.rpn.proposing import ProposalSelector, ProposalTrace, Proposed
from foveal.models.detection.targets import AnchorSampler, AnchorTargets, ViewBatch
from foveal.models.parameter_checks import Range
from foveal.nn import Module, Sequential, binary_cross_entropy_with_logits, no_grad, smooth_l1_loss
from foveal.nn.module import in_use

Maps = Mapping[str, NDArray[Any]]
Gradients = tuple[NDArray[Any], NDArray[Any]]

# Where the smooth L1 loss of the anchors' deltas turns from a square to a line: an error of a ninth.
_BETA = 1 / 9


@dataclass(frozen=True, kw_only=True)
class RPNSettings:
    """What a region proposal network is made of, stage by stage.

    Attributes
    ----------
    levels : tuple of str
        The backbone's maps that the pyramid stands on, the finest first.
    in_channels : tuple of int
        Of these maps.
    channels : int
        Of the pyramid's.
    size : int
        The longer side of the working image, in pixels.
    anchors : Anchors
    sampling : AnchorSampler
    proposing : ProposalSelector
    """

    ranges: ClassVar[dict[str, Range]] = {
        "in_channels": Range(1, 65_536, whole=True, many=True),
        "channels": Range(1, 65_536, whole=True),
        "size": Range(64, 4096, whole=True),
    }

    levels: tuple[str, ...]
    in_channels: tuple[int, ...]
    channels: int = 64
    size: int = 512
    anchors: Anchors
    sampling: AnchorSampler = field(default_factory=AnchorSampler)
    proposing: ProposalSelector = field(default_factory=ProposalSelector)


class RegionProposalNetwork(Module):
    """Pyramid and region proposal network on a backbone's maps.

    In training it is called with a :class:`ViewBatch` and returns its :attr:`losses`.

    Parameters
    ----------
    settings : RPNSettings
    stages : sequence of Module
        The backbone's blocks between its last maps, where they are to be fine-tuned: those that lead to the
        last level, to the last two, and so on.
    random_state : int

    Attributes
    ----------
    finetuned : bool
        Whether the stages have been trained, so that the maps behind them are theirs and not the frozen ones.
    """

    #: The names of the losses that a step returns, in this order.
    losses: ClassVar[tuple[str, ...]] = ("rpn_class", "rpn_box")
    shown = ("settings",)

    def __init__(
        self, settings: RPNSettings, stages: Sequence[Module] = (), *, random_state: int = 0
    ) -> None:
        self.settings = settings
        self.finetuned = False
        seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
        self.pyramid = FeaturePyramid(settings.in_channels, settings.channels, random_state=seeds[0])
        self.rpn = RPNHead(settings.channels, settings.anchors.numbers, random_state=seeds[1])
        self.stages = Sequential(*stages)
        self._placed: dict[tuple[int, int], PlacedAnchors] = {}

    # -- training -----------------------------------------------------------------------------------

    def begin_from(self, other: Self) -> None:
        """Take the weights of another network with the same anchors; of its stages, if they were trained.

        Raises
        ------
        ValueError
            If the layers have other sizes.
        """
        self.pyramid.load_state_dict(other.pyramid.state_dict())
        self.rpn.load_state_dict(other.rpn.state_dict())
        if other.finetuned:
            self.stages.load_state_dict(other.stages.state_dict())

    def forward(self, x: Any) -> Any:
        """The losses of a batch of views, shape (2,)."""
        batch: ViewBatch = x
        values, grads, _ = self.rpn_losses(batch, self.begin(batch))
        self.save(batch.finetunes, grads)
        return np.array(values)

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the losses."""
        finetunes, (grad_logits, grad_deltas) = self.saved()
        weights = np.asarray(grad, grad_logits.dtype)
        self.end(self.rpn.backward((grad_logits * weights[0], grad_deltas * weights[1])), finetunes)

    def begin(self, batch: ViewBatch) -> list[NDArray[Any]]:
        """The pyramid's maps of a batch of the training."""
        self.finetuned = batch.finetunes
        return self.features(batch.maps)

    def rpn_losses(
        self, batch: ViewBatch, levels: list[NDArray[Any]]
    ) -> tuple[tuple[float, float], Gradients, Gradients]:
        """The losses of a sample of the anchors (Ren et al. 2015, equation 1).

        Returns
        -------
        values : (float, float)
            See :func:`rpn_loss`.
        grads : (ndarray, ndarray)
            By the logits, (N, T), and the deltas, (N, T, 4), of all anchors.
        outputs : (ndarray, ndarray)
            These logits and deltas.
        """
        anchors = self.anchors(levels)
        logits, deltas = self.rpn.forward(levels)
        drawn = [
            self.settings.sampling(anchors.boxes, truth, size, np.random.default_rng([*seed, 0]))
            for truth, size, seed in zip(batch.objects, batch.sizes.tolist(), batch.seeds, strict=True)
        ]
        values, grads = rpn_loss(logits, deltas, drawn)
        return values, grads, (logits, deltas)

    def end(self, grad_levels: list[NDArray[Any]], finetunes: bool) -> None:
        """Send gradients by the pyramid's maps back through it and, where they are fine-tuned, the stages."""
        n_levels, n_stages = len(grad_levels), len(self.stages) if finetunes else 0
        needed = [False] * (n_levels - n_stages) + [True] * n_stages
        grad_maps = self.pyramid.backward(grad_levels, needs_input_grad=needed)
        for place in range(n_levels - 1, n_levels - n_stages - 1, -1):
            first = place == n_levels - n_stages
            passed = self.stages[place - n_levels].backward(grad_maps[place], needs_input_grad=not first)
            if not first:
                own = grad_maps[place - 1]
                grad_maps[place - 1] = passed if own is None else own + passed

    # -- use ----------------------------------------------------------------------------------------

    def features(self, maps: Maps) -> list[NDArray[Any]]:
        """The pyramid's maps, (N, H, W, channels) each, the finest first, from the backbone's.

        Where the network is ``finetuned`` its own stages compute the maps behind them.
        """
        n_stages = len(self.stages) if self.finetuned else 0
        names = self.settings.levels
        levels = [maps[name] for name in names[: len(names) - n_stages]]
        for stage in self.stages if n_stages else ():
            levels.append(stage(levels[-1]))
        return self.pyramid.forward(levels)  # type: ignore[no-any-return]

    def anchors(self, levels: list[NDArray[Any]]) -> PlacedAnchors:
        """All anchors over the pyramid's maps."""
        stride = self.settings.anchors.strides[0]
        shape = (levels[0].shape[1] * stride, levels[0].shape[2] * stride)
        # Several threads may be here: what one has found stays its own, whatever another clears.
        placed = self._placed.get(shape)
        if placed is None:
            if len(self._placed) > 64:
                self._placed.clear()
            placed = self._placed[shape] = self.settings.anchors.over(shape)
        return placed

    def proposals(
        self,
        logits: NDArray[Any],
        deltas: NDArray[Any],
        levels: list[NDArray[Any]],
        sizes: NDArray[np.float32],
    ) -> list[Proposed]:
        """Proposals in each image, from the head's logits, (N, T), and deltas, (N, T, 4), over pyramid maps.

        ``sizes`` are those of :meth:`trace`.
        """
        anchors = self.anchors(levels)
        return [
            self.settings.proposing(logits[i], deltas[i], anchors, (rows, columns))
            for i, (rows, columns) in enumerate(sizes.tolist())
        ]

    def trace(self, maps: Maps, sizes: NDArray[np.float32]) -> Sequence[ProposalTrace]:
        """The whole pass of each image of a batch, in evaluation, from the backbone's maps, to the answer.

        Parameters
        ----------
        maps : mapping of str to ndarray of shape (N, H, W, C)
            As in :class:`ViewBatch`.
        sizes : ndarray of shape (N, 2)
            Rows and columns of the images without their padding.

        Returns
        -------
        list of ProposalTrace
        """
        with in_use(self.modules()), no_grad():
            return self._propose(self.features(maps), sizes)

    def _propose(self, levels: list[NDArray[Any]], sizes: NDArray[np.float32]) -> list[ProposalTrace]:
        logits, deltas = self.rpn.forward(levels)
        proposed = self.proposals(logits, deltas, levels, sizes)
        return [ProposalTrace([x[i] for x in levels], logits[i], one) for i, one in enumerate(proposed)]


def rpn_loss(
    logits: NDArray[Any], deltas: NDArray[Any], targets: Sequence[AnchorTargets]
) -> tuple[tuple[float, float], Gradients]:
    """Objectness and box losses of the sampled anchors (Ren et al. 2015, equation 1).

    Parameters
    ----------
    logits, deltas : ndarray of shape (N, T) and (N, T, 4)
        Of all anchors.
    targets : sequence of N AnchorTargets

    Returns
    -------
    values : (float, float)
        Binary cross-entropy, a mean over the sampled anchors, and smooth L1 of the foreground's deltas, a sum
        divided by the same number; 0 where nothing was sampled.
    grads : (ndarray, ndarray)
        By the logits and by the deltas of all anchors.

    Examples
    --------
    >>> background = AnchorTargets(np.array([1]), 0, np.zeros((0, 4), np.float32))
    >>> values, grads = rpn_loss(np.zeros((1, 3)), np.zeros((1, 3, 4)), [background])
    >>> round(values[0], 4), values[1], grads[0].tolist()
    (0.6931, 0.0, [[0.0, 0.5, 0.0]])
    """
    grad_logits, grad_deltas = np.zeros_like(logits), np.zeros_like(deltas)
    numbers = [len(target.places) for target in targets]
    total = sum(numbers)
    if not total:
        return (0.0, 0.0), (grad_logits, grad_deltas)
    images = np.repeat(np.arange(len(targets)), numbers)
    places = np.concatenate([target.places for target in targets])
    truth = np.concatenate([np.arange(len(t.places)) < t.n_foreground for t in targets])
    class_loss, grad = binary_cross_entropy_with_logits(logits[images, places], truth.astype(logits.dtype))
    grad_logits[images, places] = grad
    box_loss = 0.0
    if truth.any():
        rows, columns = images[truth], places[truth]
        wanted = np.concatenate([target.deltas for target in targets])
        box_loss, grad = smooth_l1_loss(deltas[rows, columns], wanted, beta=_BETA, reduction="sum")
        grad_deltas[rows, columns] = grad / total
    return (class_loss, box_loss / total), (grad_logits, grad_deltas)
