"""The region proposal network, alone: a method of proposing regions that is learned from boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from foveal import nn
from foveal.data import Dataset
from foveal.metrics import compare_proposers, proposal_recall
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.rpn.proposing import ProposalSelector
from foveal.models.detection.targets import AnchorSampler
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detectors.rpn_base import RPNBase

# Anchors on the border are learned from: else nothing tells the large ones, most of which cross it, what an
# object is.
_BORDER = 0.5
# So many proposals of an image are what detectors take, and the IoUs that their recall is measured at.
_PROPOSALS = 100
_THRESHOLDS = tuple(np.arange(0.5, 0.96, 0.05).round(2).tolist())


class ProposalEvaluator(DetectionEvaluator):
    """Recall of a network's proposals under training, on the same images every time.

    Parameters are :class:`DetectionEvaluator`'s.
    """

    decides: ClassVar[str] = "AR"

    def __call__(self, network: nn.Module) -> dict[str, float]:
        """``recall50`` of the best 100 proposals, and ``AR``, the mean over IoUs of .5 to .95.

        The average recall is COCO's and Hosang et al.'s (2016), section 4.
        """
        quality = proposal_recall(
            self._each(network, lambda index, trace: trace.proposed.boxes * self._scale(index)),
            [sample.boxes[sample.trainable] for sample in self.dataset],
            numbers=(_PROPOSALS,),
            thresholds=_THRESHOLDS,
        )
        return {"recall50": float(quality.recall[0, 0]), "AR": float(quality.recall.mean())}


@dataclass(kw_only=True, eq=False, repr=False)
class RPN(RPNBase):
    """Region proposal network (Ren, He, Girshick & Sun 2015, section 3.1) on a small feature pyramid.

    On every cell of a pretrained backbone's maps stand anchors, boxes of a few sizes. The network tells of
    each how much it looks like an object and how it has to move; suppression leaves one box of those that
    overlap much. It is trained on annotated boxes, whatever their classes, and proposes in the place of
    selective search: ``RCNN(proposals=rpn)``.

    Parameters
    ----------
    minutes : float, optional
        The time for everything, unless ``epochs`` are given. 2 by default.
    max_proposals : int, default=1000
        The best so many of an image.
    nms_threshold : float, default=0.7
        Of two proposals that overlap by more, the better one stays (section 3.3).
    foreground : float, default=0.7
        An anchor that overlaps an object by so much, or is its best, is foreground; below 0.3 it is
        background (section 3.1.2). At least 0.3.
    features, size, epochs, batch_size, learning_rate, weight_decay, finetune_fraction, finetune_from
        As :class:`foveal.models.FasterRCNN`'s; the backbone is frozen by default.
    backbone_lr_factor, passes_per_view, ema_decay, scale, jitter, channels, validation_size
        As :class:`foveal.models.FasterRCNN`'s.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
        Of the objects that it was trained on; it does not tell them apart.
    network_ : RegionProposalNetwork
        Its ``settings`` tell the anchors, which come from the data set's own boxes.
    backbone_ : Backbone
    n_images_ : int
        How many images it was trained on.
    resolved_ : dict
        The epochs that the minutes came to.

    See Also
    --------
    foveal.metrics.compare_proposers : its recall beside that of other methods.

    Notes
    -----
    A trained one stays trained where it is a parameter of an estimator that scikit-learn clones: it is a part
    like features are. ``RPN(**rpn.get_params())`` is an untrained one.

    Examples
    --------
    >>> RPN(minutes=1, max_proposals=300)
    RPN(max_proposals=300, minutes=1)
    """

    name: ClassVar[str] = "rpn"
    answers: ClassVar[Literal["detections", "proposals"]] = "proposals"
    not_exportable: ClassVar[str | None] = "it proposes regions and names nothing"
    default_minutes: ClassVar[float] = 2.0
    # By selective search as well, for comparison.
    _seconds_an_image: ClassVar[float] = 0.12
    _evaluator_class: ClassVar[type[DetectionEvaluator]] = ProposalEvaluator

    max_proposals: int = 1000
    nms_threshold: float = 0.7
    foreground: float = 0.7
    finetune_fraction: float | None = 0.0
    finetune_from: str = "c4"
    passes_per_view: int = 6

    def _make_network(self, anchors: Anchors, stages: Sequence[nn.Module]) -> RegionProposalNetwork:
        number = self.max_proposals
        settings = self._rpn_settings(
            anchors,
            sampling=AnchorSampler(foreground=self.foreground, border=_BORDER),
            proposing=ProposalSelector(number, number, self.nms_threshold),
        )
        return RegionProposalNetwork(settings, stages, random_state=self.random_state)

    def _conclude(self, evaluator: DetectionEvaluator | None) -> None:
        """Nothing."""

    def score(self, dataset: Dataset) -> float:
        """Recall at IoU 0.5 of the best 100 proposals on annotated images; 0 where they show no object."""
        quality = compare_proposers({"RPN": self}, dataset, numbers=(100,), thresholds=(0.5,))["RPN"]
        return float(quality.recall[0, 0]) if quality.objects else 0.0

    def __sklearn_clone__(self) -> "RPN":
        """Itself where it is trained: a part of another estimator, as features are."""
        return self if self.is_fitted else type(self)(**self.get_params(deep=False))
