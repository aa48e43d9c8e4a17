"""Faster R-CNN: proposals and detections from one network on pretrained features."""

import os
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import nn, parallel
from foveal.data import Dataset, Detections
from foveal.errors import DataError, ModelFileError
from foveal.events import Callbacks, emit, stage
from foveal.features import Backbone, EfficientNetLite0, features_from_config
from foveal.files import write_container
from foveal.images import read
from foveal.models.detection.anchoring import anchors_for
from foveal.models.detection.holding_back import hold_back
from foveal.models.detection.judging import Judge, best_threshold
from foveal.models.detection.learning import Learning, learn
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.parameters import check_parameters
from foveal.models.detection.proposal_network import ProposalNetwork
from foveal.models.detection.running import Detector
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.steps import DetectionSteps, network_steps
from foveal.models.detection.views import stacked, working_picture
from foveal.models.object_detector import ObjectDetector
from foveal.nn.exporting import in_use
from foveal.proposals import Proposals
from foveal.version import __version__

#: The backbone's maps that the pyramid stands on.
LEVELS = ("c3", "c4", "c5")
# What is used where neither minutes nor epochs are given.
_MINUTES = 4.0
# A detector that learnt from fewer pictures is not to be relied on.
_FEW = 30
# Seconds a picture takes to detect on, at least, where no validation tells.
_SECONDS_A_PICTURE = 0.06


class FasterRCNN(ObjectDetector):
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
    tuned_share : float, optional
        The share of the steps, at the end, in which the backbone's last stages learn too; 0 for never. By
        default they stand still for the first minute, and for a seventh of a training that is longer;
        where ``epochs`` are given, for six tenths of them.
    tuned_from : {"c3", "c4"}, default="c3"
        The map behind which the stages learn.
    tuning_rate : float, default=0.1
        The stages' learning rate, as a share of the others'.
    repeats : int, default=3
        Passes that see a picture in the same view before a new one is drawn, while the backbone stands still.
        The view's maps are computed once.
    average : float, default=0.995
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
        The ``epochs`` and the ``tuned_share`` that the minutes came to.

    See Also
    --------
    foveal.models.RPN : the proposals alone.

    Examples
    --------
    >>> FasterRCNN(minutes=10)
    FasterRCNN(minutes=10)
    """

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
        tuned_share: float | None = None,
        tuned_from: str = "c3",
        tuning_rate: float = 0.1,
        repeats: int = 3,
        average: float = 0.995,
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
        self.tuned_share = tuned_share
        self.tuned_from = tuned_from
        self.tuning_rate = tuning_rate
        self.repeats = repeats
        self.average = average
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
        began = time.perf_counter()
        check_parameters(self)
        n_objects = count_objects(dataset)
        seed = int(self.random_state)
        if validation is None:
            dataset, validation = hold_back(dataset, self.validation_size, seed)
        if len(dataset) < _FEW:
            emit(
                callbacks,
                "note",
                text=f"Few training pictures ({len(dataset)}, with {n_objects} objects): the detector will "
                "know little beyond them. Fifty or more are a good beginning.",
            )
        self.classes_, self.n_images_ = dataset.classes, len(dataset)
        self.backbone_ = EfficientNetLite0() if self.features is None else self.features
        self.settings_ = self._settings(dataset)
        self.network_ = self._network(self.settings_, seed)
        self._running: Detector | None = None
        judge = None
        if count_objects(validation, least=0):
            with stage(callbacks, "maps of the validation pictures"):
                judge = Judge(validation, self.backbone_, LEVELS, self.size)
        n_validation = len(validation)

        def after(seconds: float) -> float:
            a_picture = seconds / n_validation if judge is not None else 0.0
            return images_after * max(_SECONDS_A_PICTURE, 2 * a_picture) + seconds

        learned = learn(
            self.network_,
            self.backbone_,
            dataset,
            judge,
            self._how(),
            seed=seed,
            callbacks=callbacks,
            checkpoint=checkpoint,
            spent=spent + time.perf_counter() - began,
            after=after,
        )
        self.network_.tuned = learned.tunes_from < learned.steps
        self.resolved_ = {"epochs": learned.epochs, "tuned_share": learned.tuned_share}
        self.threshold_ = 0.5
        if judge is not None:
            self.threshold_ = best_threshold(judge.detections(self.network_), validation)
        return self

    def _how(self) -> Learning:
        return Learning(
            minutes=_MINUTES if self.minutes is None else float(self.minutes),
            epochs=None if self.epochs is None else float(self.epochs),
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            tuning_rate=self.tuning_rate,
            weight_decay=self.weight_decay,
            tuned_share=self.tuned_share,
            repeats=self.repeats,
            average=self.average,
            scale=(float(self.scale[0]), float(self.scale[1])),
            jitter=self.jitter,
        )

    def _settings(self, dataset: Dataset) -> DetectionSettings:
        strides = tuple(self.backbone_.strides[name] for name in LEVELS)
        return DetectionSettings(
            n_classes=len(dataset.classes),
            levels=LEVELS,
            in_channels=tuple(self.backbone_.channels[name] for name in LEVELS),
            strides=strides,
            anchors=anchors_for(dataset, strides, self.size),
            size=self.size,
            channels=self.channels,
            hidden=self.hidden,
            roi_size=self.roi_size,
            dropout=self.dropout,
        )

    def _network(self, settings: DetectionSettings, seed: int) -> DetectionNetwork:
        tunes = self.tuned_share is None or self.tuned_share > 0
        stages = tuned_stages(self.backbone_, settings.levels, self.tuned_from) if tunes else ()
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
            See :func:`foveal.models.detection.graph.to_detector_onnx`; :func:`foveal.runs.export` writes it
            to a file that has been checked.
        """
        from foveal.models.detection.graph import to_detector_onnx

        self._check_fitted()
        backbone = self.backbone_.network(folded=True)
        return to_detector_onnx(self.network_, backbone, self.classes_, threshold=self.threshold_)

    def propose(
        self, images: Sequence[NDArray[np.uint8] | str | os.PathLike[str]], *, callbacks: Callbacks = ()
    ) -> list[Proposals]:
        """The regions that the box head looks at.

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

        def one(source: NDArray[np.uint8] | str | os.PathLike[str]) -> Proposals:
            return propose_by_engine(
                self.network_, self.backbone_, source if isinstance(source, np.ndarray) else read(source)
            )

        found = []
        with stage(callbacks, "proposals of held-out images", len(images)) as progress:
            for place, source in enumerate(images, 1):
                found.append(one(source))
                progress(place)
        return found

    def explain(
        self,
        image: NDArray[np.uint8] | str | os.PathLike[str],
        objects: ArrayLike | None = None,
        *,
        object_names: Sequence[str] = (),
    ) -> DetectionSteps:
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
        DetectionSteps
            In the pixels of the working picture.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        self._check_fitted()
        return explain_by_engine(
            self.network_, self.backbone_, image, self.classes_, objects, tuple(object_names)
        )

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
        parameters = self.get_params(deep=False)
        del parameters["features"]
        arrays = {
            name: value
            for name, value in self.network_.state_dict().items()
            if self.network_.tuned or not name.startswith("stages.")
        }
        metadata = {
            "model": "faster-rcnn",
            "version": __version__,
            "classes": list(self.classes_),
            "n_images": self.n_images_,
            "threshold": self.threshold_,
            "features": self.backbone_.get_config(),
            "tuned": self.network_.tuned,
            "resolved": self.resolved_,
            "network": self.settings_.to_dict(),
            # With what the clock has settled: epochs that were given make the same file.
            "settings": {**parameters, "minutes": None, **self.resolved_},
        }
        write_container(path, arrays, metadata)
        return Path(path)

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> "FasterRCNN":
        backbone = features_from_config(metadata["features"])
        if not isinstance(backbone, Backbone):
            raise ModelFileError(
                f"its features are {metadata['features'].get('kind')!r}, which have no maps."
            )
        parameters = dict(metadata["settings"])
        parameters["scale"] = tuple(parameters["scale"])
        model = cls(features=backbone, **parameters)
        model.backbone_ = backbone
        model.classes_ = tuple(metadata["classes"])
        model.n_images_ = int(metadata["n_images"])
        model.threshold_ = float(metadata["threshold"])
        model.resolved_ = dict(metadata["resolved"])
        model.settings_ = DetectionSettings.from_dict(metadata["network"])
        stages: list[nn.Module] = []
        if metadata["tuned"]:
            stages = tuned_stages(backbone, model.settings_.levels, model.tuned_from)
        model.network_ = DetectionNetwork(model.settings_, stages)
        model.network_.load_state_dict(arrays)
        model.network_.tuned = bool(metadata["tuned"])
        model.network_.eval()
        model._running = None
        return model


def tuned_stages(backbone: Backbone, levels: Sequence[str], start: str) -> list[nn.Module]:
    """The backbone's blocks behind a map, stage by stage, with their own copies of the weights."""
    network = backbone.network(folded=True)
    behind = levels[levels.index(start) :]
    return [network.stage(*pair) for pair in pairwise(behind)]


