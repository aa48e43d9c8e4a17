"""What all classifiers share: classes, labels and the model file."""

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from foveal.errors import ExportError, SettingError
from foveal.events import Callbacks
from foveal.files import write_container
from foveal.models.classifiers.fit_call import Examples, FitCall
from foveal.models.classifiers.image_input import Enlarging, are_images, check_range
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.contracts import Answers, Task
from foveal.models.given_images import IMAGES_IN_WORDS, as_given, described, refuse_strange
from foveal.models.parameter_checks import Range
from foveal.models.showing import ShownInNotebooks
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal import nn

# Many classes of two images each are no regression, as scikit-learn supposes.
warnings.filterwarnings("ignore", message="The number of unique classes is greater than 50%")


class Classifier(ShownInNotebooks, ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the classifiers; not to be used itself.

    A subclass is a dataclass whose fields are its parameters, keyword-only where nothing else is said. It
    implements ``_fit``, ``predict``, ``sees_images``, ``_seen``, ``save`` and ``_restore``.
    """

    name: ClassVar[str]
    task: ClassVar[Task] = "classification"
    answers: ClassVar[Answers] = "classes"
    validates: ClassVar[bool] = False
    takes_features: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    times_the_run: ClassVar[bool] = False
    chooses: ClassVar[bool] = False
    not_exportable: ClassVar[str | None] = None
    not_continuable: ClassVar[str | None] = None
    warm_ups: ClassVar[tuple[str, ...]] = ()
    convolutional: ClassVar[bool] = False
    ranges: ClassVar[dict[str, Range]] = {"validation_size": Range(0, 1, above=True, below=True)}
    #: How images that are smaller than what is seen of them are enlarged.
    enlarging: ClassVar[Enlarging] = "linear"

    resolved_: Mapping[str, Any] = MappingProxyType({})
    history_: Mapping[str, NDArray[Any]] = MappingProxyType({})

    classes_: NDArray[Any]
    n_features_in_: int
    random_state: Any

    # -- learning -----------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: Examples | None = None,
        callbacks: Callbacks = (),
        spent: float = 0.0,
        images_after: int = 0,
        initial: Self | None = None,
    ) -> Self:
        """Learn from labelled examples.

        Parameters
        ----------
        X : list of paths, images, or array of shape (N, H, W, C), (N, H, W) or (N, D)
        y : array-like of shape (N,)
        validation : tuple (X, y), optional
            Choose by these examples instead of by training data that are held out: what the parameters give
            to choose from, or the epoch at which to stop. Where candidates were compared, the chosen one is
            then fitted to them too; a network that learns by epochs never is.
        callbacks : sequence of callables
            Told of the progress, of each ``candidate`` that is compared, and of the ``schedule`` and the
            ``epoch`` of a network's training; see :mod:`foveal.events`.
        spent : float, default=0.0
            Seconds of ``minutes``, where it has such a parameter, that are gone already, or that will be
            needed for something else.
        images_after : int, default=0
            So many images are to be looked at afterwards, within the minutes too.
        initial : Classifier, optional
            A trained one of this kind to begin with. Its classes come first, in their order, and then those
            that are new; what it learned about its input is kept. See ``not_continuable``.

        Returns
        -------
        self

        Raises
        ------
        SettingError
            If a parameter is impossible, or the training diverges with all that there is to choose from.
        TrainingDiverged
            If a network's loss becomes infinite or no number.
        ModelFileError
            If the weights of a pretrained network are not installed.
        ValueError
            If the data cannot be used.
        """
        clock = RunClock.start(self.run_minutes, spent)
        self._fit(
            X,
            y,
            FitCall(
                clock=clock,
                validation=validation,
                callbacks=callbacks,
                images_after=images_after,
                initial=self._checked_initial(initial),
            ),
        )
        return self

    def _checked_initial(self, initial: Any) -> Any:
        """A trained classifier to begin with, or None."""
        if initial is None:
            return None
        if self.not_continuable is not None:
            raise SettingError(
                f"{self.name} cannot go on from a trained model: {self.not_continuable}. Train it on the old "
                "and the new images together."
            )
        if type(initial) is not type(self):
            raise SettingError(
                f"{self.name} goes on from a trained {self.name}; this is {type(initial).__name__}."
            )
        check_is_fitted(initial)
        # It may be this classifier itself, which is about to learn.
        return copy(initial)

    @property
    def run_minutes(self) -> float | None:
        """The minutes that all may take; None where there is no bound."""
        minutes = getattr(self, "minutes", None)
        return None if minutes is None else float(minutes)

    @abstractmethod
    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        """See :meth:`fit`."""

    # -- what comes in ------------------------------------------------------------------------------

    def _checked_rows(self, X: Any, y: Any = "no_validation", *, reset: bool = False) -> Any:
        """Rows, or rows and labels, as scikit-learn checks them; in one order of memory."""
        if isinstance(X, list) and not X:
            raise ValueError("X is an empty list: there is nothing to learn from or to answer for.")
        refuse_strange(X)
        return validate_data(self, X, y, reset=reset, dtype=[np.float32, np.float64], order="C")

    def _image_targets(self, X: Any, y: Any) -> NDArray[Any]:
        """The labels of images, one each."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        # NumPy makes the class 'nan' of what is missing among words.
        missing = sum(map(_is_missing, y)) if np.ndim(y) == 1 else 0
        if missing:
            raise ValueError(
                f"{missing} of the {len(y)} labels are missing (NaN or None): leave these images out."
            )
        y = column_or_1d(y, warn=True)
        if len(y) != len(X):
            raise ValueError(f"There are {len(X)} images and {len(y)} labels; each image needs one.")
        return np.asarray(y)

    def _forget_feature_names(self, n_features: int) -> None:
        """Images have no named features."""
        self.n_features_in_ = n_features
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _learn_classes(self, y: NDArray[Any], known: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """Learn the classes, behind those that are known; give the class index of each label."""
        check_classification_targets(y)
        if known is not None:
            found = np.unique(y)
            if found.dtype.kind != known.dtype.kind:
                raise ValueError(
                    f"The labels are of the type {found.dtype}, and those of the model to go on from of "
                    f"{known.dtype}."
                )
            self.classes_ = np.concatenate([known, found[~np.isin(found, known)]])
            return self._labels(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs images of at least 2 classes; "
                f"there is only one class here, {str(self.classes_[0])!r}."
            )
        return labels.astype(np.int64).reshape(-1)

    def _learn_all_classes(self, classes: Any, *, first: bool) -> None:
        """Learn, or check, the classes that all parts of the data will ever have."""
        if first and classes is None:
            raise ValueError("The first call of partial_fit needs classes, all that will ever come.")
        if first:
            self._learn_classes(np.unique(classes))
        elif classes is not None and not np.array_equal(np.unique(classes), np.sort(self.classes_)):
            raise ValueError("classes are not those of the first call of partial_fit.")

    def _labels(self, y: Any, of: str = "The validation data") -> NDArray[np.int64]:
        """Class indices of labels that ``fit`` has seen."""
        y = column_or_1d(y)
        # Classes that a training added to those of another are behind them, whatever their names.
        order = np.argsort(self.classes_)
        places = order[np.searchsorted(self.classes_, y, sorter=order).clip(max=len(order) - 1)]
        unknown = np.unique(y[self.classes_[places] != y])
        if len(unknown):
            raise ValueError(f"{of} has the class {str(unknown[0])!r}, which is not in the training data.")
        return np.asarray(places, np.int64)

    # -- what is looked at --------------------------------------------------------------------------

    @property
    @abstractmethod
    def sees_images(self) -> bool:
        """Whether it was fitted on images, not on rows."""

    @abstractmethod
    def _seen(self, X: Any) -> NDArray[Any]:
        """See :meth:`as_seen`; of images."""

    def as_seen(self, X: Any) -> NDArray[Any]:
        """Images at the size at which the classifier sees them, before anything is computed from them.

        Parameters
        ----------
        X : list of paths or images, or array of shape (N, H, W, C) or (N, H, W)

        Returns
        -------
        ndarray of shape (N, h, w, C)
            uint8, or float32 in the range of the training images. They get the same answers as ``X``.

        Raises
        ------
        ValueError
            If the classifier was fitted on rows.
        """
        check_is_fitted(self)
        X = as_given(X)
        if not self.sees_images or not are_images(X):
            raise ValueError(
                f"Only a {type(self).__name__} that was fitted on images sees any, and only of images."
            )
        check_range(X, self._pixel_scale)
        return self._seen(X)

    @property
    @abstractmethod
    def _pixel_scale(self) -> float:
        """What floating-point pixels are multiplied by, where it sees images."""

    def _as_fitted(self, X: Any) -> Any:
        """Images or rows, whichever ``fit`` was given, as a list or an array; other ones are refused."""
        X = as_given(X)
        if are_images(X) and not self.sees_images:
            raise ValueError(
                f"This {type(self).__name__} was fitted on rows of {self.n_features_in_} numbers; "
                "give it such rows instead of images."
            )
        if are_images(X):
            check_range(X, self._pixel_scale)
        elif self.sees_images and not isinstance(X, np.ndarray) and not hasattr(X, "iloc"):
            raise ValueError(f"X is to be images, as for fit: {IMAGES_IN_WORDS}; got {described(X)}.")
        return X

    def as_network(self) -> "tuple[nn.Sequential, tuple[int, ...]]":
        """The whole way from what the classifier sees to probabilities, as one network.

        Returns
        -------
        network : foveal.nn.Sequential
            In use. From pixels from 0 to 255, (N, h, w, C), or the numbers of rows, to (N, K). It may share
            the classifier's weights.
        shape : tuple of int
            Of one example: (h, w, C) of images as :meth:`as_seen` gives them; of rows (D,), or what they are
            folded to.

        Raises
        ------
        ExportError
            If the classifier is no network.
        """
        raise ExportError(f"{self.name} cannot be exported: {self.not_exportable}.")

    # -- the model file -----------------------------------------------------------------------------

    @abstractmethod
    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted classifier as one file, which :func:`foveal.load` reads."""

    @classmethod
    @abstractmethod
    def _restore(cls, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """The classifier that :meth:`save` wrote, from the content of its file."""


class StoredClassifier(Classifier):
    """Base of the classifiers that are written as what they are; not to be used itself.

    A subclass implements ``_arrays``, ``_set_arrays``, ``_preprocessing`` and ``_set_preprocessing``.
    """

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted classifier as one safetensors file, which :func:`foveal.load` reads.

        The same data, parameters, version and machine give the same bytes.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        pathlib.Path
            The file.
        """
        check_is_fitted(self)
        arrays, learned = self._arrays()
        metadata = {
            "model": self.name,
            "version": __version__,
            "config": plain(self._config()),
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "preprocessing": plain(self._preprocessing()),
            "learned": plain(learned),
        }
        write_container(path, arrays, metadata)
        return Path(path)

    @classmethod
    def _restore(cls, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """The classifier that :meth:`save` wrote, from the content of its file."""
        config = {k: tuple(v) if isinstance(v, list) else v for k, v in metadata["config"].items()}
        model = cls._from_config(config)
        model.classes_ = np.array(metadata["classes"], dtype=np.dtype(metadata["classes_dtype"]))
        model._set_preprocessing(metadata["preprocessing"])
        model._set_arrays(arrays, metadata["learned"])
        return model

    def _config(self) -> dict[str, Any]:
        """The parameters, as values that JSON has."""
        config: dict[str, Any] = self.get_params(deep=False)
        if not isinstance(config["random_state"], (int, np.integer, type(None))):
            config["random_state"] = None  # a generator's state is not a setting
        # With what the clock has settled: epochs that were given make the same file.
        return {**config, **self.resolved_}

    @classmethod
    def _from_config(cls, config: dict[str, Any]) -> Self:
        """An unfitted classifier with the parameters of :meth:`_config`."""
        return cls(**config)

    @abstractmethod
    def _preprocessing(self) -> dict[str, Any]:
        """What was learned about the input, as JSON values."""

    @abstractmethod
    def _set_preprocessing(self, seen: dict[str, Any]) -> None:
        """Take what :meth:`_preprocessing` gave."""

    @abstractmethod
    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The learned arrays and JSON values."""

    @abstractmethod
    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        """Take what :meth:`_arrays` gave."""


def _is_missing(label: Any) -> bool:
    is_number = isinstance(label, (float, np.floating))
    return (
        label is None or type(label).__name__ in ("NAType", "NaTType") or bool(is_number and label != label)
    )


def plain(value: Any) -> Any:
    """JSON values of NumPy's."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value
