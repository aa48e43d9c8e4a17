"""Faster R-CNN: proposals and detections from one network on pretrained features."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from foveal import nn, parallel
from foveal.data import Detections
from foveal.events import Callbacks, stage
from foveal.files.plain import from_json
from foveal.images import Source, as_pixels
from foveal.metrics import choose_threshold
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.onnx.graph import to_detector_onnx
from foveal.models.detection.onnx.runner import Detector
from foveal.models.detection.roi.head import BoxHead
from foveal.models.detection.rpn.network import RPNSettings
from foveal.models.detection.rpn.proposing import ProposalSelector
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detectors.object_detector import ObjectDetector
from foveal.models.detectors.rpn_base import RPNBase
from foveal.nn import warm_ups as nn_kernels


@dataclass(kw_only=True, eq=False, repr=False)
class FasterRCNN(RPNBase, ObjectDetector):
    """Faster R-CNN (Ren, He, Girshick & Sun 2015) on a small feature pyramid (Lin et al. 2017).

    One network looks at an image once. A pretrained backbone gives maps of it at three scales; a pyramid
    joins them; a region proposal network tells where objects may be, and a box head what each of these
    regions is and how its box has to move. Pyramid, proposals and head are trained together while the
    backbone is frozen; then the backbone's last stages are fine-tuned as well.

    Parameters
    ----------
    features : Backbone, optional
        :class:`foveal.features.EfficientNetLite0` by default.
    size : int, default=512
        The longer side that images are brought to, in pixels; a multiple of 32.
    minutes : float, optional
        The time for everything, what comes before and after the training included: the schedule is fitted
        to the speed that is measured. 4 by default.
    epochs : float, optional
        Passes over the training images instead, whatever they take. A training with the epochs that minutes
        once chose is the same training.
    batch_size : int, default=4
        Images a step.
    learning_rate : float, default=0.002
        AdamW's, at the top of a cosine schedule.
    weight_decay : float, default=0.05
    finetune_fraction : float, optional
        The share of the steps, at the end, in which the backbone's last stages are fine-tuned; 0 for never.
        By default they are frozen for the first minute, and for a seventh of a training that is longer;
        where ``epochs`` are given, for six tenths of them.
    finetune_from : {"c3", "c4"}, default="c3"
        The map behind which the stages are fine-tuned.
    backbone_lr_factor : float, default=0.1
        The stages' learning rate, as a share of the others'.
    passes_per_view : int, default=3
        Passes that see an image in the same view before a new one is drawn, while the backbone is frozen: the
        view's maps are computed once.
    ema_decay : float, default=0.995
        Decay of the weights' exponential moving average, which is what is kept.
    flip : bool, optional
        Mirror every other view: by default, unless mirrored objects look like those of other classes, as in
        writing (:func:`foveal.data.mirroring.objects_may_be_mirrored`).
    scale : (float, float), default=(0.6, 1.5)
        Views enlarge images by a factor between these.
    jitter : float, default=0.3
        How much their colours change; see :class:`foveal.data.BoxAugmentation`.
    channels, hidden : int, default=64, 256
        Width of the pyramid's maps and of the box head.
    roi_size : int, default=5
        Rows and columns that a region is aligned to (RoIAlign, He et al. 2017).
    dropout : float, default=0.0
        In the box head.
    validation_size : float, default=0.1
        The share of the training images, at most 60, that are held out where ``fit`` is given no validation
        and there are 40 images or more. They choose the weights and the threshold.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    network_ : DetectionNetwork
        Its ``settings`` tell the anchors, which come from the data set's own boxes.
    backbone_ : Backbone
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on the validation
        images, 0.5 without any. ``predict`` gives less probable detections too, unless it is
        given ``min_score``; ``foveal predict`` and :meth:`foveal.data.Detections.above` begin here.
    n_images_ : int
        How many images it was trained on.
    resolved_ : dict
        The ``epochs`` and the ``finetune_fraction`` that the minutes came to, and ``flip``.

    See Also
    --------
    foveal.models.RPN : the proposals alone.

    Examples
    --------
    >>> FasterRCNN(minutes=10)
    FasterRCNN(minutes=10)
    """

    name: ClassVar[str] = "faster-rcnn"
    proposes_itself: ClassVar[bool] = True
    warm_ups: ClassVar[tuple[str, ...]] = (
        *nn_kernels.ROI_ALIGN,
        *nn_kernels.ROI_ALIGN_GRADIENT,
        *RPNBase.warm_ups,
    )
    default_minutes: ClassVar[float] = 4.0
    _seconds_an_image: ClassVar[float] = 0.06
    _evaluator_class: ClassVar[type[DetectionEvaluator]] = DetectionEvaluator
    _sizes: ClassVar[tuple[str, ...]] = (*RPNBase._sizes, "hidden", "roi_size")

    hidden: int = 256
    roi_size: int = 5
    dropout: float = 0.0

    network_: DetectionNetwork = field(init=False)
    _running: Detector | None = field(init=False, default=None)

    def _make_network(self, anchors: Anchors, stages: Sequence[nn.Module]) -> DetectionNetwork:
        # Crowds of small objects need more anchors of each level, and a higher threshold, than the paper's.
        settings = self._rpn_settings(anchors, proposing=ProposalSelector(1000, 250, 0.8))
        roi = RoISettings.faster_rcnn(
            len(self.classes_),
            settings.anchors.strides,
            roi_size=self.roi_size,
            hidden=self.hidden,
            dropout=self.dropout,
        )
        return DetectionNetwork(settings, roi, stages, random_state=self.random_state)

    def _conclude(self, evaluator: DetectionEvaluator | None) -> None:
        self._running = None
        self.threshold_ = 0.5
        if evaluator is not None:
            self.threshold_ = choose_threshold(evaluator.detections(self.network_), evaluator.dataset)

    # -- use ----------------------------------------------------------------------------------------

    @property
    def box_head(self) -> BoxHead:
        """What tells what is in a region."""
        return self.network_.head

    def _predict(self, images: Sequence[Source], callbacks: Callbacks = ()) -> list[Detections]:
        # ONNX Runtime runs the very graph that to_onnx gives. One image is computed by all cores; of several
        # each core takes one.
        detector = self.detector()
        threads = 1 if len(images) > 1 else None
        with stage(callbacks, "detection", len(images)) as progress:
            return parallel.map(
                lambda source: detector(as_pixels(source), threads=threads), images, done=progress
            )

    def detector(self) -> Detector:
        """What :meth:`predict` runs: a function from one image to its :class:`foveal.data.Detections`."""
        self._check_fitted()
        if self._running is None:
            self._running = Detector(self.to_onnx().SerializeToString())
        return self._running

    def to_onnx(self) -> Any:
        """The whole detector as an ``onnx.ModelProto``.

        See :func:`foveal.models.detection.onnx.graph.to_detector_onnx`; :func:`foveal.runs.export` writes it
        to a file that has been checked.
        """
        self._check_fitted()
        return to_detector_onnx(self.network_, self.backbone_, self.classes_, threshold=self.threshold_)

    # -- copies and the model file ------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Without what prediction runs on: a session of ONNX Runtime stays in its process."""
        return {name: value for name, value in super().__getstate__().items() if name != "_running"}

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        return {**super().get_config(), "roi": asdict(self.network_.roi), "threshold": self.threshold_}

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        model = super()._restore(arrays, metadata)
        model.threshold_ = float(metadata["threshold"])
        return model

    @classmethod
    def _restored_network(
        cls, settings: RPNSettings, metadata: Mapping[str, Any], stages: Sequence[nn.Module]
    ) -> DetectionNetwork:
        return DetectionNetwork(settings, from_json(RoISettings, metadata["roi"]), stages)
