"""Faster R-CNN's steps end in what it predicts."""

import numpy as np
import pytest

from foveal.data import load
from foveal.models.detectors.faster_rcnn import FasterRCNN
from foveal.models.explaining.attention import with_attention


@pytest.fixture(scope="module")
def fitted(scene_folder):
    data = load(scene_folder)
    model = FasterRCNN(
        size=160, epochs=2, channels=16, hidden=32, roi_size=3, finetune_fraction=0, passes_per_view=1
    )
    return model.fit(data.part("train"), validation=data.select([])), data.part("test")


def test_the_steps_end_in_the_detections(fitted):
    model, test = fitted
    sample = test[0]
    steps = model.trace(sample.path, sample.boxes, object_names=[test.classes[k] for k in sample.labels])
    (found,) = model.predict([sample.path])
    assert len(found)
    # The picture is looked at in a smaller size, and prediction is ONNX Runtime's.
    scale = np.array(steps.scale * 2)
    assert max(steps.image.shape) == 160
    np.testing.assert_allclose(steps.detections.boxes[:5] / scale, found.boxes[:5], atol=0.5)
    np.testing.assert_allclose(steps.detections.scores[:5], found.scores[:5], atol=1e-3)
    np.testing.assert_allclose(steps.objects / scale, sample.boxes, atol=1e-3)
    assert steps.matches.foreground.any()
    (proposals,) = model.propose_all([sample.path])
    np.testing.assert_allclose(steps.proposals[:20] / scale, proposals.boxes[:20], atol=0.1)
    assert model.trace(sample.path).matches is None


def test_regions_are_those_of_the_settings(fitted):
    model, test = fitted
    steps = with_attention(model, model.trace(test[1].path))
    places = [level.shape[0] * level.shape[1] * level.shape[2] for level in steps.objectness]
    assert [len(level) for level in steps.anchors] == places
    assert steps.attention.shape[1:] == (3, 3)
    assert all((level > 0).all() and (level < 1).all() for level in steps.objectness)
