import numpy as np
import pytest
from sklearn.datasets import load_digits

from foveal.data import Augmentation
from foveal.data.mirroring import may_be_mirrored
from foveal.errors import SettingError
from foveal.models.classifiers.augmenting import augmentation_for


def photographs(number=60, side=24, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (number, side, side, 3)).astype(np.uint8), np.arange(number) % 3


def test_digits_are_not_mirrored():
    digits = load_digits()
    x = digits.images[..., None].astype(np.float32)
    assert not may_be_mirrored(x, digits.target)
    assert augmentation_for("auto", x, digits.target) == Augmentation(crop=0.125)
    # Who names an augmentation gets it.
    assert augmentation_for("light", x, digits.target) == Augmentation.light()


def test_images_that_are_their_own_mirror_image():
    x, y = photographs()
    x[..., 0] //= 8
    x[y == 1, ..., 0] += 200
    assert may_be_mirrored(np.concatenate([x, x[:, :, ::-1]], axis=2), y)
    assert augmentation_for("auto", x, y) == Augmentation.standard()


def test_letters_of_one_pair():
    # b and d: each is the other in the mirror.
    x = np.zeros((40, 10, 10, 1), np.uint8)
    x += np.random.default_rng(0).integers(0, 40, x.shape).astype(np.uint8)
    y = np.arange(40) % 2
    x[y == 0, :, 2:4] += 150
    x[y == 1, :, 6:8] += 150
    assert not may_be_mirrored(x, y)


def test_what_photographs_bear():
    x, y = photographs()
    assert augmentation_for("auto", x, y) == Augmentation.standard()
    assert augmentation_for("none", x, y) is None
    assert augmentation_for("auto", x[:, :8, :8], y) == Augmentation.light()
    assert augmentation_for("auto", np.repeat(x[..., :1], 3, axis=3), y) == Augmentation.light()
    assert augmentation_for("auto", x[..., :1], y) == Augmentation.light()
    # Floating-point pixels have no known white, so that their colours stay.
    assert augmentation_for("standard", x.astype(np.float32), y) == Augmentation.standard(jitter=0.0)
    assert augmentation_for("standard", x[:, :1, :1], y) is None


def test_hardly_any_image():
    x, y = photographs()
    assert may_be_mirrored(x[:1], y[:1])
    assert isinstance(may_be_mirrored(x[:2], y[:2]), bool)
    with pytest.raises(SettingError, match="augmentation is 'strong'; choose 'auto'"):
        augmentation_for("strong", x, y)
