"""Faster R-CNN: proposals and detections from one network on pretrained features."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import nn, parallel
from foveal.data import Dataset, Detections
from foveal.events import Callbacks, stage
from foveal.features import Backbone
from foveal.files import write_container
from foveal.images import read
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.runner import Detector
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.thresholds import threshold_of
from foveal.models.detection.trace import DetectionTrace
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detectors.object_detector import ObjectDetector
from foveal.models.detectors.rpn_base import RPNBase
from foveal.proposals import Proposals
from foveal.version import __version__


class FasterRCNN(RPNBase, ObjectDetector):
    """Faster R-CNN (Ren, He, Girshick & Sun 2015) on a small feature pyramid (Lin et al. 2017).

    One network looks at a picture once. A pretrained backbone gives maps of it at three scales; a pyramid
    joins them; a region proposal network tells where objects may be, and a box head what each of these
    regions is and how its box has to move. Pyramid, proposals and head learn together while the backbone
    stands still; then the backbone's last stage learns too.

    Parameters
    ----------
    features : Backbone, optional
        :class:`foveal.features.EfficientNetLite0` by default.
    size : int, default=512
        The longer side that pictures are brought to, in pixels; a multiple of 32.
    minutes : float, optional
        The time for everything, what comes before and after the training included: the schedule is fitted
        to the speed that is measured. 4 by default.
    epochs : float, optional
        Passes over the training pictures instead, whatever they take. A training with the epochs that minutes
        once chose is the same training.
    batch_size : int, default=4
        Pictures a step.
    learning_rate : float, default=0.002
        AdamW's, at the top of a cosine schedule.
    weight_decay : float, default=0.05
    finetune_fraction : float, optional
        The share of the steps, at the end, in which the backbone's last stages learn too; 0 for never. By
        default they stand still for the first minute, and for a seventh of a training that is longer;
        where ``epochs`` are given, for six tenths of them.
    finetune_from : {"c3", "c4"}, default="c3"
        The map behind which the stages learn.
    backbone_lr_factor : float, default=0.1
        The stages' learning rate, as a share of the others'.
    passes_per_view : int, default=3
        Passes that see a picture in the same view before a new one is drawn, while the backbone stands still.
        The view's maps are computed once.
    ema_decay : float, default=0.995
        Decay of the weights' moving average, which is what is kept.
    scale : (float, float), default=(0.6, 1.5)
        Views enlarge pictures by a factor between these.
    jitter : float, default=0.3
        How much their colours change; see :class:`foveal.data.BoxAugmentation`.
    channels, hidden : int, default=64, 256
        Width of the pyramid's maps and of the box head.
    roi_size : int, default=5
        Rows and columns that a region is aligned to (RoIAlign, He et al. 2017).
    dropout : float, default=0.0
        In the box head.
    validation_size : float, default=0.1
        The share of the training pictures, at most 60, that are held back where ``fit`` is given no
        validation and there are 40 pictures or more. They choose the weights and the threshold.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    network_ : DetectionNetwork
    settings_ : DetectionSettings
        The anchors among them, which come from the data set's own boxes.
    backbone_ : Backbone
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on the validation
        pictures, 0.5 without any. ``predict`` gives less probable detections too.
    n_images_ : int
        How many images it was trained on.
    resolved_ : dict
        The ``epochs`` and the ``finetune_fraction`` that the minutes came to.

    See Also
    --------
    foveal.models.RPN : the proposals alone.

    Examples
    --------
    >>> FasterRCNN(minutes=10)
    FasterRCNN(minutes=10)
    """

    name = "faster-rcnn"
    proposes_itself = True
    _default_minutes: ClassVar[float] = 4.0
    _seconds_a_picture: ClassVar[float] = 0.06
    _judge_class: ClassVar[type[DetectionEvaluator]] = DetectionEvaluator

    def __init__(
        self,
        *,
        features: Backbone | None = None,
        size: int = 512,
        minutes: float | None = None,
        epochs: float | None = None,
        batch_size: int = 4,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.05,
        finetune_fraction: float | None = None,
        finetune_from: str = "c3",
        backbone_lr_factor: float = 0.1,
        passes_per_view: int = 3,
        ema_decay: float = 0.995,
        scale: tuple[float, float] = (0.6, 1.5),
        jitter: float = 0.3,
        channels: int = 64,
        hidden: int = 256,
        roi_size: int = 5,
        dropout: float = 0.0,
        validation_size: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.size = size
        self.minutes = minutes
        self.epochs = epochs
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
        self.hidden = hidden
        self.roi_size = roi_size
        self.dropout = dropout
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
    ) -> "FasterRCNN":
        """Train on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects teach what background is; difficult and crowd objects
            are neither learnt from nor taken for background.
        validation : Dataset, optional
            Chooses the weights and the threshold. Without one a part of the training images is held back; an
            empty one says that none shall be.
        callbacks : sequence of callables
            Told of progress, ``schedule``, ``losses`` and ``epoch``; see :mod:`foveal.events`.
        checkpoint : foveal.nn.Checkpoint, optional
            Written from time to time; where its file exists, the training goes on from it and ends as if
            it had never been broken off.
        spent : float, default=0.0
            Seconds of ``minutes`` that are gone already, or that will be needed for something else.
        images_after : int, default=0
            So many images are to be detected on afterwards, within the minutes too.

        Returns
        -------
        FasterRCNN
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
        self._running: Detector | None = None
        judge = self._learn(
            dataset,
            validation,
            callbacks=callbacks,
            checkpoint=checkpoint,
            spent=spent,
            images_after=images_after,
        )
        self.threshold_ = 0.5
        if judge is not None:
            self.threshold_ = threshold_of(judge.detections(self.network_), judge.dataset)
        return self

    def _new_settings(self, dataset: Dataset) -> DetectionSettings:
        return self._settings_on(
            dataset,
            len(dataset.classes),
            hidden=self.hidden,
            roi_size=self.roi_size,
            dropout=self.dropout,
        )

    def _new_network(
        self, settings: DetectionSettings, stages: Sequence[nn.Module], seed: int
    ) -> DetectionNetwork:
        return DetectionNetwork(settings, stages, random_state=seed)

    # -- use ----------------------------------------------------------------------------------------

    def predict(
        self, images: Sequence[NDArray[np.uint8] | str | os.PathLike[str]], *, callbacks: Callbacks = ()
    ) -> list[Detections]:
        """Detect objects.

        Parameters
        ----------
        images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
        callbacks : sequence of callables

        Returns
        -------
        list of Detections
            One for each image, the most probable first. ``scores`` are the softmax's probabilities.

        Raises
        ------
        ImageError
            If a file cannot be read.

        Notes
        -----
        ONNX Runtime runs the very graph that :meth:`to_onnx` gives. One image is computed by all cores; of
        several each core takes one.
        """
        detector = self.detector()
        threads = 1 if len(images) > 1 else None

        def one(source: NDArray[np.uint8] | str | os.PathLike[str]) -> Detections:
            return detector(source if isinstance(source, np.ndarray) else read(source), threads=threads)

        with stage(callbacks, "detection", len(images)) as progress:
            return parallel.map(one, images, done=progress)

    def detector(self) -> Detector:
        """What :meth:`predict` runs: a function from one image to its :class:`foveal.data.Detections`."""
        self._check_fitted()
        if self._running is None:
            self._running = Detector(self.to_onnx().SerializeToString())
        return self._running

    def to_onnx(self) -> Any:
        """The whole detector as an ONNX model.

        Returns
        -------
        onnx.ModelProto
            See :func:`foveal.models.detection.onnx.graph.to_detector_onnx`; :func:`foveal.runs.export` writes
            it to a file that has been checked.
        """
        from foveal.models.detection.onnx.graph import to_detector_onnx

        self._check_fitted()
        backbone = self.backbone_.network(folded=True)
        return to_detector_onnx(self.network_, backbone, self.classes_, threshold=self.threshold_)

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """The regions of an image, (H, W, 3) uint8, that the box head looks at; see :meth:`propose_all`."""
        self._check_fitted()
        return self._proposals_in(image)

    def propose_all(
        self, images: Sequence[NDArray[np.uint8] | str | os.PathLike[str]], *, callbacks: Callbacks = ()
    ) -> list[Proposals]:
        """The regions of several images that the box head looks at.

        Parameters
        ----------
        images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
        callbacks : sequence of callables

        Returns
        -------
        list of Proposals
            One for each image, the most likely objects first; ``scores`` are probabilities of an object.

        Raises
        ------
        ImageError
            If a file cannot be read.
        """
        self._check_fitted()
        found = []
        with stage(callbacks, "proposals of held-out images", len(images)) as progress:
            for place, source in enumerate(images, 1):
                found.append(self._proposals_in(source if isinstance(source, np.ndarray) else read(source)))
                progress(place)
        return found

    def trace(
        self,
        image: NDArray[np.uint8] | str | os.PathLike[str],
        objects: ArrayLike | None = None,
        *,
        object_names: Sequence[str] = (),
    ) -> DetectionTrace:
        """How the answer for one image came about, by the engine's forward pass.

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
            In the pixels of the working picture.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        self._check_fitted()
        return self._steps_in(image, self.classes_, objects, tuple(object_names))

    # -- copies and the model file ------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Without what prediction runs on: a session of ONNX Runtime stays in its process."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_running"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what :meth:`__getstate__` gave."""
        super().__setstate__(state)
        self._running = None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as one safetensors file; :func:`foveal.load` reads it.

        The backbone's pretrained weights are not in it, but their digest is; those that learnt are.
        """
        self._check_fitted()
        metadata = {
            "model": "faster-rcnn",
            "version": __version__,
            "threshold": self.threshold_,
            **self._config(),
        }
        write_container(path, self._arrays(), metadata)
        return Path(path)

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        model = super()._restore(arrays, metadata)
        model.threshold_ = float(metadata["threshold"])
        model._running = None
        return model
