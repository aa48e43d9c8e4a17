import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import SettingError
from foveal.proposals import SlidingWindow


def windows(height, width, **parameters):
    return SlidingWindow(**parameters).propose(np.zeros((height, width, 3), np.uint8))


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.1, 1.5))
@settings(max_examples=40, deadline=None)
def test_inside_unique_and_large_ones_first(height, width, stride):
    proposals = windows(height, width, stride=stride)
    boxes = proposals.boxes
    assert boxes.dtype == np.float32
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [width, height]).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert (np.diff(proposals.scores) <= 0).all()
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    np.testing.assert_allclose(proposals.scores, areas / (height * width), rtol=1e-5)


def test_steps_of_a_share_of_the_window_and_the_last_one_moved_in():
    boxes = windows(10, 24, sizes=(1.0,), ratios=(1.0,), stride=0.5).boxes
    assert boxes.tolist() == [[x, 0, x + 10, 10] for x in (0, 5, 10, 14)]


def test_shapes_have_the_same_area():
    boxes = windows(100, 300, sizes=(0.5,), ratios=(0.25, 1.0, 4.0), stride=9).boxes
    sides = {tuple(side) for side in (boxes[:, 2:] - boxes[:, :2]).tolist()}
    assert sides == {(25, 100), (50, 50), (100, 25)}


def test_the_whole_image_is_covered():
    seen = np.zeros((31, 47), bool)
    for x1, y1, x2, y2 in windows(31, 47, sizes=(0.3,), stride=1.0).boxes.astype(int):
        seen[y1:y2, x1:x2] = True
    assert seen.all()


def test_a_step_that_is_rounded_up_stays_inside():
    boxes = windows(6, 19, sizes=(1.0,), ratios=(1.0,), stride=0.25).boxes
    assert boxes[:, 2].max() == 19


@pytest.mark.parametrize("wrong", [{"sizes": ()}, {"sizes": (0.5, 0)}, {"ratios": (-1.0,)}, {"stride": 0}])
def test_settings(wrong):
    with pytest.raises(SettingError, match="above 0"):
        SlidingWindow(**wrong)
