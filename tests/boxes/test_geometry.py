import numpy as np
import pytest

from foveal.boxes import area, clip, iou


def test_area_is_width_times_height_without_plus_one():
    assert area([[0, 0, 2, 3], [1.5, 1, 2, 2]]).tolist() == [6, 0.5]


def test_inverted_and_empty_boxes_have_area_zero():
    assert area([[5, 5, 1, 9], [5, 5, 1, 1], [3, 3, 3, 3]]).tolist() == [0, 0, 0]


def test_dtype_is_float32_unless_float64_is_given():
    assert area([[0, 0, 1, 1]]).dtype == np.float32
    assert area(np.array([[0, 0, 1, 1]], np.int64)).dtype == np.float32
    assert area(np.array([[0, 0, 1, 1]], np.float64)).dtype == np.float64


def test_clip_keeps_the_argument_and_moves_outside_boxes_to_the_border():
    boxes = np.float32([[-5, -5, 5, 5], [30, 0, 40, 5]])
    before = boxes.copy()
    clipped = clip(boxes, 20, 10)
    assert clipped.tolist() == [[0, 0, 5, 5], [20, 0, 20, 5]]
    assert np.array_equal(boxes, before)
    assert area(clipped)[1] == 0


@pytest.mark.parametrize("empty", [[], np.zeros((0, 4)), np.zeros((0,)), [[]]])
def test_no_boxes_are_welcome(empty):
    assert area(empty).shape == (0,)
    assert clip(empty, 5, 5).shape == (0, 4)


@pytest.mark.parametrize("wrong", [[1, 2, 3, 4], [[1, 2, 3]], np.zeros((2, 2, 4)), 7, np.zeros((0, 3))])
def test_wrong_shapes_are_named(wrong):
    with pytest.raises(ValueError, match=r"boxes must have the shape \(N, 4\)"):
        area(wrong)


def test_one_box_is_told_how_to_be_written():
    with pytest.raises(ValueError, match=r"\[\[x1, y1, x2, y2\]\]"):
        area([1, 2, 3, 4])


@pytest.mark.parametrize("wrong", [["a", "b"], [[0, 0, 1, 1], [0, 0, 1]]])
def test_what_is_no_array_of_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="boxes must be numbers"):
        area(wrong)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coordinates_must_be_finite(bad):
    with pytest.raises(ValueError, match="b must be finite; number 1"):
        iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [0, bad, 1, 1]])


def test_clip_refuses_a_negative_image():
    with pytest.raises(ValueError, match="negative"):
        clip([[0, 0, 1, 1]], -1, 5)
