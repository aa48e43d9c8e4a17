"""Views: their boxes lie where the objects are, whatever was done to the image, and a seed fixes them."""

import numpy as np
import pytest

from foveal.data import BoxAugmentation, load
from foveal.models.detection.training.views import TrainingImages, ViewBatches

SIZE = 128


class Maps:
    """A backbone whose only map is the image, every eighth pixel of it."""

    strides, pad_value, size_divisibility = {"c3": 8}, 7, 32

    def __init__(self):
        self.calls = 0

    def maps(self, images, levels, *, threads=None):
        self.calls += len(images)
        return {"c3": images[:, ::8, ::8].astype(np.float32)}


@pytest.fixture(scope="module")
def samples(scene_folder):
    return load(scene_folder).part("train").samples


def make(samples, **changes):
    given = {"augmentation": BoxAugmentation(), "batch_size": 4, "finetunes_from": 10**9, "seed": 3}
    given |= changes
    images = TrainingImages(samples, SIZE)
    return ViewBatches(images=images, backbone=Maps(), levels=("c3",), size=SIZE, **given)


def test_an_unchanged_view_has_the_objects_boxes(samples):
    batches = make(samples, augmentation=BoxAugmentation.none())
    image, truth = batches.view(0, [1])
    sample = samples[0]
    scale = max(image.shape[:2]) / max(sample.height, sample.width)
    assert max(image.shape[:2]) == SIZE
    np.testing.assert_allclose(truth.boxes, sample.boxes[sample.trainable] * scale, atol=1)
    assert truth.labels.tolist() == sample.labels[sample.trainable].tolist()


def test_boxes_stay_in_the_view(samples):
    batches = make(samples, augmentation=BoxAugmentation(scale=(0.6, 1.5)))
    for index in range(len(samples)):
        image, truth = batches.view(index, [5, index])
        assert (truth.boxes >= 0).all()
        assert (truth.boxes[:, 2:] <= image.shape[1::-1]).all()
        assert len(truth.boxes) == len(truth.labels) == len(truth.ignored)


def test_a_batch(samples):
    (first, _), *others = make(samples).epoch(1)
    assert 1 + len(others) == -(-len(samples) // 4)
    assert first.maps["c3"].shape[0] == len(first) == 4
    again = [batch for batch, _ in make(samples).epoch(1)]
    np.testing.assert_array_equal(first.maps["c3"], again[0].maps["c3"])
    # Gone on with in the middle of an epoch, it gives what it would have given.
    (second, _), *_ = make(samples).epoch(1, start=1)
    np.testing.assert_array_equal(second.sizes, again[1].sizes)
    other = next(iter(make(samples, seed=4).epoch(1)))[0]
    assert [truth.boxes.tolist() for truth in other.objects] != [t.boxes.tolist() for t in first.objects]


def test_what_surrounds_an_image_is_the_backbones(samples):
    batches = make(samples, augmentation=BoxAugmentation.none(), batch_size=1)
    batch = next(iter(batches.epoch(1)))[0]
    rows, columns = (int(side) for side in batch.sizes[0])
    outside = batch.maps["c3"][0, -(-rows // 8) :]
    if outside.size:
        assert (outside == 7).all()
    assert batch.maps["c3"].shape[1] * 8 % 32 == 0
    assert columns <= batch.maps["c3"].shape[2] * 8


def test_maps_of_a_view_are_computed_once(samples):
    batches = make(samples, passes_per_view=3)
    for number in range(1, 4):
        list(batches.epoch(number))
    assert batches.backbone.calls == len(samples)
    list(batches.epoch(4))
    assert batches.backbone.calls == 2 * len(samples)
    tuned = make(samples, passes_per_view=3, finetunes_from=0, n_finetuned=0)
    for number in range(1, 3):
        assert all(batch.finetunes for batch, _ in tuned.epoch(number))


def test_fine_tuning_keeps_no_maps(samples):
    batches = make(samples, passes_per_view=3, finetunes_from=-(-len(samples) // 4), n_finetuned=0)
    free = batches._free
    for _ in batches.epoch(1):
        pass
    assert batches._kept
    assert batches._free < free
    for _ in batches.epoch(2):
        pass
    assert not batches._kept
    assert batches._free == free
