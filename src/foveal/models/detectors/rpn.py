"""The region proposal network, alone: a method of proposing regions that learns from boxes."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import nn
from foveal.boxes import clip
from foveal.data import Dataset
from foveal.events import Callbacks
from foveal.features import Backbone
from foveal.files import write_container
from foveal.models.contracts import Answers
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.trace import DetectionTrace
from foveal.models.detection.training.proposal_judge import ProposalEvaluator
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detectors.rpn_base import RPNBase
from foveal.proposals import Proposals
from foveal.version import __version__

# Anchors on the border are learnt from: else nothing tells the large ones, most of which cross it, what an
# object is.
_BORDER = 0.5


class RPN(RPNBase):
    """Region proposal network (Ren, He, Girshick & Sun 2015, section 3.1) on a small feature pyramid.

    On every cell of a pretrained backbone's maps stand anchors, boxes of a few sizes. The network tells of
    each how much it looks like an object and how it has to move; suppression leaves one box of those that
    overlap much. It learns from annotated boxes, whatever their classes, and proposes in the place of
    selective search: ``RCNN(proposals=rpn)``.

    Parameters
    ----------
    features : Backbone, optional
        :class:`foveal.features.EfficientNetLite0` by default.
    size : int, default=512
        The longer side that pictures are brought to, in pixels; a multiple of 32.
    minutes : float, optional
        The time for everything. 2 by default.
    epochs : float, optional
        Passes over the training pictures instead, whatever they take.
    max_proposals : int, default=1000
        The best so many of a picture.
    nms_threshold : float, default=0.7
        Of two proposals that overlap by more, the better one stays (section 3.3).
    foreground : float, default=0.7
        An anchor that overlaps an object by so much, or is its best, is foreground; below 0.3 it is
        background (section 3.1.2). At least 0.3.
    batch_size, learning_rate, weight_decay, finetune_fraction, finetune_from, backbone_lr_factor
        As :class:`foveal.models.FasterRCNN`'s; the backbone stands still by default.
    passes_per_view, ema_decay, scale, jitter, channels, validation_size
        As :class:`foveal.models.FasterRCNN`'s.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
        Of the objects that it learnt from; it does not tell them apart.
    network_ : RegionProposalNetwork
    settings_ : DetectionSettings
        The anchors among them, which come from the data set's own boxes.
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

    name = "rpn"
    answers: ClassVar[Answers] = "proposals"
    not_exportable = "it proposes regions and names nothing"
    _default_minutes: ClassVar[float] = 2.0
    # By selective search as well, for comparison.
    _seconds_a_picture: ClassVar[float] = 0.12
    _judge_class: ClassVar[type[DetectionEvaluator]] = ProposalEvaluator

    def __init__(
        self,
        *,
        features: Backbone | None = None,
        size: int = 512,
        minutes: float | None = None,
        epochs: float | None = None,
        max_proposals: int = 1000,
        nms_threshold: float = 0.7,
        foreground: float = 0.7,
        batch_size: int = 4,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.05,
        finetune_fraction: float = 0.0,
        finetune_from: str = "c4",
        backbone_lr_factor: float = 0.1,
        passes_per_view: int = 6,
        ema_decay: float = 0.995,
        scale: tuple[float, float] = (0.6, 1.5),
        jitter: float = 0.3,
        channels: int = 64,
        validation_size: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.size = size
        self.minutes = minutes
        self.epochs = epochs
        self.max_proposals = max_proposals
        self.nms_threshold = nms_threshold
        self.foreground = foreground
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.finetune_fraction = finetune_fraction
        self.finetune_from = finetune_from
        self.backbone_lr_factor = backbone_lr_factor
        self.passes_per_view = passes_per_view
        self.ema_decay = ema_decay
        self.scale = scale
        self.jitter = jitter
        self.channels = channels
        self.validation_size = validation_size
        self.random_state = random_state

    def fit(
        self,
        dataset: Dataset,
        *,
        validation: Dataset | None = None,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
        spent: float = 0.0,
        images_after: int = 0,
    ) -> "RPN":
        """Learn from annotated boxes where objects are.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects are learnt from; difficult and crowd objects are neither
            learnt from nor taken for background.
        validation : Dataset, optional
            Chooses the weights by their recall. Without one a part of the training images is held back; an
            empty one says that none shall be.
        callbacks : sequence of callables
            Told of progress, ``schedule``, ``losses`` and ``epoch``; see :mod:`foveal.events`.
        checkpoint : foveal.nn.Checkpoint, optional
            Written from time to time; where its file exists, the training goes on from it.
        spent : float, default=0.0
            Seconds of ``minutes`` that are gone already, or that will be needed for something else.
        images_after : int, default=0
            So many images are to be searched afterwards, within the minutes too.

        Returns
        -------
        RPN
            Itself.

        Raises
        ------
        DataError
            If the data set is not for detection or holds no object to learn from.
        SettingError
            If a parameter is out of its range.
        TrainingDiverged
            If the loss becomes infinite or no number.
        """
        self._learn(
            dataset,
            validation,
            callbacks=callbacks,
            checkpoint=checkpoint,
            spent=spent,
            images_after=images_after,
        )
        return self

    def _new_settings(self, dataset: Dataset) -> DetectionSettings:
        return self._settings_on(
            dataset,
            1,
            pre_nms=self.max_proposals,
            post_nms=self.max_proposals,
            rpn_nms=self.nms_threshold,
            rpn_border=_BORDER,
            rpn_foreground=self.foreground,
        )

    def _new_network(
        self, settings: DetectionSettings, stages: Sequence[nn.Module], seed: int
    ) -> RegionProposalNetwork:
        return RegionProposalNetwork(settings, stages, random_state=seed)

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """Boxes in an image that may hold an object.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
            RGB, of any size from 1×1.

        Returns
        -------
        Proposals
            In pixels of the image and within it; ``scores`` are probabilities of an object.
        """
        self._check_fitted()
        found = self._proposals_in(image)
        boxes = clip(found.boxes, image.shape[1], image.shape[0])
        return replace(found, boxes=boxes.astype(np.float32, copy=False))

    def trace(
        self,
        image: NDArray[np.uint8] | str | os.PathLike[str],
        objects: ArrayLike | None = None,
        *,
        object_names: Sequence[str] = (),
    ) -> DetectionTrace:
        """How the proposals for one image came about.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, or path
        objects : array-like of shape (M, 4), optional
            Ground truth, in the image's pixels.
        object_names : sequence of str, optional
            What the objects are.

        Returns
        -------
        DetectionTrace
            In the pixels of the working picture; without classes it ends with the proposals.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        self._check_fitted()
        return self._steps_in(image, (), objects, tuple(object_names))

    def score(self, dataset: Dataset) -> float:
        """Recall at IoU 0.5 of the best 100 proposals on annotated images; 0 where they show no object."""
        from foveal.metrics import compare_proposers

        quality = compare_proposers({"RPN": self}, dataset, numbers=(100,), thresholds=(0.5,))["RPN"]
        return float(quality.recall[0, 0]) if quality.objects else 0.0

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("This RPN is not trained yet: call fit first.")

    @property
    def is_fitted(self) -> bool:
        """Whether it has learnt."""
        return hasattr(self, "network_")

    def __sklearn_clone__(self) -> "RPN":
        """Itself where it is trained: a part of another estimator, as features are."""
        return self if self.is_fitted else type(self)(**self.get_params(deep=False))

    # -- the model file -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it has learnt; with :meth:`get_config` all that it is made again from."""
        self._check_fitted()
        return self._arrays()

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        self._check_fitted()
        return {"kind": "rpn", **self._config()}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as one safetensors file; :func:`foveal.load` reads it.

        The backbone's pretrained weights are not in it, but their digest is.
        """
        write_container(path, self.arrays(), {"model": "rpn", "version": __version__, **self.get_config()})
        return Path(path)
