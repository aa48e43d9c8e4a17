from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.images import PALETTE, color_of, draw_boxes

GREY = 120


def blank(height=120, width=160):
    return np.full((height, width, 3), GREY, np.uint8)


def changed(image):
    return (image != GREY).any(axis=2)


def test_the_outline_lies_on_the_first_and_last_pixels_of_a_half_open_box():
    drawn = changed(draw_boxes(blank(), [[10, 20, 40, 50]], width=1))
    expected = np.zeros_like(drawn)
    expected[20:50, 10:40] = True
    expected[21:49, 11:39] = False
    np.testing.assert_array_equal(drawn, expected)


def test_a_copy_is_drawn_on():
    image = blank()
    image.flags.writeable = False
    drawn = draw_boxes(image, [[10, 20, 40, 50]], ["x"])
    assert (image == GREY).all()
    assert drawn.flags.writeable
    assert drawn.flags.c_contiguous
    assert draw_boxes(image, []) is not image


def test_colours():
    boxes = [[10, 20, 40, 50], [60, 20, 90, 50]]
    drawn = draw_boxes(blank(), boxes, colors=[1, 3], width=1)
    assert tuple(drawn[20, 10]) == color_of(1)
    assert tuple(drawn[20, 60]) == color_of(3)
    drawn = draw_boxes(blank(), boxes, colors=np.array([[1, 2, 3], [4, 5, 6]]), width=1)
    assert drawn[20, 60].tolist() == [4, 5, 6]
    assert tuple(draw_boxes(blank(), boxes, width=1)[20, 60]) == color_of(0)


def test_earlier_boxes_lie_above():
    drawn = draw_boxes(blank(), [[10, 10, 50, 50]] * 2, colors=[1, 2], width=1)
    assert tuple(drawn[10, 10]) == color_of(1)


def test_boxes_that_stick_out_are_drawn_along_the_border_and_those_outside_not():
    drawn = changed(draw_boxes(blank(), [[-30, -30, 500, 500]], width=1))
    assert drawn[0].all()
    assert drawn[-1].all()
    assert drawn[:, 0].all()
    assert drawn[:, -1].all()
    outside = [[-50, 0, -10, 40], [0, 200, 10, 210], [500, 500, 600, 600], [9, 9, 3, 3]]
    assert not changed(draw_boxes(blank(), outside, ["a", "b", "c", "d"])).any()


def test_a_label_stands_above_its_box_in_its_colour_where_there_is_room():
    drawn = draw_boxes(blank(), [[30, 60, 120, 110]], ["dog 0.98"], colors=[5], width=1)
    above = drawn[:60]
    assert (above == PALETTE[5]).all(axis=2).sum() > 100
    # Black text on yellow.
    assert (above.max(axis=2) < 60).sum() > 10
    assert not changed(draw_boxes(blank(), [[30, 60, 120, 110]], [None], width=1)[:60]).any()
    assert not changed(draw_boxes(blank(), [[30, 60, 120, 110]], [""], width=1)[:60]).any()


def test_text_is_white_on_dark_colours():
    drawn = draw_boxes(blank(), [[30, 60, 120, 110]], ["dog"], colors=[[20, 0, 60]], width=1)
    assert (drawn[:60].min(axis=2) > 200).any()


def test_two_boxes_at_one_place_have_two_labels_that_can_be_read():
    one = draw_boxes(blank(), [[30, 60, 120, 110]], ["dog"], colors=[1], width=1)
    two = draw_boxes(blank(), [[30, 60, 120, 110]] * 2, ["dog", "cat"], colors=[1, 2], width=1)
    label = (one[:60] == color_of(1)).all(axis=2)
    assert (two[:60][label] == color_of(1)).all()
    other = (two == color_of(2)).all(axis=2).sum()
    assert other > 60


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (12, 300), (300, 12), (40, 40), (375, 500), (2000, 3000)])
def test_any_size_of_image(shape):
    height, width = shape
    boxes = [[0, 0, width, height], [width / 2, height / 2, width * 2, height * 2], [0, 0, 1, 1]]
    drawn = draw_boxes(blank(*shape), boxes, ["a rather long name of a class 0.99", "b", "日本"], [0, 1, 2])
    assert drawn.shape == (height, width, 3)
    assert changed(drawn).any()


def test_text_grows_with_the_image():
    def label_pixels(size):
        image = blank(size, size)
        named = draw_boxes(image, [[size / 4, size / 2, size - 1, size - 1]], ["dog"])
        bare = draw_boxes(image, [[size / 4, size / 2, size - 1, size - 1]])
        return (named != bare).any(axis=2).any(axis=1).sum()

    assert label_pixels(3000) > 4 * label_pixels(400) > 0


def test_any_text():
    names = ["Köter", "собака", "σκύλος", "犬", "a\nb\tc", "🐕", "x" * 500, "  "]
    boxes = [[5 + 15 * i, 30, 20 + 15 * i, 60] for i in range(len(names))]
    draw_boxes(blank(), boxes, names)


@settings(max_examples=30)
@given(st.lists(st.tuples(*[st.floats(-300, 300)] * 4), max_size=6), st.integers(1, 90), st.integers(1, 90))
def test_anything_can_be_drawn(boxes, height, width):
    drawn = draw_boxes(blank(height, width), boxes, ["name 0.5"] * len(boxes), list(range(len(boxes))))
    assert drawn.shape == (height, width, 3)


def test_threads_draw_the_same():
    boxes, names = [[10, 40, 90, 90], [50, 60, 150, 110]], ["dog 0.9", "кот 0.8"]
    alone = draw_boxes(blank(), boxes, names)
    with ThreadPoolExecutor(4) as pool:
        for drawn in pool.map(lambda _: draw_boxes(blank(), boxes, names), range(40)):
            np.testing.assert_array_equal(drawn, alone)


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        ({"image": np.zeros((4, 4), np.uint8)}, r"\(H, W, 3\)"),
        ({"image": np.zeros((4, 4, 3), np.float32)}, "float32"),
        ({"names": ["a", "b"]}, "2 for 1"),
        ({"colors": [1, 2]}, "colors"),
        ({"colors": [0.5]}, "colors"),
        ({"width": 0}, "width"),
    ],
)
def test_arguments_are_checked(arguments, pattern):
    with pytest.raises(ValueError, match=pattern):
        draw_boxes(**{"image": blank(), "boxes": [[0, 0, 5, 5]], **arguments})


@pytest.mark.parametrize("name", ["caf\udce9", "\x1b[31m", "\ud800", "\x00", "a\u202eb", "猫"])
def test_labels_of_any_letters(name):
    assert changed(draw_boxes(blank(), [[10, 60, 140, 110]], [name])).any()
