"""From a head's answers to detections."""

import numpy as np

from foveal.models.detection.roi.postprocess import Postprocessor


def detect(head, rois, size, **settings):
    """Boxes, scores and labels of what the head says of regions."""
    found = Postprocessor(**{"nms_threshold": 0.5, "min_side": 1.0, **settings})(
        *head(rois), rois, size, head=head
    )
    return found.boxes, found.scores, found.labels


def head_that_says(probabilities, deltas=None):
    """A head that always says the same of the first regions, whatever they are."""

    def head(regions):
        n = len(regions)
        logits = np.log(np.asarray(probabilities, np.float32)[:n])
        return logits, np.zeros((n, logits.shape[1] - 1, 4), np.float32) if deltas is None else deltas[:n]

    return head


REGIONS = np.array([[0, 0, 20, 20], [1, 0, 21, 20], [40, 40, 60, 70], [5, 5, 6, 6]], np.float32)


def test_classes_thresholds_and_order():
    said = [[0.6, 0.1, 0.3], [0.5, 0.1, 0.4], [0.05, 0.9, 0.05], [0.001, 0.001, 0.998]]
    boxes, scores, labels = detect(
        head_that_says(said), REGIONS, (100, 100), refinements=0, vote_threshold=1.0, min_score=0.02
    )
    assert labels.tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(scores, [0.9, 0.6, 0.1, 0.05], rtol=1e-5)
    np.testing.assert_array_equal(boxes[:2], REGIONS[[2, 0]])


def test_voting_is_a_weighted_mean():
    said = [[0.6, 0.4], [0.3, 0.7]]
    boxes, scores, _ = detect(
        head_that_says(said), REGIONS[:2], (100, 100), refinements=0, vote_threshold=0.7, min_score=0.02
    )
    assert len(boxes) == 1
    np.testing.assert_allclose(
        boxes[0],
        [0.6 * 0 + 0.3 * 1, 0, 18 + 2.0, 20] / np.float32(1) * 0
        + ((0.6 * REGIONS[0] + 0.3 * REGIONS[1]) / 0.9),
        rtol=1e-5,
    )
    np.testing.assert_allclose(scores, [0.6], rtol=1e-5)


def test_boxes_are_looked_at_again():
    seen = []

    def head(regions):
        seen.append(regions.copy())
        # Every look moves a box by a tenth of its width to the right, and is surer than the one before.
        sure = np.float32([0.5, 0.7][min(len(seen) - 1, 1)])
        logits = np.log(np.tile(np.float32([sure, 1 - sure]), (len(regions), 1)))
        return logits, np.tile(np.float32([1, 0, 0, 0]), (len(regions), 1, 1))

    boxes, scores, _ = detect(head, REGIONS[2:3], (100, 100), refinements=1, vote_threshold=0.7)
    assert len(seen) == 2
    np.testing.assert_allclose(boxes, [[44, 40, 64, 70]], atol=1e-4)
    np.testing.assert_allclose(scores, [0.6], rtol=1e-5)


def test_boxes_stay_inside_and_none_is_none():
    deltas = np.tile(np.float32([50, 0, 0, 0]), (1, 1, 1))
    boxes, _, _ = detect(head_that_says([[0.9, 0.1]], deltas), REGIONS[2:3], (75, 70), refinements=1)
    assert len(boxes) == 0
    none = detect(head_that_says(np.empty((0, 2))), REGIONS[:0], (75, 70), refinements=1)
    assert [len(part) for part in none] == [0, 0, 0]
