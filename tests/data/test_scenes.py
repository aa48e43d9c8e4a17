import cv2
import numpy as np
import pytest

from foveal.data import load, scene_composition, scene_painting
from foveal.data.scenes import CLASSES, digit_parts, make_scene, write_digits, write_scenes
from foveal.errors import SettingError


def test_the_seed_decides_everything():
    first, second, other = make_scene(3), make_scene(3), make_scene(4)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("seed", range(12))
def test_types_and_bounds(seed):
    image, boxes, labels = make_scene(seed, size=(120, 200), digits=(2, 5), heights=(20, 60))
    assert image.shape == (120, 200, 3)
    assert image.dtype == np.uint8
    assert boxes.dtype == np.float32
    assert labels.dtype == np.int64
    assert 1 <= len(labels) <= 5
    assert set(labels) <= set(range(10))
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [200, 120]).all()
    assert (boxes[:, 2:] - boxes[:, :2] >= 3).all()
    np.testing.assert_array_equal(boxes, np.rint(boxes))


@pytest.mark.parametrize("seed", range(8))
def test_boxes_are_the_tight_boxes_of_what_can_be_seen(seed, monkeypatch):
    """Every digit is painted flat, in its own grey, on black; its box is read off the picture."""
    painted = []

    def paint(rng, canvas, ink, corner):
        painted.append(len(painted) + 1)
        flat = (ink >= 0.4).astype(np.float32)
        scene_painting.blend(canvas, flat, corner, np.full(3, painted[-1], np.float32))

    monkeypatch.setattr(scene_composition, "_paint", paint)
    monkeypatch.setattr(
        scene_composition, "background", lambda rng, h, w, part: np.zeros((h, w, 3), np.float32)
    )
    monkeypatch.setattr(scene_composition, "_photograph_it", lambda rng, canvas: canvas.astype(np.uint8))
    image, boxes, labels = make_scene(seed, size=(100, 140), digits=(6, 6), heights=(30, 60), clutter=False)
    assert len(painted) == len(labels) > 1
    for value, box in zip(painted, boxes, strict=True):
        rows, columns = np.nonzero(image[..., 0] == value)
        np.testing.assert_array_equal(box, [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_no_digits_is_an_empty_scene():
    _, boxes, labels = make_scene(0, digits=(0, 0))
    assert boxes.shape == (0, 4)
    assert labels.shape == (0,)


@pytest.mark.parametrize(
    "settings", [{"digits": (3, 1)}, {"heights": (50, 20)}, {"heights": (2, 20)}, {"size": (20, 400)}]
)
def test_impossible_settings(settings):
    with pytest.raises(SettingError):
        make_scene(0, **settings)


def test_digit_parts_are_stratified_and_disjoint():
    labels = scene_painting.digit_images()[1]
    train, test = digit_parts(1)
    assert sorted([*train, *test]) == list(range(1797))
    for label in range(10):
        share = (labels[test] == label).sum() / (labels == label).sum()
        assert share == pytest.approx(0.2, abs=0.005)
    assert not np.array_equal(test, digit_parts(2)[1])


def test_test_backgrounds_show_no_training_column(monkeypatch):
    photo = np.zeros((427, 640, 3), np.uint8)
    photo[:, 384:] = 255
    monkeypatch.setattr(scene_painting, "photographs", lambda: (photo,))
    monkeypatch.setattr(scene_painting, "_TEXTURES", (scene_painting._photograph,) * 1)
    rng = np.random.default_rng(0)
    # _photograph changes brightness alike everywhere: one part gives a flat image.
    for part in ("train", "test"):
        for _ in range(10):
            assert np.ptp(scene_painting._photograph(rng, 60, 80, part)) == 0
    assert max(np.ptp(scene_painting._photograph(rng, 60, 80, None)) for _ in range(10)) > 0


def test_written_scenes_are_loaded_as_they_were_drawn(tmp_path):
    write_scenes(tmp_path / "a", number=4, test=3, random_state=5, size=(90, 120), heights=(20, 40))
    write_scenes(tmp_path / "b", number=4, test=3, random_state=5, size=(90, 120), heights=(20, 40))
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 9
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    dataset = load(tmp_path / "a")
    assert dataset.classes == CLASSES
    assert [s.split for s in dataset] == ["train"] * 4 + ["test"] * 3
    assert [s.id for s in dataset] == list(range(1, 8))
    pool = digit_parts(5)
    for sample, key in zip(dataset, [(0, i) for i in range(4)] + [(1, i) for i in range(3)], strict=True):
        image, boxes, labels = scene_composition.compose_scene(
            np.random.default_rng([5, *key]), pool[key[0]], (90, 120), (1, 6), (20, 40), True, sample.split
        )
        np.testing.assert_array_equal(cv2.imread(str(sample.path))[..., ::-1], image)
        np.testing.assert_array_equal(sample.boxes, boxes)
        np.testing.assert_array_equal(sample.labels, labels)


def test_written_digits_keep_their_pixels(tmp_path, monkeypatch):
    images, labels = scene_painting.digit_images()
    monkeypatch.setattr("foveal.data.scenes.digit_parts", lambda seed: (np.arange(0, 40), np.arange(40, 50)))
    write_digits(tmp_path)
    dataset = load(tmp_path)
    assert dataset.task == "classification"
    assert len(dataset.part("train")) == 40
    assert len(dataset.part("test")) == 10
    for sample in dataset:
        index = int(sample.path.stem) - 1
        assert dataset.classes[sample.label] == str(labels[index])
        np.testing.assert_array_equal(cv2.imread(str(sample.path), cv2.IMREAD_UNCHANGED), images[index])
