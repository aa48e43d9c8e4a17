"""What the whole-image classifiers share: images in, feature rows out, and the model file."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import parallel
from foveal.errors import SettingError
from foveal.events import Callbacks, emit
from foveal.features import HogColor, Pixels, RegionFeatures, features_from_config
from foveal.models.classifiers.classifier import StoredClassifier
from foveal.models.classifiers.image_input import (
    are_images,
    as_rgb,
    from_0_to_1,
    native_side,
    rgb_square,
)
from foveal.models.given_images import as_given
from foveal.models.going_on import refuse_other


class ImageClassifier(StoredClassifier):
    """Base of the classifiers of whole images by features; not to be used itself.

    A subclass has the parameters ``features`` and ``image_size``, or overrides what makes rows of images, and
    implements ``_fit``, ``decision_function``, ``_arrays`` and ``_set_arrays``. ``X`` may be

    - a list of paths, or a Series or column of them; each is read as :func:`foveal.images.read` reads it;
    - a list of images of any sizes, (H, W, 3) or (H, W), or one array of them, (N, H, W, 3),
      (N, H, W, 1) or (N, H, W). Integers are from 0 to 255. Whether floating-point pixels run from 0 to 1
      or from 0 to 255 is seen in ``fit``: from 0 to 1 if none is greater than 1;
    - feature rows that are ready, (N, D) and numeric.

    Images are brought to one square size and described by the features.
    """

    features: Any
    image_size: int | None
    features_: RegionFeatures | None
    pixel_scale_: float

    # -- what comes in ------------------------------------------------------------------------------

    def _learn_input(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Check the training data; learn classes, features and pixel scale; give rows and class indices."""
        rows, y = self._learn_rows(X, y)
        return rows, self._learn_classes(y)

    def _learn_rows(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Check the training data; learn features and pixel scale; give rows and labels."""
        X = as_given(X)
        if are_images(X):
            y = self._image_targets(X, y)
            self.features_ = self._make_features(X)
            self.pixel_scale_ = 255.0 if from_0_to_1(X) else 1.0
            rows: NDArray[Any] = self._describe(X)
            self._forget_feature_names(rows.shape[1])
        else:
            rows, y = self._checked_rows(X, y, reset=True)
            self.features_ = None
            self.pixel_scale_ = 1.0
        return rows, y

    def _take_input(self, initial: Any, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Check the training data and describe it as a trained classifier does; its classes come first."""
        kept, own = (
            features.get_config() if isinstance(features, RegionFeatures) else features
            for features in (getattr(model, "features", None) for model in (initial, self))
        )
        refuse_other("features", own, kept)
        self.features_, self.pixel_scale_ = initial.features_, initial.pixel_scale_
        self.n_features_in_ = initial.n_features_in_
        X = as_given(X)
        if are_images(X):
            y = self._image_targets(X, y)
            rows: NDArray[Any] = self._describe(self._as_fitted(X))
            refuse_other("image_size", self.image_size, self._side)
        else:
            rows, y = self._checked_rows(X, y)
        return rows, self._learn_classes(y, initial.classes_)

    def _rows(self, X: Any) -> NDArray[Any]:
        """Feature rows of images or rows, for a fitted classifier."""
        check_is_fitted(self)
        X = self._as_fitted(X)
        return self._describe(X) if are_images(X) else np.asarray(self._checked_rows(X))

    def _make_features(self, X: Any) -> RegionFeatures:
        if isinstance(self.features, RegionFeatures):
            return self.features
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

    @property
    def sees_images(self) -> bool:
        """Whether it was fitted on images, not on rows."""
        return self.features_ is not None

    @property
    def _pixel_scale(self) -> float:
        return self.pixel_scale_

    @property
    def _side(self) -> int:
        """Of the square that the features are given."""
        return int(getattr(self.features_, "size", 64))

    def _seen(self, X: Any) -> NDArray[np.uint8]:
        return np.stack(parallel.map(self._square, X))

    def _square(self, item: Any) -> NDArray[np.uint8]:
        return rgb_square(item, self._side, self.pixel_scale_, self.enlarging)

    def _describe(self, X: Any) -> NDArray[np.float32]:
        assert self.features_ is not None
        one_array = isinstance(X, np.ndarray) and X.ndim > 1
        return self.features_.transform(as_rgb(X, self.pixel_scale_) if one_array else self._seen(X))

    # -- prediction ---------------------------------------------------------------------------------

    @abstractmethod
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """A value for each class, (N, K), or (N,) of two classes, positive for the second."""

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each image with the greatest decision value, (N,); of equals, the first."""
        index = greatest(self.decision_function(X))
        return np.asarray(self.classes_[index])

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


def greatest(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class with the greatest decision value, (N,); of two classes, the second where it is positive."""
    index = values > 0 if values.ndim == 1 else values.argmax(1)
    return index.astype(np.int64)


def tell_candidates(
    callbacks: Callbacks,
    candidates: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    score: str,
    by: str,
) -> None:
    """Tell of everything that was compared: its parameters of these names, and its score.

    Where the score alone does not say why one was chosen, ``by`` does.
    """
    for seen in candidates:
        setting = {name: seen[name] for name in names if name in seen}
        rivals = [c for c in candidates if c is not seen and (c[score] or 0.0) >= (seen[score] or 0.0)]
        told = {"by": by} if seen["chosen"] and rivals else {}
        emit(callbacks, "candidate", setting=setting, score=seen[score], chosen=seen["chosen"], **told)
