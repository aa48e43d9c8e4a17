"""What Faster R-CNN and the region proposal network alone have in common: how they learn and are kept."""

import os
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from foveal import nn
from foveal.data import Dataset
from foveal.errors import ModelFileError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.features import Backbone, EfficientNetLite0, features_from_config
from foveal.images import read
from foveal.models.contracts import Task
from foveal.models.detection.anchors import anchors_for
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.trace import DetectionTrace, network_steps
from foveal.models.detection.trainable_objects import count_objects
from foveal.models.detection.training.holding_back import hold_back
from foveal.models.detection.training.learning import TrainingConfig, learn
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detection.training.views import stacked, working_picture
from foveal.models.parameter_checks import check_parameters
from foveal.nn.module import in_use
from foveal.proposals import Proposals

#: The backbone's maps that the pyramid stands on.
LEVELS = ("c3", "c4", "c5")
# What learnt from fewer pictures is not to be relied on.
_FEW = 30


class RPNBase(BaseEstimator):  # type: ignore[misc]
    """An estimator whose network looks at a pretrained backbone's maps and learns by gradients."""

    task: ClassVar[Task] = "detection"
    validates: ClassVar[bool] = True
    takes_features: ClassVar[bool] = True
    resumable: ClassVar[bool] = True
    times_the_run: ClassVar[bool] = True

    # What is used where neither minutes nor epochs are given.
    _default_minutes: ClassVar[float]
    # Seconds that a picture takes after the training, at least, where no validation tells.
    _seconds_a_picture: ClassVar[float]
    _judge_class: ClassVar[type[DetectionEvaluator]]

    features: Backbone | None
    size: int
    minutes: float | None
    epochs: float | None
    batch_size: int
    learning_rate: float
    weight_decay: float
    finetune_fraction: float | None
    finetune_from: str
    backbone_lr_factor: float
    passes_per_view: int
    ema_decay: float
    scale: tuple[float, float]
    jitter: float
    channels: int
    validation_size: float
    random_state: int

    def _new_settings(self, dataset: Dataset) -> DetectionSettings:
        """What the network for a data set is like."""
        raise NotImplementedError

    def _new_network(self, settings: DetectionSettings, stages: Sequence[nn.Module], seed: int) -> Any:
        """A network that has learnt nothing yet."""
        raise NotImplementedError

    # -- training -----------------------------------------------------------------------------------

    def _learn(
        self,
        dataset: Dataset,
        validation: Dataset | None,
        *,
        callbacks: Callbacks,
        checkpoint: nn.Checkpoint | None,
        spent: float,
        images_after: int,
    ) -> DetectionEvaluator | None:
        """Train ``network_``; what judged it is returned, where pictures were held back or given."""
        began = time.perf_counter()
        check_parameters(self)
        if self.size % 32:
            raise SettingError(f"size is a multiple of 32, such as 512; got {self.size}.")
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1] < np.inf:
            raise SettingError(f"scale is two numbers above 0, the smaller first; got {self.scale}.")
        n_objects = count_objects(dataset)
        seed = int(self.random_state)
        if validation is None:
            dataset, validation = hold_back(dataset, self.validation_size, seed)
        if len(dataset) < _FEW:
            emit(
                callbacks,
                "note",
                text=f"Few training pictures ({len(dataset)}, with {n_objects} objects): what is learnt from "
                "them will hold for little beyond them. Fifty or more are a good beginning.",
            )
        self.classes_, self.n_images_ = dataset.classes, len(dataset)
        self.backbone_ = EfficientNetLite0() if self.features is None else self.features
        self.settings_ = self._new_settings(dataset)
        stages = [] if self.finetune_fraction == 0 else self._stages()
        self.network_ = self._new_network(self.settings_, stages, seed)
        judge: DetectionEvaluator | None = None
        if count_objects(validation, least=0):
            with stage(callbacks, "maps of the validation pictures"):
                judge = self._judge_class(validation, self.backbone_, LEVELS, self.size)
        n_validation = len(validation)

        def after(seconds: float) -> float:
            a_picture = seconds / n_validation if judge is not None else 0.0
            return images_after * max(self._seconds_a_picture, 2 * a_picture) + seconds

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
        self.network_.eval()
        self.resolved_ = {"epochs": learned.epochs, "finetune_fraction": learned.finetune_fraction}
        return judge

    def _how(self) -> TrainingConfig:
        return TrainingConfig(
            minutes=self._default_minutes if self.minutes is None else float(self.minutes),
            epochs=None if self.epochs is None else float(self.epochs),
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            backbone_lr_factor=self.backbone_lr_factor,
            weight_decay=self.weight_decay,
            finetune_fraction=self.finetune_fraction,
            passes_per_view=self.passes_per_view,
            ema_decay=self.ema_decay,
            scale=(float(self.scale[0]), float(self.scale[1])),
            jitter=self.jitter,
        )

    def _settings_on(self, dataset: Dataset, n_classes: int, **others: Any) -> DetectionSettings:
        """Settings for the backbone's maps, with anchors from a data set's own boxes."""
        strides = tuple(self.backbone_.strides[name] for name in LEVELS)
        return DetectionSettings(
            n_classes=n_classes,
            levels=LEVELS,
            in_channels=tuple(self.backbone_.channels[name] for name in LEVELS),
            strides=strides,
            anchors=anchors_for(dataset, strides, self.size),
            size=self.size,
            channels=self.channels,
            **others,
        )

    def _stages(self) -> list[nn.Module]:
        """The backbone's blocks behind a map, stage by stage, with their own copies of the weights."""
        network = self.backbone_.network(folded=True)
        behind = LEVELS[LEVELS.index(self.finetune_from) :]
        return [network.stage(*pair) for pair in pairwise(behind)]

    # -- use ----------------------------------------------------------------------------------------

    def _proposals_in(self, image: NDArray[np.uint8]) -> Proposals:
        """What the network proposes in an image, in its pixels, with probabilities of an object."""
        picture = working_picture(image, self.settings_.size)
        size = np.array([picture.shape[:2]], np.float32)
        network: RegionProposalNetwork = self.network_
        with nn.no_grad():
            maps = self.backbone_.maps(stacked([picture]), self.settings_.levels)
            boxes, logits = network.propose(network.features(maps, network.tuned), size)[0]
        height, width = image.shape[:2]
        factors = np.array([width / picture.shape[1], height / picture.shape[0]] * 2, np.float32)
        return Proposals(boxes * factors, nn.functional.sigmoid(logits))

    def _steps_in(
        self,
        image: NDArray[np.uint8] | str | os.PathLike[str],
        classes: tuple[str, ...],
        objects: ArrayLike | None,
        object_names: tuple[str, ...],
    ) -> DetectionTrace:
        """The steps of the network in one image; objects are in the image's pixels."""
        pixels = image if isinstance(image, np.ndarray) else read(image)
        picture = working_picture(pixels, self.settings_.size)
        scale = (picture.shape[1] / pixels.shape[1], picture.shape[0] / pixels.shape[0])
        known = None
        if objects is not None:
            known = np.asarray(objects, np.float32).reshape(-1, 4) * np.array([*scale, *scale], np.float32)
        with in_use(self.network_.modules()), nn.no_grad():
            return network_steps(
                self.network_,
                self.backbone_.maps(stacked([picture]), self.settings_.levels),
                picture,
                classes,
                scale=scale,
                objects=known,
                object_names=object_names,
            )

    # -- the model file -----------------------------------------------------------------------------

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The weights that learnt: the backbone's own are not among them where it stood still."""
        return {
            name: value
            for name, value in self.network_.state_dict().items()
            if self.network_.tuned or not name.startswith("stages.")
        }

    def _config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        parameters = self.get_params(deep=False)
        del parameters["features"]
        return {
            "classes": list(self.classes_),
            "n_images": self.n_images_,
            "features": self.backbone_.get_config(),
            "tuned": self.network_.tuned,
            "resolved": self.resolved_,
            "network": self.settings_.to_dict(),
            # With what the clock has settled: epochs that were given make the same file.
            "settings": {**parameters, "minutes": None, **self.resolved_},
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
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
        model.resolved_ = dict(metadata["resolved"])
        model.settings_ = DetectionSettings.from_dict(metadata["network"])
        model.network_ = model._new_network(model.settings_, model._stages() if metadata["tuned"] else [], 0)
        model.network_.load_state_dict(arrays)
        model.network_.tuned = bool(metadata["tuned"])
        model.network_.eval()
        return model
