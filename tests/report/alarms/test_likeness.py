import cv2
import numpy as np
import pytest

from foveal.data import load
from foveal.data.scenes import write_digits, write_scenes
from foveal.images import read
from foveal.report.alarms.likeness import compare_images, compare_statistics, image_statistics


def photograph(seed: int) -> np.ndarray:
    """Smooth coloured noise, brighter or darker from one to the next."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (8, 12, 3)).astype(np.float32) * rng.uniform(0.6, 1.0)
    return np.clip(
        cv2.resize(small, (120, 80), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (80, 120, 3)), 0, 255
    ).astype(np.uint8)


IMAGES = [photograph(i) for i in range(60)]
LEARNED = [image_statistics(image) for image in IMAGES[:40]]


def differences(change):
    return [d.name for d in compare_statistics(LEARNED, [image_statistics(change(i)) for i in IMAGES[40:]])]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda image: (image * 0.3).astype(np.uint8), "brightness"),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 4), "sharpness"),
        (lambda image: np.repeat(image.mean(axis=2, keepdims=True), 3, 2).astype(np.uint8), "saturation"),
        (lambda image: np.clip(image * np.array([1.2, 1, 0.5]), 0, 255).astype(np.uint8), "warmth"),
        (lambda image: cv2.resize(image, None, fx=2, fy=2), "image size"),
        (lambda image: image[:, :60], "width / height"),
        (lambda image: (100 + image * 0.2).astype(np.uint8), "contrast"),
    ],
)
def test_changed_images_are_told(change, name):
    assert name in differences(change)


def test_images_that_were_not_changed_are_alike():
    assert differences(lambda image: image) == []
    # Nor are some that differ a little, however surely.
    assert differences(lambda image: np.clip(image + 6.0, 0, 255).astype(np.uint8)) == []


def test_random_parts_of_one_set_are_alike():
    rng = np.random.default_rng(0)
    rows = LEARNED + [image_statistics(image) for image in IMAGES[40:]]
    for _ in range(200):
        order = rng.permutation(len(rows))
        assert compare_statistics([rows[i] for i in order[12:]], [rows[i] for i in order[:12]]) == []


def test_a_few_images_tell_nothing():
    dark = [{"brightness": 0.1}] * 7
    assert compare_statistics([{"brightness": 0.8}] * 50, dark) == []
    assert compare_statistics([{"brightness": 0.8}] * 50, dark * 2)


def test_the_words_and_the_figures():
    bright, dark = ([{"brightness": b + i / 1000} for i in range(20)] for b in (0.6, 0.2))
    (difference,) = compare_statistics(bright, dark)
    assert (difference.word, difference.figures) == ("darker", "brightness 0.21 against 0.61")
    (difference,) = compare_statistics(dark, bright)
    assert (difference.word, difference.distance) == ("brighter", 1.0)


def test_a_flat_image_and_one_of_one_pixel():
    numbers = image_statistics(np.full((1, 1, 3), 255, np.uint8))
    assert numbers["brightness"] == pytest.approx(1)
    assert np.isnan(numbers["sharpness"])


def test_parts_of_a_data_set(tmp_path):
    write_scenes(tmp_path / "scenes", number=20, test=12, random_state=0)
    scenes = load(tmp_path / "scenes")
    assert compare_images(scenes.part("train"), scenes.part("test")) == []
    for sample in scenes.part("test"):
        cv2.imwrite(str(sample.path), cv2.GaussianBlur(read(sample.path), (0, 0), 5))
    assert "sharpness" in {d.name for d in compare_images(scenes.part("train"), scenes.part("test"))}
    # What cannot be read is left out.
    for sample in scenes.part("test").samples[:6]:
        sample.path.write_bytes(b"no image")
    assert compare_images(scenes.part("train"), scenes.part("test")) == []


def test_other_objects_in_the_same_images(tmp_path):
    write_digits(tmp_path / "digits", random_state=0)
    digits = load(tmp_path / "digits")
    assert compare_images(digits.part("train"), digits.part("test")) == []