def count_objects(dataset: Dataset, least: int = 1) -> int:
    """How many objects of a data set can be learnt from.

    Raises
    ------
    DataError
        If the data set is not for detection, or there are fewer than ``least``.
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} has no boxes: train a classifier on it instead of a detector.")
    number = sum(int(sample.trainable.sum()) for sample in dataset)
    if number < least:
        raise DataError(f"The training images of {dataset.root} hold no object to learn from.")
    return number


def propose_by_engine(network: ProposalNetwork, backbone: Backbone, image: NDArray[np.uint8]) -> Proposals:
    """What a network proposes in one image, in its pixels; ``scores`` are probabilities of an object."""
    picture = working_picture(image, network.settings.size)
    size = np.array([picture.shape[:2]], np.float32)
    with nn.no_grad():
        maps = backbone.maps(stacked([picture]), network.settings.levels)
        boxes, logits = network.propose(network.features(maps, network.tuned), size)[0]
    height, width = image.shape[:2]
    factors = np.array([width / picture.shape[1], height / picture.shape[0]] * 2, np.float32)
    return Proposals(boxes * factors, nn.functional.sigmoid(logits))


def explain_by_engine(
    network: ProposalNetwork,
    backbone: Backbone,
    image: NDArray[np.uint8] | str | os.PathLike[str],
    classes: tuple[str, ...],
    objects: ArrayLike | None,
    object_names: tuple[str, ...],
) -> DetectionSteps:
    """The steps of a network in one image; objects are in the image's pixels."""
    pixels = image if isinstance(image, np.ndarray) else read(image)
    picture = working_picture(pixels, network.settings.size)
    scale = (picture.shape[1] / pixels.shape[1], picture.shape[0] / pixels.shape[0])
    known = None
    if objects is not None:
        known = np.asarray(objects, np.float32).reshape(-1, 4) * np.array([*scale, *scale], np.float32)
    with in_use(network.modules()), nn.no_grad():
        return network_steps(
            network,
            backbone.maps(stacked([picture]), network.settings.levels),
            picture,
            classes,
            scale=scale,
            objects=known,
            object_names=object_names,
        )
