"""What the whole-image classifiers share: pictures in, feature rows out, and the model file."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from foveal import parallel
from foveal.errors import SettingError
from foveal.features import HogColor, Pixels, RegionFeatures, features_from_config
from foveal.models.classifiers.classifier import Classifier
from foveal.models.classifiers.image_input import are_pictures, as_rgb, from_0_to_1, native_side


class ImageClassifier(Classifier):
    """Base of the classifiers of whole pictures by features; not to be used itself.

    A subclass stores the parameters ``features`` and ``image_size`` and implements ``fit``, ``predict``,
    ``_arrays`` and ``_set_arrays``. ``X`` may be

    - a list of paths; each is read as :func:`foveal.images.read` reads it;
    - a list of pictures of any sizes, (H, W, 3) or (H, W), or one array of them, (N, H, W, 3),
      (N, H, W, 1) or (N, H, W). Integers are from 0 to 255. Whether floating-point pixels run from 0 to 1
      or from 0 to 255 is seen in ``fit``: from 0 to 1 if none is greater than 1;
    - feature rows that are ready, (N, D) and numeric.

    Pictures are brought to one square size and described by the features.
    """

    features: Any
    image_size: int | None
    features_: RegionFeatures | None

    # -- what comes in ------------------------------------------------------------------------------

    def _learn_input(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Check the training data; learn classes, features and pixel scale; give rows and class indices."""
        rows, y = self._learn_rows(X, y)
        return rows, self._learn_classes(y)

    def _learn_rows(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Check the training data; learn features and pixel scale; give rows and labels."""
        if are_pictures(X):
            y = self._targets_of_pictures(X, y)
            self.features_ = self._make_features(X)
            self.pixel_scale_ = 255.0 if from_0_to_1(X) else 1.0
            rows: NDArray[Any] = self._describe(X)
            self._forget_feature_names(rows.shape[1])
        else:
            rows, y = validate_data(self, X, y, dtype=[np.float32, np.float64], order="C")
            self.features_ = None
            self.pixel_scale_ = 1.0
        return rows, y

    def _rows(self, X: Any) -> NDArray[Any]:
        """Feature rows of pictures or rows, for a fitted classifier."""
        check_is_fitted(self)
        if not are_pictures(X):
            return np.asarray(validate_data(self, X, reset=False, dtype=[np.float32, np.float64], order="C"))
        if self.features_ is None:
            raise ValueError(
                f"This {type(self).__name__} was fitted on feature rows of {self.n_features_in_} numbers; "
                "give it such rows instead of pictures."
            )
        return self._describe(X)

    def _make_features(self, X: Any) -> RegionFeatures:
        if isinstance(self.features, RegionFeatures):
            return self.features
        if self.image_size is not None and not (
            isinstance(self.image_size, int | np.integer) and self.image_size >= 1
        ):
            raise SettingError(f"image_size is {self.image_size!r}; give a whole number of pixels from 1.")
        if self.features == "pixels":
            return Pixels(size=self.image_size or native_side(X) or 32)
        if self.features == "hog+color":
            size = self.image_size or 64
            if size % 8:
                raise SettingError(
                    f"image_size is {size}; for hog+color it must be a multiple of 8, such as 64."
                )
            return HogColor(size=size)
        raise SettingError(f"There are no features {self.features!r}; choose 'pixels' or 'hog+color'.")

    def as_seen(self, X: Any) -> NDArray[np.uint8]:
        """Pictures as the features are given them, (N, side, side, 3); see :meth:`Classifier.as_seen`."""
        check_is_fitted(self)
        if self.features_ is None or not are_pictures(X):
            raise ValueError(
                f"Only a {type(self).__name__} that was fitted on pictures sees any, and only of pictures."
            )
        size = int(getattr(self.features_, "size", 64))
        return np.stack(parallel.map(lambda item: self._one(item, size), X))

    def _describe(self, X: Any) -> NDArray[np.float32]:
        features = self.features_
        assert features is not None
        if isinstance(X, np.ndarray) and X.ndim > 1:
            return features.transform(as_rgb(X, self.pixel_scale_))
        size = int(getattr(features, "size", 64))
        return features.transform(np.stack(parallel.map(lambda item: self._one(item, size), X)))

    def _one(self, item: Any, size: int) -> NDArray[np.uint8]:
        # One picture at a time, so that large photographs are never all in memory.
        from foveal.images import read, resize

        if isinstance(item, (str, os.PathLike)):
            picture = read(item)
        else:
            picture = as_rgb(np.asarray(item)[None], self.pixel_scale_)[0]
        return np.asarray(resize(picture, (size, size)), np.uint8)

    # -- the model file -----------------------------------------------------------------------------

    def _config(self) -> dict[str, Any]:
        config = super()._config()
        if isinstance(config.get("features"), RegionFeatures):
            config["features"] = config["features"].get_config()
        return config

    @classmethod
    def _from_config(cls, config: dict[str, Any]) -> Any:
        if isinstance(config.get("features"), dict):
            config["features"] = features_from_config(config["features"])
        return super()._from_config(config)

    def _preprocessing(self) -> dict[str, Any]:
        return {
            "features": None if self.features_ is None else self.features_.get_config(),
            "pixel_scale": self.pixel_scale_,
            "n_features": int(self.n_features_in_),
        }

    def _set_preprocessing(self, seen: dict[str, Any]) -> None:
        self.features_ = None if seen["features"] is None else features_from_config(seen["features"])
        self.pixel_scale_ = float(seen["pixel_scale"])
        self.n_features_in_ = int(seen["n_features"])
