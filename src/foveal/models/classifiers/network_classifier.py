"""What the classifiers that are networks share: training, its course, prediction and the model file."""

from abc import abstractmethod
from functools import partial
from inspect import cleandoc
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import nn, parallel
from foveal.data import Augmentation
from foveal.errors import SettingError, TrainingDiverged
from foveal.events import Callbacks, Event, emit
from foveal.files.plain import below
from foveal.models.classifiers.augmenting import Preparation, augmentation_for
from foveal.models.classifiers.classifier import StoredClassifier
from foveal.models.classifiers.fit_call import Examples, FitCall
from foveal.models.classifiers.held_out import held_out_part
from foveal.models.classifiers.image_input import ImageArrays, are_images
from foveal.models.classifiers.network_outputs import NetworkOutputs
from foveal.models.classifiers.network_settings import CURVES, NetworkSettings, curves
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.classifiers.scaling import feature_scaling
from foveal.models.given_images import as_given
from foveal.models.going_on import refuse_other
from foveal.nn.random_streams import seed_layers
from foveal.wording import amount, minutes_text

# Pixels that go through the network at a time in prediction, and examples.
_PIXELS_AT_A_TIME, _EXAMPLES_AT_A_TIME = 1 << 19, 128

# Epochs without a lower validation loss after which early stopping stops.
_PATIENCE = 10
# A shorter training in minutes is told of.
_FEW_EPOCHS = 10
# More than the steps of an epoch can be.
_MOST_STEPS = 1 << 40


