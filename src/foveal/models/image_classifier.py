"""What the whole-image classifiers share: pictures in, feature rows out, and the model file."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from foveal import parallel
from foveal.errors import ModelFileError, SettingError
from foveal.features import HogColor, Pixels, RegionFeatures, features_from_config
from foveal.files import write_container
from foveal.version import __version__

# The largest side that raw pixels keep; larger pictures are brought to the default size.
_LARGEST_NATIVE = 64


class ImageClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the classifiers of whole pictures; not to be used itself.

    A subclass stores the parameters ``features`` and ``image_size`` and implements ``fit``, ``predict``,
    ``_arrays`` and ``_set_arrays``. ``X`` may be

    - a list of paths; each is read as :func:`foveal.images.read` reads it;
    - a list of pictures of any sizes, (H, W, 3) or (H, W), or one array of them, (N, H, W, 3),
      (N, H, W, 1) or (N, H, W). Integers are from 0 to 255. Whether floating-point pixels run from 0 to 1
      or from 0 to 255 is seen in ``fit``: from 0 to 1 if none is greater than 1;
    - feature rows that are ready, (N, D) and numeric.

    Pictures are brought to one square size and described by the features.
    """

    _name = ""
    _default_features = "pixels"

    features: Any
    image_size: int | None
    classes_: NDArray[Any]
    n_features_in_: int
    features_: RegionFeatures | None
    pixel_scale_: float

    # -- what comes in ------------------------------------------------------------------------------

    def _learn_input(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Check the training data; learn classes, features and pixel scale; give rows and class indices."""
        if _are_pictures(X):
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
            y = column_or_1d(y, warn=True)
            if len(y) != len(X):
                raise ValueError(f"There are {len(X)} pictures and {len(y)} labels; each picture needs one.")
            check_classification_targets(y)
            self.features_ = self._make_features(X)
            self.pixel_scale_ = 255.0 if _from_0_to_1(X) else 1.0
            rows: NDArray[Any] = self._describe(X)
            self.n_features_in_ = rows.shape[1]
            if hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
        else:
            rows, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
            check_classification_targets(y)
            self.features_ = None
            self.pixel_scale_ = 1.0
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs pictures of at least 2 classes; "
                f"there is only one class here, {str(self.classes_[0])!r}."
            )
        return rows, labels.astype(np.int64).reshape(-1)

    def _rows(self, X: Any) -> NDArray[Any]:
        """Feature rows of pictures or rows, for a fitted classifier."""
        check_is_fitted(self)
        if not _are_pictures(X):
            return np.asarray(validate_data(self, X, reset=False, dtype=[np.float32, np.float64]))
        if self.features_ is None:
            raise ValueError(
                f"This {type(self).__name__} was fitted on feature rows of {self.n_features_in_} numbers; "
                "give it such rows instead of pictures."
            )
        return self._describe(X)

    def _labels(self, y: Any) -> NDArray[np.int64]:
        """Class indices of labels that ``fit`` has seen."""
        y = column_or_1d(y)
        places = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = np.unique(y[self.classes_[places] != y])
        if len(unknown):
            raise ValueError(
                f"The validation data has the class {str(unknown[0])!r}, which is not in the training data."
            )
        return np.asarray(places, np.int64)

    def _make_features(self, X: Any) -> RegionFeatures:
        if isinstance(self.features, RegionFeatures):
            return self.features
        if self.image_size is not None and not (
            isinstance(self.image_size, int | np.integer) and self.image_size >= 1
        ):
            raise SettingError(f"image_size is {self.image_size!r}; give a whole number of pixels from 1.")
        if self.features == "pixels":
            return Pixels(size=self.image_size or _native_size(X) or 32)
        if self.features == "hog+color":
            size = self.image_size or 64
            if size % 8:
                raise SettingError(
                    f"image_size is {size}; for hog+color it must be a multiple of 8, such as 64."
                )
            return HogColor(size=size)
        raise SettingError(f"There are no features {self.features!r}; choose 'pixels' or 'hog+color'.")

    def _describe(self, X: Any) -> NDArray[np.float32]:
        features = self.features_
        assert features is not None
        if isinstance(X, np.ndarray) and X.ndim > 1:
            return features.transform(_as_rgb(X, self.pixel_scale_))
        size = int(getattr(features, "size", 64))
        return features.transform(np.stack(parallel.map(lambda item: self._one(item, size), X)))

    def _one(self, item: Any, size: int) -> NDArray[np.uint8]:
        # One picture at a time, so that large photographs are never all in memory.
        from foveal.images import read, resize

        if isinstance(item, (str, os.PathLike)):
            picture = read(item)
        else:
            picture = _as_rgb(np.asarray(item)[None], self.pixel_scale_)[0]
        return np.asarray(resize(picture, (size, size)), np.uint8)

    # -- the model file -----------------------------------------------------------------------------

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
        config = self.get_params(deep=False)
        if isinstance(config["features"], RegionFeatures):
            config["features"] = config["features"].get_config()
        if not isinstance(config["random_state"], (int, np.integer, type(None))):
            config["random_state"] = None  # a generator's state is not a setting
        arrays, learned = self._arrays()
        metadata = {
            "model": self._name,
            "version": __version__,
            "config": _plain(config),
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "preprocessing": {
                "features": None if self.features_ is None else self.features_.get_config(),
                "pixel_scale": self.pixel_scale_,
                "n_features": int(self.n_features_in_),
            },
            "learned": _plain(learned),
        }
        write_container(path, arrays, metadata)
        return Path(path)

    @classmethod
    def _restore(cls, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """The classifier that :meth:`save` wrote, from the content of its file."""
        try:
            config = {k: tuple(v) if isinstance(v, list) else v for k, v in metadata["config"].items()}
            if isinstance(config["features"], dict):
                config["features"] = features_from_config(config["features"])
            model = cls(**config)
            model.classes_ = np.array(metadata["classes"], dtype=np.dtype(metadata["classes_dtype"]))
            seen = metadata["preprocessing"]
            model.features_ = None if seen["features"] is None else features_from_config(seen["features"])
            model.pixel_scale_ = float(seen["pixel_scale"])
            model.n_features_in_ = int(seen["n_features"])
            model._set_arrays(arrays, metadata["learned"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"The file is no whole {cls._name!r} model of this version of Foveal ({error!r})."
            ) from error
        return model

    @abstractmethod
    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The learned arrays and JSON values."""

    @abstractmethod
    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        """Take what :meth:`_arrays` gave."""


def _plain(value: Any) -> Any:
    """JSON values of NumPy's."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def _are_pictures(X: Any) -> bool:
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim in (3, 4) or X.dtype.kind == "U"
    if not isinstance(X, (np.ndarray, Sequence)) or isinstance(X, (str, bytes)) or not len(X):
        return False
    first = X[0]
    return isinstance(first, (str, os.PathLike)) or (isinstance(first, np.ndarray) and first.ndim >= 2)


def _from_0_to_1(X: Any) -> bool:
    arrays = (
        [X]
        if isinstance(X, np.ndarray) and X.dtype != object
        else [x for x in X if isinstance(x, np.ndarray)]
    )
    floating = [a for a in arrays if a.dtype.kind == "f" and a.size]
    return bool(floating) and all(a.max() <= 1 for a in floating)


def _native_size(X: Any) -> int | None:
    """The side that all pictures share, if they are square and small."""
    from foveal.images import probe

    if isinstance(X, np.ndarray) and X.ndim > 1:
        sizes = {(X.shape[1], X.shape[2])}
    elif isinstance(X[0], np.ndarray):
        sizes = {x.shape[:2] for x in X}
    else:
        infos = parallel.map(probe, X)
        sizes = {(info.height, info.width) for info in infos}
    height, width = next(iter(sizes))
    return int(height) if len(sizes) == 1 and height == width <= _LARGEST_NATIVE else None


def _as_rgb(pictures: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """(N, H, W), (N, H, W, 1) or (N, H, W, 3) numbers as (N, H, W, 3) uint8."""
    if pictures.ndim == 3:
        if pictures.shape[2] in (3, 4) and pictures.shape[1] not in (3, 4):
            raise ValueError(
                f"An array of shape {pictures.shape} looks like one picture; "
                "give a list of pictures, such as [image]."
            )
        pictures = pictures[..., None]
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3) or 0 in pictures.shape[1:]:
        raise ValueError(f"Pictures must be (H, W, 3), (H, W, 1) or (H, W), not {pictures.shape[1:]}.")
    if pictures.dtype != np.uint8:
        if pictures.dtype.kind not in "iuf" or not np.isfinite(pictures).all():
            raise ValueError("Pixels must be finite numbers.")
        if pictures.dtype.kind == "f":
            pictures = np.rint(pictures * scale)
        if pictures.size and (pictures.min() < 0 or pictures.max() > 255):
            raise ValueError(
                f"Pixels must be from 0 to 255 (or 0 to 1 where the training pictures were); "
                f"these are from {pictures.min():g} to {pictures.max():g}."
            )
        pictures = pictures.astype(np.uint8)
    if pictures.shape[3] == 1:
        pictures = np.repeat(pictures, 3, axis=3)
    return np.ascontiguousarray(pictures)
