import numpy as np
import pytest
from PIL import Image

from foveal.data import load, scenes
from foveal.data.dataset import Dataset, Sample
from foveal.data.mirroring import objects_may_be_mirrored


@pytest.fixture
def arrows(tmp_path):
    """Images of arrows that point left and of arrows that point right: two classes, or one."""
    rng = np.random.default_rng(0)
    samples = []
    for i in range(40):
        image = rng.integers(0, 40, (60, 80, 3)).astype(np.uint8)
        right = i % 2
        x, y = (int(v) for v in rng.integers(5, 30, 2))
        image[y : y + 20, x : x + 20] = 90
        bright = slice(x + 13, x + 20) if right else slice(x, x + 7)
        image[y : y + 20, bright] = 250
        path = tmp_path / f"{i:02d}.png"
        Image.fromarray(image).save(path)
        box = np.array([[x, y, x + 20, y + 20]], np.float32)
        flags = np.zeros(1, bool)
        labels = np.array([right], np.int64)
        samples.append(Sample(path, i + 1, 80, 60, box, labels, flags, flags, np.full(1, 400.0)))

    def dataset(classes):
        return Dataset(tmp_path, "coco", "detection", classes, tuple(samples))

    return dataset


def test_digits_in_scenes(tmp_path):
    folder = scenes.write_scenes(tmp_path / "scenes", number=100, test=0, random_state=3)
    assert not objects_may_be_mirrored(load(folder))


def test_left_and_right(arrows):
    dataset = arrows(("left", "right"))
    assert not objects_may_be_mirrored(dataset)
    assert [objects_may_be_mirrored(dataset, seed) for seed in range(3)] == [False] * 3


def test_one_class_is_its_own_mirror_image(arrows):
    dataset = arrows(("arrow",))
    one = [Sample(s.path, s.id, s.width, s.height, s.boxes, np.zeros(1, np.int64)) for s in dataset]
    assert objects_may_be_mirrored(Dataset(dataset.root, "coco", "detection", ("arrow",), tuple(one)))


def test_images_that_cannot_be_read_and_none(arrows):
    dataset = arrows(("left", "right"))
    for sample in dataset.samples[:30]:
        sample.path.write_bytes(b"no image")
    assert isinstance(objects_may_be_mirrored(dataset), bool)
    for sample in dataset.samples:
        sample.path.write_bytes(b"no image")
    assert objects_may_be_mirrored(dataset)
    assert objects_may_be_mirrored(dataset.select([]))
