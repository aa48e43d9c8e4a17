import numpy as np
import pytest

from foveal.data import load
from foveal.errors import DataError
from foveal.images import read
from foveal.metrics import compare_proposers, proposal_recall
from foveal.proposals import Proposals, SlidingWindow


class Whole:
    """Proposes the whole image and nothing else."""

    def propose(self, image):
        height, width = image.shape[:2]
        return Proposals(np.float32([[0, 0, width, height]]), np.float32([1]))

    def get_config(self):
        return {"kind": "whole"}


def test_each_method_is_measured_on_the_same_images(scene_folder):
    test = load(scene_folder).part("test")
    seen = []
    found = compare_proposers(
        {"all": Whole(), "windows": SlidingWindow()},
        test,
        numbers=(1, None),
        thresholds=(0.3, 0.5),
        callbacks=[seen.append],
    )
    assert list(found) == ["all", "windows"]
    assert found["all"].objects == found["windows"].objects == sum(len(s.boxes) for s in test)
    assert found["all"].mean_counts.tolist() == [1, 1]
    windows = [SlidingWindow().propose(read(s.path)).boxes for s in test]
    expected = proposal_recall(
        windows,
        [s.boxes for s in test],
        numbers=(1, None),
        thresholds=(0.3, 0.5),
        labels=[s.labels for s in test],
    )
    np.testing.assert_allclose(found["windows"].recall, expected.recall)
    np.testing.assert_allclose(found["windows"].abo, expected.abo)
    assert any(e.get("stage") == "proposals of windows" for e in seen)


def test_boxes_are_needed(color_folder):
    with pytest.raises(DataError, match="no boxes"):
        compare_proposers({"all": Whole()}, load(color_folder))
