import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foveal import boxes

SIZE = (90, 160)
PAIRS = {
    "xywh": (boxes.from_xywh, boxes.to_xywh),
    "cxcywh": (boxes.from_cxcywh, boxes.to_cxcywh),
    "normalized": (boxes.from_normalized, boxes.to_normalized),
}


@pytest.mark.parametrize("form", PAIRS)
@given(found=arrays(np.float64, (3, 4), elements=st.floats(-500, 500)))
def test_there_and_back(form, found):
    back, there = PAIRS[form]
    np.testing.assert_allclose(back(there(found, SIZE), SIZE), found, atol=1e-9)
    if form != "normalized":
        np.testing.assert_allclose(back(there(found)), found, atol=1e-9)


def test_a_line_of_a_yolo_file():
    # Centre at (80, 45), a quarter of the width and a third of the height.
    found = boxes.from_cxcywh([[0.5, 0.5, 0.25, 1 / 3]], SIZE)
    np.testing.assert_allclose(found, [[60, 30, 100, 60]], atol=1e-4)


def test_a_box_of_coco():
    np.testing.assert_array_equal(boxes.from_xywh([[1, 2, 3, 4]]), [[1, 2, 4, 6]])
    np.testing.assert_allclose(boxes.to_xywh([[16, 9, 32, 27]], SIZE), [[0.1, 0.1, 0.1, 0.2]], rtol=1e-6)


@pytest.mark.parametrize("form", PAIRS)
def test_none_at_all_and_types(form):
    for function in PAIRS[form]:
        assert function([], SIZE).shape == (0, 4)
        assert function([[1, 2, 3, 4]], SIZE).dtype == np.float32
        assert function(np.ones((1, 4)), SIZE).dtype == np.float64


@pytest.mark.parametrize("form", PAIRS)
def test_what_is_given_stays(form):
    given_boxes = np.array([[1, 2, 3, 4]], np.float32)
    for function in PAIRS[form]:
        function(given_boxes, (1, 1))[:] = 9
        np.testing.assert_array_equal(given_boxes, [[1, 2, 3, 4]])


def test_a_wrong_size_is_told():
    for size in ((0, 3), 5, (1, 2, 3), (np.nan, 3)):
        with pytest.raises(ValueError, match="height, width"):
            boxes.from_cxcywh([[1, 2, 3, 4]], size)
    with pytest.raises(ValueError, match="shape"):
        boxes.to_xywh([[1, 2, 3]])
