import cv2
import numpy as np
import pytest

from foveal.errors import ImageError, SettingError
from foveal.features import HogColor
from foveal.models.classifiers.logistic import LogisticClassifier
from foveal.models.classifiers.svm import SVMClassifier


def images(number=24, side=16, seed=0):
    """Dark and light images."""
    rng = np.random.default_rng(seed)
    labels = np.array(["dark", "light"])[np.arange(number) % 2]
    low = np.where(labels == "dark", 0, 120)[:, None, None, None]
    return (low + rng.integers(0, 120, (number, side, side, 3))).astype(np.uint8), labels


def quick(**settings):
    return LogisticClassifier((0.01,), iterations=30, random_state=0, **settings)


def test_array_list_and_paths_are_the_same(tmp_path):
    X, y = images()
    paths = []
    for i, image in enumerate(X):
        paths.append(str(tmp_path / f"{i}.png"))
        cv2.imwrite(paths[-1], image[..., ::-1])
    expected = quick().fit(X, y).decision_function(X)
    for other in (list(X), paths):
        model = quick().fit(other, y)
        assert model.features_.size == 16
        np.testing.assert_array_equal(model.decision_function(other), expected)
    np.testing.assert_array_equal(quick().fit(X, y).decision_function(np.array(paths)), expected)
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(ImageError, match="empty"):
        model.predict([empty])


def test_different_sizes_are_brought_to_one():
    X, y = images()
    mixed = [x[: 8 + i % 8] for i, x in enumerate(X)]
    model = quick().fit(mixed, y)
    assert model.features_.size == 32
    assert model.score(mixed, y) == 1
    assert quick(image_size=12).fit(mixed, y).n_features_in_ == 12 * 12 * 3
    # Classes of the training images, whatever the size of new ones.
    assert model.score(images(side=50, seed=1)[0], y) == 1


def test_grey_and_floating_point():
    X, y = images()
    grey = X[..., 0]
    expected = quick().fit(grey, y).decision_function(grey)
    np.testing.assert_array_equal(quick().fit(grey[..., None], y).decision_function(grey), expected)
    model = quick().fit(grey / 255, y)
    np.testing.assert_array_equal(model.decision_function(grey / 255), expected)
    # uint8 always means 0 to 255; floating point what it meant in fit, even if all are dark.
    np.testing.assert_array_equal(model.decision_function(grey), expected)
    as_255 = quick().fit(grey.astype(float), y)
    assert (as_255.predict(np.ones((1, 16, 16))) == "dark").all()


def test_rows_in_and_images_refused():
    X, y = images()
    model = quick().fit(X.reshape(len(X), -1).astype(float), y)
    assert model.features_ is None
    with pytest.raises(ValueError, match="fitted on rows of 768"):
        model.predict(X)


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.zeros((16, 20, 3), np.uint8), "looks like one image"),
        (np.zeros((4, 8, 8, 5), np.uint8), "they must have 3"),
        (np.full((4, 8, 8, 3), np.nan), "finite"),
        (np.full((4, 8, 8, 3), 300), "from 0 to 255"),
        (np.full((4, 8, 8, 3), -1), "from 0 to 255"),
    ],
)
def test_what_are_no_images(X, sentence):
    with pytest.raises(ValueError, match=sentence):
        quick().fit(X, np.arange(len(X)) % 2)


def test_labels_must_fit():
    X, y = images()
    with pytest.raises(ValueError, match="24 images and 23 labels"):
        quick().fit(X, y[1:])
    with pytest.raises(ValueError, match="only one class"):
        quick().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="class 'grey'"):
        quick().fit(X, y, validation=(X[:1], ["grey"]))


def test_features():
    X, y = images(side=20)
    own = HogColor(size=16, cell=8)
    model = SVMClassifier(features=own, linear_C=(1.0,), rbf_C=(), random_state=0).fit(X, y)
    assert model.n_features_in_ == own.n_features
    assert model.score(X, y) == 1
    with pytest.raises(SettingError, match="sift"):
        quick(features="sift").fit(X, y)
    with pytest.raises(SettingError, match="multiple of 8"):
        quick(features="hog+color", image_size=20).fit(X, y)