class NetworkClassifier(NetworkSettings, StoredClassifier):
    """Base of the classifiers that are networks of :mod:`foveal.nn`; not to be used itself.

    A subclass adds parameters and implements ``_make_layout`` and ``_make_network``; its docstring ends its
    parameters with those of :class:`NetworkSettings`. ``X`` may be

    - a list of paths; each is read as :func:`foveal.images.read` reads it;
    - a list of images of any sizes, (H, W, C) or (H, W), or one array of them, (N, H, W, C) or (N, H, W).
      Integers are from 0 to 255; floating-point pixels have whatever range those of ``fit`` had;
    - rows, (N, D) and numeric, folded to the parameter ``image_shape``, (1, 1, D) by default.

    Every channel is brought to mean 0 and variance 1 over the training data.
    """

    validates = True
    resumable = True
    times_the_run = True
    _default_side = 32
    # Parameters that the sizes of the weights depend on, and what they are called in the layout.
    _sizes: ClassVar[dict[str, str]]

    network_: nn.Sequential
    image_shape_: tuple[int, int, int]
    images_: ImageArrays | None
    mean_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    history_: dict[str, NDArray[np.float64]]
    n_epochs_: float
    resolved_: dict[str, Any]
    _optimizer: Any
    _outputs: NetworkOutputs

    def __init_subclass__(cls, **options: Any) -> None:
        """Tell in the docstring of every classifier of the parameters that all of them have."""
        super().__init_subclass__(**options)
        if cls.__doc__ and NetworkSettings.__doc__:
            own, examples, rest = cleandoc(cls.__doc__).partition("\n\nExamples\n")
            shared = cleandoc(NetworkSettings.__doc__).partition("Parameters\n----------\n")[2]
            cls.__doc__ = f"{own}\n{shared}{examples}{rest}"

    @abstractmethod
    def _make_network(self, layout: dict[str, Any]) -> nn.Sequential:
        """An untrained network of a layout; ``layout["seed"]`` draws its weights."""

    @abstractmethod
    def _make_layout(self, n_examples: int) -> dict[str, Any]:
        """The sizes of the network for ``image_shape_`` and ``classes_``, as JSON values."""

    def _resolved_layout(self) -> dict[str, Any]:
        """Parameters that a layout has settled, by the minutes."""
        return {}

    # -- learning -----------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: Examples | None = None,
        callbacks: Callbacks = (),
        checkpoint: Any = None,
        spent: float = 0.0,
        images_after: int = 0,
        initial: Self | None = None,
    ) -> Self:
        """Learn from labelled examples; see :meth:`foveal.models.LogisticClassifier.fit`.

        Parameters
        ----------
        X, y, validation, callbacks, spent, images_after, initial
            As there. Of ``initial`` the weights are taken, and the mean and variance of the channels.
        checkpoint : path-like or foveal.nn.Checkpoint, optional
            A file that the state of the training is written to from time to time. Where it is there
            already, the training goes on from it and ends with the same weights, byte for byte, as one that
            was never broken off.

        Returns
        -------
        self
        """
        call = FitCall(
            clock=RunClock.start(self.run_minutes, spent),
            validation=validation,
            callbacks=callbacks,
            images_after=images_after,
            checkpoint=checkpoint,
            initial=self._checked_initial(initial),
        )
        self._fit(X, y, call)
        return self

    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        self._check()
        validation, callbacks, checkpoint = call.validation, call.callbacks, call.checkpoint
        seed = int(np.random.default_rng(self.random_state).integers(2**31))
        began = perf_counter()
        initial = call.initial
        x, y = self._learn_input(X, y) if initial is None else self._take_input(initial, X, y)
        after = call.images_after * (perf_counter() - began) / len(x)
        labels = self._learn_classes(y, None if initial is None else initial.classes_)
        examples: tuple[NDArray[Any], NDArray[np.int64]] | None = None
        if validation is not None:
            examples = self._raw(validation[0]), self._labels(validation[1])
        elif self.early_stopping:
            held = held_out_part(labels, self.validation_size, np.random.default_rng([seed, 1]))
            if held.any():
                examples = x[held], labels[held]
                x, labels = x[~held], labels[~held]
        if self.images_ is not None and initial is None:
            self._learn_scaling(x)
        self._start(len(x), seed, initial)
        batches = self._batches(x, labels, seed)
        measured: Any = None
        if examples is not None and len(examples[0]):
            measured = nn.ArrayBatches(
                *examples, 256, random_state=0, shuffle=False, transform=self._preparation()
            )
        if checkpoint is not None and not isinstance(checkpoint, nn.Checkpoint):
            checkpoint = nn.Checkpoint(checkpoint)
        try:
            history = nn.fit(
                self.network_,
                nn.CrossEntropyLoss(label_smoothing=self.label_smoothing),
                self._make_optimizer(self.network_),
                batches,
                epochs=self._epochs_for(len(x), batches.batch_size),
                minutes=self.minutes,
                spent=call.clock.spent + after,
                schedule="one-cycle",
                validation=measured,
                callbacks=(*callbacks, partial(_tell_if_few, callbacks, call.clock.spent + after)),
                early_stopping=_PATIENCE if measured is not None and self.early_stopping else None,
                checkpoint=checkpoint,
                random_state=seed,
            )
        except TrainingDiverged as error:
            happened = str(error).partition(": try ")[0]
            raise TrainingDiverged(
                f"{happened}: try a lower learning_rate, such as {self._learning_rate / 10:g}."
            ) from error
        self.history_ = curves(history)
        self.n_epochs_ = history.steps / len(batches)
        self.resolved_ = {}
        if history.budget is not None:
            self.resolved_ = {"minutes": None, "epochs": history.budget.epochs, **self._resolved_layout()}
        self._optimizer = None

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Go on learning: one pass over some examples.

        The first call, unless ``fit`` came before it, learns the shape of the input and the mean and
        variance of its channels; later ones keep them. The learning rate stays what it is.

        Parameters
        ----------
        X, y
            As for :meth:`fit`.
        classes : array-like of shape (K,), optional
            All classes that will ever come; needed by the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the classes are not given at first, are others than before, or a label is none of them.
        """
        self._check()
        first = not hasattr(self, "network_")
        self._learn_all_classes(classes, first=first)
        if first:
            seed = int(np.random.default_rng(self.random_state).integers(2**31))
            x, y = self._learn_input(X, y)
            if self.images_ is not None:
                self._learn_scaling(x)
            self._start(len(x), seed)
            self.history_ = {name: np.empty(0) for name in CURVES}
            self.n_epochs_ = 0
            self.resolved_ = {}
            self._optimizer = None
        else:
            seed = self.layout_["seed"]
            X = as_given(X)
            if are_images(X):
                y = self._image_targets(X, y)
                x = self._raw(X)
            else:
                rows, y = self._checked_rows(X, y)
                x = self._folded(rows)
        labels = self._labels(y, "This part of the data")
        if self._optimizer is None:
            self._optimizer = self._make_optimizer(self.network_)
        batches = self._batches(x, labels, seed)
        loss = nn.CrossEntropyLoss(label_smoothing=self.label_smoothing)
        self.network_.train()
        total = 0.0
        number = round(self.n_epochs_) + 1
        with parallel.blas_threads(parallel.cores()), np.errstate(over="ignore", invalid="ignore"):
            for place, (bx, by) in enumerate(batches.epoch(number)):
                # What dropout draws depends on how far the training is, not on what this process has done.
                seed_layers(self.network_, seed, number * _MOST_STEPS + place)
                total += nn.train_step(self.network_, loss, self._optimizer, bx, by) * len(by)
        self.network_.eval()
        self._outputs = NetworkOutputs(self.network_, self.image_shape_)
        mean = total / len(x)
        if not np.isfinite(mean):
            raise SettingError("The loss became infinite or no number: give a lower learning_rate.")
        row = {"loss": mean, "learning_rate": self._optimizer.lr}
        self.history_ = {k: np.append(v, row.get(k, np.nan)) for k, v in self.history_.items()}
        self.n_epochs_ = number
        return self

    def _start(self, n_examples: int, seed: int, initial: Any = None) -> None:
        """A new network; the seed draws the weights, those that a trained one has come from there."""
        layout = self._make_layout(n_examples) if initial is None else self._take_layout(initial)
        self.layout_ = {**layout, "seed": seed}
        self.network_ = self._make_network(self.layout_)
        if initial is not None:
            # Layers without weights, such as dropout, are not in the state; new classes are the last rows.
            state = self.network_.state_dict()
            known = initial.network_.state_dict().values()
            self.network_.load_state_dict(
                {
                    name: old if old.shape == new.shape else np.concatenate([old, new[len(old) :]])
                    for (name, new), old in zip(state.items(), known, strict=True)
                }
            )
        self._outputs = NetworkOutputs(self.network_, self.image_shape_)

    # -- what comes in ------------------------------------------------------------------------------

    def _learn_input(self, X: Any, y: Any) -> tuple[NDArray[Any], Any]:
        """Check the training data and learn its shape; rows come back brought to mean 0, images raw."""
        X = as_given(X)
        if are_images(X):
            y = self._image_targets(X, y)
            self.images_ = ImageArrays.learn(X, self.image_size, self._default_side)
            self.image_shape_ = self.images_.shape
            self._forget_feature_names(int(np.prod(self.image_shape_)))
            return self.images_.arrays(X), y
        rows, y = self._checked_rows(X, y, reset=True)
        self.images_ = None
        self.image_shape_ = self._checked_shape(rows.shape[1])
        self._learn_scaling(rows.reshape(len(rows), *self.image_shape_))
        return self._folded(rows), y

    def _take_input(self, initial: Any, X: Any, y: Any) -> tuple[NDArray[Any], Any]:
        """Check the training data and prepare it as for a trained classifier."""
        self.images_, self.image_shape_ = initial.images_, initial.image_shape_
        self.mean_, self.scale_ = initial.mean_, initial.scale_
        self.n_features_in_ = initial.n_features_in_
        if self.images_ is not None:
            refuse_other("image_size", self.image_size, self.image_shape_[0])
        X = as_given(X)
        if are_images(X):
            y = self._image_targets(X, y)
            return self._raw(X), y
        rows, y = self._checked_rows(X, y)
        return self._raw(rows), y

    def _take_layout(self, initial: Any) -> dict[str, Any]:
        """The sizes of a trained classifier's network."""
        for name, key in self._sizes.items():
            refuse_other(name, getattr(self, name), initial.layout_[key])
        return dict(initial.layout_)

    def _checked_shape(self, n_features: int) -> tuple[int, int, int]:
        if self.image_shape is None:
            return 1, 1, n_features
        shape = tuple(int(side) for side in self.image_shape)
        if len(shape) == 2:
            shape = (*shape, 1)
        if len(shape) != 3 or min(shape) < 1 or np.prod(shape) != n_features:
            raise ValueError(
                f"image_shape is {self.image_shape!r}; rows of {n_features} numbers need (rows, columns, "
                f"channels) whose product is {n_features}."
            )
        return shape

    def _learn_scaling(self, x: NDArray[Any]) -> None:
        """Mean and deviation of every channel."""
        if x.dtype == np.uint8:
            # Exact sums of bytes, without a copy of all images as float64.
            counts = np.stack([np.bincount(x[..., c].ravel(), minlength=256) for c in range(x.shape[3])])
            values, number = np.arange(256.0), x[..., 0].size
            mean = counts @ values / number
            scale = np.sqrt(counts @ values**2 / number - mean**2)
            scale[scale < 1e-3] = 1.0
        else:
            mean, scale = feature_scaling(x.reshape(-1, x.shape[3]))
        self.mean_, self.scale_ = mean, scale

    def _folded(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Rows, (N, D), as standardised (N, H, W, C)."""
        x = rows.reshape(len(rows), *self.image_shape_)
        return np.asarray((x - self.mean_) / self.scale_, np.float32)

    def _raw(self, X: Any) -> NDArray[Any]:
        """Images as they are, or standardised rows, for a fitted input."""
        X = self._as_fitted(X)
        if are_images(X):
            assert self.images_ is not None
            return self.images_.arrays(X)
        rows = self._checked_rows(X)
        if self.images_ is None:
            return self._folded(rows)
        return np.asarray(rows.reshape(len(rows), *self.image_shape_), np.float32)

    def _batches(self, x: NDArray[Any], labels: NDArray[np.int64], seed: int) -> nn.ArrayBatches:
        """The batches of a training, changed at random."""
        augmentation = augmentation_for(self.augmentation, x, labels, seed)
        if augmentation is not None:
            import cv2  # noqa: F401 - here, not by several of the threads that prepare batches at once
        size, transform = self._batch_size_for(len(x)), self._preparation(augmentation)
        return nn.ArrayBatches(x, labels, size, random_state=seed, transform=transform)

    def _preparation(self, augmentation: Augmentation | None = None) -> Preparation:
        """Rows are standardised already, when they come in."""
        if self.images_ is None:
            return Preparation((0.0,), (1.0,), augmentation)
        return Preparation(tuple(self.mean_.tolist()), tuple(self.scale_.tolist()), augmentation)

    def prepare(self, X: Any) -> NDArray[np.float32]:
        """What the network is given for some examples.

        Parameters
        ----------
        X
            As for :meth:`fit`.

        Returns
        -------
        ndarray of shape (N, H, W, C), float32
            ``image_shape_`` each, every channel standardised. ``network_`` makes logits of it, (N, K).
        """
        check_is_fitted(self)
        return self._preparation().standardized(self._raw(X))

    @property
    def sees_images(self) -> bool:
        """Whether it was fitted on images, not on rows."""
        return self.images_ is not None

    @property
    def _pixel_scale(self) -> float:
        return 1.0 if self.images_ is None else self.images_.pixel_scale

    def _seen(self, X: Any) -> NDArray[Any]:
        assert self.images_ is not None
        seen = self.images_.arrays(X)
        # It would be multiplied again.
        return seen if seen.dtype == np.uint8 else seen / np.float32(self.images_.pixel_scale)

    # -- prediction ---------------------------------------------------------------------------------

    def _logits(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = self._as_fitted(X)
        if not are_images(X):
            X = self._checked_rows(X)
        parts = []
        size = max(1, min(_EXAMPLES_AT_A_TIME, _PIXELS_AT_A_TIME // int(np.prod(self.image_shape_[:2]))))
        with parallel.blas_threads(parallel.cores()):
            for start in range(0, len(X), size):
                x = self.prepare(X[start : start + size])
                parts.append(self._outputs(x, full=len(x) == size))
        return np.concatenate(parts) if parts else np.empty((0, len(self.classes_)))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, (N, K), in the order of ``classes_``."""
        return np.asarray(nn.softmax(self._logits(X)), np.float64)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each example, (N,); of equally probable ones, the first."""
        index = self._logits(X).argmax(1)
        return np.asarray(self.classes_[index])

    def as_network(self) -> tuple[nn.Sequential, tuple[int, int, int]]:
        """From pixels from 0 to 255, or rows, to probabilities; and the shape, ``image_shape_``."""
        check_is_fitted(self)
        scaling = nn.BatchNorm2d(self.image_shape_[2], eps=0.0, affine=False)
        scaling.running_mean = self.mean_.astype(np.float32)
        scaling.running_var = (self.scale_**2).astype(np.float32)
        return nn.Sequential(scaling, self.network_, nn.Softmax()).eval(), self.image_shape_

    # -- the model file -----------------------------------------------------------------------------

    def _config(self) -> dict[str, Any]:
        config = super()._config()
        if config["epochs"] is not None and config["epochs"] == int(config["epochs"]):
            config["epochs"] = int(config["epochs"])
        return config

    def _preprocessing(self) -> dict[str, Any]:
        return {
            "pictures": None if self.images_ is None else self.images_.get_config(),
            "image_shape": list(self.image_shape_),
            "n_features": int(self.n_features_in_),
        }

    def _set_preprocessing(self, seen: dict[str, Any]) -> None:
        self.images_ = None if seen["pictures"] is None else ImageArrays(**seen["pictures"])
        height, width, channels = seen["image_shape"]
        self.image_shape_ = height, width, channels
        self.n_features_in_ = int(seen["n_features"])

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        arrays |= {f"history.{name}": value for name, value in self.history_.items()}
        arrays |= {"mean": self.mean_, "scale": self.scale_}
        # A container makes one-dimensional arrays of those that have no dimension.
        return arrays, {"layout": self.layout_, "n_epochs": self.n_epochs_}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        self.mean_, self.scale_ = arrays["mean"], arrays["scale"]
        self.history_ = {name: arrays[f"history.{name}"] for name in CURVES}
        self.layout_, self.n_epochs_ = learned["layout"], learned["n_epochs"]
        self.resolved_ = {}
        with nn.unfilled():
            self.network_ = self._make_network(self.layout_)
        state = below(arrays, "network.")
        for name, (_, shape) in self.network_.state_shapes().items():
            # A file has no arrays without a dimension.
            if not shape and name in state and state[name].size == 1:
                state[name] = state[name].reshape(())
        self.network_.load_state_dict(state)
        self.network_.eval()
        self._outputs = NetworkOutputs(self.network_, self.image_shape_)
        self._optimizer = None


def _tell_if_few(callbacks: Callbacks, spent: float, event: Event) -> None:
    """Say of a schedule that the minutes hold too little of a training, and which would do."""
    if event["event"] != "schedule" or event["epochs"] >= _FEW_EPOCHS:
        return
    steps = event["steps"] * (_FEW_EPOCHS / event["epochs"] - 1)
    needed = max(event["minutes"], spent / 60) + 1.2 * steps * event["seconds_per_step"] / 60
    emit(
        callbacks,
        "note",
        text=f"{minutes_text(event['minutes'], 'hold')} only {amount(event['epochs'], 'epoch')}, which is "
        f"little: about {minutes_text(needed)} would hold {_FEW_EPOCHS}.",
    )
