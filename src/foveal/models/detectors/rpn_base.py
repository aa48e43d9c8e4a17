"""What Faster R-CNN and the region proposal network alone have in common: how they are trained and kept."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import ceil
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import nn
from foveal.boxes import clip
from foveal.boxes import warm_ups as box_kernels
from foveal.compiling import clock
from foveal.data import Dataset, hold_out
from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.features import Backbone, EfficientNetLite0, backbone_from_config, stack_images
from foveal.files.plain import from_json
from foveal.images import Origin, Source, as_pixels, box_scale, working_image
from foveal.models.detection.anchors import Anchors, anchors_for
from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings
from foveal.models.detection.trace import DetectionTrace, trace_network
from foveal.models.detection.training.config import TrainingConfig, train_network
from foveal.models.detection.training.planning import fewest_steps, minutes_for
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detectors.object_detector import BoxModel
from foveal.models.going_on import check_same, check_same_features
from foveal.models.parameter_checks import check_parameters
from foveal.nn import warm_ups as nn_kernels
from foveal.proposals import Proposals

#: The backbone's maps that the pyramid stands on.
LEVELS = ("c3", "c4", "c5")
# What was trained on fewer images is not to be relied on.
_FEW = 30


@dataclass(kw_only=True, eq=False, repr=False)
class RPNBase(TrainingConfig, BoxModel):
    """An estimator whose network looks at a pretrained backbone's maps and is trained by gradients.

    Its parameters are explained by :class:`foveal.models.FasterRCNN`.
    """

    validates: ClassVar[bool] = True
    resumable: ClassVar[bool] = True
    times_the_run: ClassVar[bool] = True
    warm_ups: ClassVar[tuple[str, ...]] = (
        *nn_kernels.DENSE,
        *nn_kernels.DEPTHWISE,
        *nn_kernels.CONVOLUTIONS,
        *box_kernels.MATCHING,
        *box_kernels.SUPPRESSION,
        *nn_kernels.CONVOLUTION_GRADIENTS,
        *nn_kernels.DEPTHWISE_GRADIENTS,
        *nn_kernels.ADAMW,
        *nn_kernels.AVERAGING,
    )
    # The time where neither minutes nor epochs are given, and the seconds that an image takes after the
    # training, at least, where no validation tells.
    default_minutes: ClassVar[float]
    _seconds_an_image: ClassVar[float]
    _evaluator_class: ClassVar[type[DetectionEvaluator]]
    # Parameters that the sizes of the weights depend on, and what the anchors are made for.
    _sizes: ClassVar[tuple[str, ...]] = ("size", "channels")

    features: Backbone | None = None
    size: int = 512
    finetune_from: str = "c3"
    channels: int = 64
    validation_size: float = 0.1

    backbone_: Backbone = field(init=False)
    network_: RegionProposalNetwork = field(init=False)
    resolved_: dict[str, float] = field(init=False)

    @property
    def run_minutes(self) -> float | None:
        """The minutes that training, evaluation and report may take; None where epochs are given."""
        if self.epochs is not None:
            return None
        return self.default_minutes if self.minutes is None else float(self.minutes)

    # -- training -----------------------------------------------------------------------------------

    def fewest_minutes(self, n_images: int, *, spent: float = 0.0, images_after: int = 0) -> float:
        """The least ``minutes`` that are worth it, by the speed of the backbone on this machine.

        Parameters
        ----------
        n_images : int
            To learn from.
        spent, images_after
            As for :meth:`fit`.
        """
        backbone = EfficientNetLite0() if self.features is None else self.features
        steps = fewest_steps(ceil(n_images / min(self.batch_size, n_images)))
        after = images_after * self._seconds_an_image
        return minutes_for(steps, backbone, LEVELS, self.size, spent=spent + after)

    def fit(
        self,
        dataset: Dataset,
        *,
        validation: Dataset | None = None,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
        spent: float = 0.0,
        images_after: int = 0,
        initial: Self | None = None,
    ) -> Self:
        """Train on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects teach what background is; difficult and crowd objects
            are neither learned from nor taken for background.
        validation : Dataset, optional
            Chooses the weights. Without one a part of the training images is held out; an empty one says that
            none shall be.
        callbacks : sequence of callables
            Told of progress, ``schedule``, ``losses`` and ``epoch``; see :mod:`foveal.events`.
        checkpoint : foveal.nn.Checkpoint, optional
            Written from time to time; where its file exists, the training goes on from it and ends as if
            it had never been broken off.
        spent : float, default=0.0
            Seconds of ``minutes`` that are gone already, or that will be needed for something else.
        images_after : int, default=0
            So many images are to be looked at afterwards, within the minutes too.
        initial : FasterRCNN or RPN, optional
            A trained one, of the same sizes, whose weights and anchors this training begins with. Its classes
            come first, in their order, and then those that only the data set has. A backbone that it has
            fine-tuned is fine-tuned in all steps, whatever ``finetune_fraction`` says.

        Returns
        -------
        FasterRCNN or RPN
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
        began = clock()
        backbone = EfficientNetLite0() if self.features is None else self.features
        self._check(backbone)
        n_objects = dataset.count_objects()
        if initial is not None:
            initial, dataset, validation = self._going_on(initial, dataset, validation, self._sizes)
            check_same_features(initial.backbone_, backbone)
        if validation is None:
            dataset, validation = hold_out(dataset, self.validation_size, self.random_state)
        if len(dataset) < _FEW:
            emit(
                callbacks,
                "note",
                text=f"Few training pictures ({len(dataset)}, with {n_objects} objects): what is learned "
                "from them will hold for little beyond them. Fifty or more are a good beginning.",
            )
        self._forget()
        self.classes_, self.backbone_ = dataset.classes, backbone
        was_finetuned = initial is not None and initial.network_.finetuned
        finetune_fraction = 1.0 if was_finetuned else self.finetune_fraction
        if was_finetuned and initial is not None:
            check_same(self, initial, ("finetune_from",))
        stages = [] if finetune_fraction == 0 else self._stages()
        if initial is None:
            strides = [backbone.strides[level] for level in LEVELS]
            self.network_ = self._make_network(anchors_for(dataset, strides, self.size), stages)
        else:
            self.network_ = self._make_network(initial.network_.settings.anchors, stages)
            self.network_.begin_from(initial.network_)
        evaluator: DetectionEvaluator | None = None
        if validation.count_objects(least=0):
            with stage(callbacks, "maps of the validation pictures"):
                evaluator = self._evaluator_class(validation, backbone, LEVELS, self.size)
        n_validation = len(validation)

        def after(seconds: float) -> float:
            an_image = seconds / n_validation if evaluator is not None else 0.0
            return images_after * max(self._seconds_an_image, 2 * an_image) + seconds

        flip = self._flips(dataset, callbacks)
        plan = train_network(
            self.network_,
            backbone,
            dataset,
            evaluator,
            self,
            flip=flip,
            minutes=self.run_minutes or self.default_minutes,
            finetune_fraction=finetune_fraction,
            is_trained=initial is not None,
            callbacks=callbacks,
            checkpoint=checkpoint,
            spent=spent + clock() - began,
            after=after,
        )
        self.network_.finetuned = plan.finetunes_from < plan.steps
        self.network_.eval()
        self.resolved_ = {
            "epochs": plan.epochs,
            "finetune_fraction": plan.finetune_fraction,
            "flip": flip,
        }
        self._conclude(evaluator)
        self.n_images_ = len(dataset)
        return self

    def _check(self, backbone: Backbone) -> None:
        check_parameters(self)
        divisor = backbone.size_divisibility
        if self.size % divisor:
            raise SettingError(f"size is a multiple of {divisor}, such as {16 * divisor}; got {self.size}.")
        if np.shape(self.scale) != (2,) or not 0 < self.scale[0] <= self.scale[1] < np.inf:
            raise SettingError(f"scale is two numbers above 0, the smaller first; got {self.scale}.")
        if self.finetune_from not in LEVELS[:-1]:
            raise SettingError(f"finetune_from is one of {', '.join(LEVELS[:-1])}; got {self.finetune_from}.")

    @abstractmethod
    def _make_network(self, anchors: Anchors, stages: Sequence[nn.Module]) -> RegionProposalNetwork:
        """A network for ``classes_`` that is not trained yet."""

    @abstractmethod
    def _conclude(self, evaluator: DetectionEvaluator | None) -> None:
        """What is left to do when the network is trained; the evaluator has the validation images."""

    def _rpn_settings(self, anchors: Anchors, **stages: Any) -> RPNSettings:
        """Settings for the backbone's maps."""
        return RPNSettings(
            levels=LEVELS,
            in_channels=tuple(self.backbone_.channels[level] for level in LEVELS),
            channels=self.channels,
            size=self.size,
            anchors=anchors,
            **stages,
        )

    def _stages(self) -> list[nn.Module]:
        """The backbone's blocks behind a map, stage by stage, with their own copies of the weights."""
        network = self.backbone_.network(folded=True)
        behind = LEVELS[LEVELS.index(self.finetune_from) :]
        return [network.stage(*pair) for pair in pairwise(behind)]

    # -- use ----------------------------------------------------------------------------------------

    def propose(self, image: Source) -> Proposals:
        """Boxes in an image that may hold an object, by the engine.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, path-like, or image of Pillow
            RGB, of any size from 1×1.

        Returns
        -------
        Proposals
            In pixels of the image and within it, the best first; ``scores`` are probabilities of an object.
        """
        self._check_fitted()
        pixels = as_pixels(image)
        working, maps = self._look_at(pixels)
        (trace,) = self.network_.trace(maps, np.array([working.shape[:2]], np.float32))
        proposed = trace.proposed
        height, width = pixels.shape[:2]
        boxes = clip(proposed.boxes * box_scale(working.shape, pixels.shape), width, height)
        scores = nn.functional.sigmoid(proposed.logits)
        return Proposals(boxes.astype(np.float32, copy=False), scores, origin=Origin(image))

    def _look_at(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]]]:
        """The working image, and the backbone's maps of it."""
        working = working_image(image, self.size)
        return working, self.backbone_.maps(stack_images([working], self.backbone_), LEVELS)

    def _trace(self, image: NDArray[np.uint8], objects: ArrayLike | None) -> DetectionTrace:
        working, maps = self._look_at(image)
        scale = (working.shape[1] / image.shape[1], working.shape[0] / image.shape[0])
        return trace_network(self.network_, maps, working, self.classes_, scale=scale, objects=objects)

    # -- the model file -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights that were trained: the backbone's own are not among them where it was frozen."""
        self._check_fitted()
        return {
            name: value
            for name, value in self.network_.state_dict().items()
            if self.network_.finetuned or not name.startswith("stages.")
        }

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        config = super().get_config()
        parameters = self.get_params(deep=False)
        del parameters["features"]
        return {
            **config,
            "features": self.backbone_.get_config(),
            "finetuned": self.network_.finetuned,
            "resolved": self.resolved_,
            "rpn": asdict(self.network_.settings),
            # With what the clock has settled: epochs that were given make the same file.
            "settings": {**parameters, "minutes": None, **self.resolved_},
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        parameters: dict[str, Any] = dict(metadata["settings"])
        if "scale" in parameters:
            parameters["scale"] = tuple(parameters["scale"])
        model = cls(features=backbone_from_config(metadata["features"]), **parameters)
        assert model.features is not None
        model.backbone_ = model.features
        model.classes_ = tuple(metadata["classes"])
        model.n_images_ = int(metadata["n_images"])
        model.resolved_ = dict(metadata["resolved"])
        stages = model._stages() if metadata["finetuned"] else []
        with nn.unfilled():
            model.network_ = cls._restored_network(from_json(RPNSettings, metadata["rpn"]), metadata, stages)
        model.network_.load_state_dict(arrays)
        model.network_.finetuned = bool(metadata["finetuned"])
        model.network_.eval()
        return model

    @classmethod
    def _restored_network(
        cls, settings: RPNSettings, metadata: Mapping[str, Any], stages: Sequence[nn.Module]
    ) -> RegionProposalNetwork:
        """A network of the sizes that a model file tells."""
        return RegionProposalNetwork(settings, stages)
