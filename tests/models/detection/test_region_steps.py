"""The steps of R-CNN end in what it predicts."""

import numpy as np

from foveal import load
from foveal.images import read


def test_the_steps_end_in_the_detections(scene_run):
    model = load(scene_run.folder.path)
    sample = scene_run.record.test[0]
    image = read(sample.path)
    steps = model.trace(image, sample.boxes, object_names=["x"] * len(sample.boxes))
    (detections,) = model.predict([image])
    assert len(detections)
    np.testing.assert_array_equal(steps.detections.boxes, detections.boxes)
    np.testing.assert_array_equal(steps.detections.scores, detections.scores)
    np.testing.assert_array_equal(steps.detections.labels, detections.labels)
    assert steps.anchors == ()
    assert steps.probabilities.shape == (len(steps.candidates), len(model.classes_))
    # Each detection is its proposal, moved by the regression of its class.
    rows = steps.detection_regions
    np.testing.assert_array_equal(steps.moved[rows, detections.labels], detections.boxes)
    np.testing.assert_array_equal(steps.probabilities[rows, detections.labels], detections.scores)
    assert steps.objects.tolist() == sample.boxes.tolist()
    assert model.trace(sample.path).objects is None
