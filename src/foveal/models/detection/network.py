"""The network of Faster R-CNN: one set of features, proposals from them, and what is in each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.roi.head import BoxHead, roi_loss
from foveal.models.detection.roi.pooling import RoIPooling, stack_rois
from foveal.models.detection.roi.postprocess import DetectedRegions, Postprocessor
from foveal.models.detection.roi.sampling import RoISampler, RoITargets
from foveal.models.detection.rpn.network import Maps, RegionProposalNetwork, RPNSettings
from foveal.models.detection.rpn.proposing import ProposalTrace
from foveal.models.detection.targets import ViewBatch
from foveal.models.parameter_checks import Range
from foveal.nn import Module, no_grad
from foveal.nn.module import in_use


@dataclass(frozen=True, kw_only=True)
class RoISettings:
    """What the RoI stage of a detection network is made of.

    Attributes
    ----------
    n_classes : int
        K; the background is not one of them.
    hidden, dropout : int, float
        Of the :class:`~foveal.models.detection.roi.head.BoxHead`.
    pooling : RoIPooling
    sampling : RoISampler
    postprocessing : Postprocessor
    """

    ranges: ClassVar[dict[str, Range]] = {
        "n_classes": Range(1, 100_000, whole=True),
        "hidden": Range(1, 65_536, whole=True),
        "dropout": Range(0, 1, below=True),
    }

    n_classes: int
    hidden: int = 256
    dropout: float = 0.0
    pooling: RoIPooling
    sampling: RoISampler = field(default_factory=RoISampler)
    postprocessing: Postprocessor = field(default_factory=Postprocessor)

    @classmethod
    def faster_rcnn(
        cls, n_classes: int, strides: Sequence[int], *, roi_size: int = 5, **others: Any
    ) -> "RoISettings":
        """What was measured to be best on small data for :class:`foveal.models.FasterRCNN`.

        Parameters
        ----------
        n_classes : int
        strides : sequence of int
        roi_size : int, default=5
        **others
            Attributes that are otherwise.
        """
        stages = {
            # One point a cell is as good as four, and faster.
            "pooling": RoIPooling(tuple(strides), size=roi_size, sampling_ratio=1, join="sum"),
            # More regions, and all background: an RPN's proposals are hard ones by themselves.
            "sampling": RoISampler(number=128, background_floor=0.0),
            "postprocessing": Postprocessor(min_score=0.01, nms_threshold=0.5),
        }
        return cls(n_classes=n_classes, **{**stages, **others})


@dataclass(frozen=True, eq=False)
class NetworkTrace(ProposalTrace):
    """One image on its way through a detection network, as the network computed it.

    Attributes
    ----------
    pooled : ndarray of shape (R, S, S, C)
        What the box head saw of each proposal.
    detected : DetectedRegions
        In pixels of the working image.
    """

    pooled: NDArray[Any]
    detected: DetectedRegions


class DetectionNetwork(RegionProposalNetwork):
    """A region proposal network and a box head on the same features (Ren et al. 2015).

    In training all four losses are minimised at once, by gradients that meet in the pyramid ("approximate
    joint training", section 3.2: none goes through the proposals' coordinates).

    Parameters
    ----------
    settings : RPNSettings
    roi : RoISettings
    stages : sequence of Module
        See :class:`RegionProposalNetwork`.
    random_state : int
    """

    losses: ClassVar[tuple[str, ...]] = ("rpn_class", "rpn_box", "head_class", "head_box")

    def __init__(
        self,
        settings: RPNSettings,
        roi: RoISettings,
        stages: Sequence[Module] = (),
        *,
        random_state: int = 0,
    ) -> None:
        super().__init__(settings, stages, random_state=random_state)
        self.roi = roi
        self.head = BoxHead(
            roi.pooling.size**2 * settings.channels,
            roi.n_classes,
            hidden=roi.hidden,
            dropout=roi.dropout,
            random_state=int(np.random.SeedSequence(random_state).generate_state(3)[2]),
        )

    def begin_from(self, other: Self) -> None:
        """As :meth:`RegionProposalNetwork.begin_from`; the other's classes are the first of this one's."""
        super().begin_from(other)
        self.head.begin_from(other.head)

    def forward(self, x: Any) -> Any:
        """The losses of a batch of views, shape (4,)."""
        batch: ViewBatch = x
        levels = self.begin(batch)
        values, grads, outputs = self.rpn_losses(batch, levels)
        proposals = self.proposals(*outputs, levels, batch.sizes)
        drawn = [
            self.roi.sampling(proposed.boxes, truth, np.random.default_rng([*seed, 1]))
            for proposed, truth, seed in zip(proposals, batch.objects, batch.seeds, strict=True)
        ]
        rois, images = stack_rois([targets.rois for targets in drawn])
        logits, deltas = self.head.forward(self.roi.pooling(levels, rois, images))
        roi_values, roi_grads = roi_loss(logits, deltas, RoITargets.concatenated(drawn))
        self.save(batch.finetunes, grads, roi_grads, [level.shape for level in levels], rois, images)
        return np.array([*values, *roi_values])

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the losses."""
        finetunes, (grad_logits, grad_deltas), (grad_classes, grad_moves), shapes, rois, images = self.saved()
        weights = np.asarray(grad, grad_logits.dtype)
        grad_pooled = self.head.backward((grad_classes * weights[2], grad_moves * weights[3]))
        grad_levels = self.rpn.backward((grad_logits * weights[0], grad_deltas * weights[1]))
        for place, by_head in enumerate(self.roi.pooling.backward(grad_pooled, shapes, rois, images)):
            by_rpn = grad_levels[place]
            grad_levels[place] = by_head if by_rpn is None else by_rpn + by_head
        self.end(grad_levels, finetunes)

    def trace(self, maps: Maps, sizes: NDArray[np.float32]) -> Sequence[NetworkTrace]:
        """See :meth:`RegionProposalNetwork.trace`; the end are detections."""
        with in_use(self.modules()), no_grad():
            levels = self.features(maps)
            proposed = self._propose(levels, sizes)
            rois, images = stack_rois([trace.proposed.boxes for trace in proposed])
            pooled = self.roi.pooling(levels, rois, images)
            logits, deltas = self.head.forward(pooled)
        found = []
        for i, (trace, (rows, columns)) in enumerate(zip(proposed, sizes.tolist(), strict=True)):
            own = images == i
            detected = self.roi.postprocessing(logits[own], deltas[own], rois[own], (rows, columns))
            found.append(NetworkTrace(trace.levels, trace.logits, trace.proposed, pooled[own], detected))
        return found
