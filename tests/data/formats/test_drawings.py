import math

import pytest

from foveal.data.formats.drawings import around_ellipse, class_name, coordinate, corners, side


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 1.1e7, -1e40, 10**400, "x", "", None, True, [], {}, "nan"]
)
def test_what_is_no_coordinate(value):
    with pytest.raises(ValueError, match=r"for a coordinate$"):
        coordinate(value)
    assert side(value) == 0


def test_negative_coordinates_are_some():
    assert coordinate(-3) == -3
    assert coordinate(" 4e0 ") == 4
    assert side(-3) == 0


@pytest.mark.parametrize("value", [None, "", "  ", True, 1.5, [], {}])
def test_what_is_no_class(value):
    with pytest.raises(ValueError, match="has no class"):
        class_name(value)


def test_names_are_composed():
    assert class_name(" Mo\u0308we ") == "Möwe"
    assert class_name(7) == "7"


@pytest.mark.parametrize("points", [None, [], [1, 2], [[1]], [{"x": 1}], "ab", [[1, 2], None]])
def test_what_are_no_points(points):
    with pytest.raises(ValueError, match=r"^has "):
        corners(points)


@pytest.mark.parametrize("angle", [0, 0.3, 1, math.pi / 2, 4])
def test_a_box_around_an_ellipse_touches_it(angle):
    x1, y1, x2, y2 = around_ellipse(20, 15, 10, 4, angle)
    turns = [2 * math.pi * i / 5000 for i in range(5000)]
    xs = [20 + 10 * math.cos(t) * math.cos(angle) - 4 * math.sin(t) * math.sin(angle) for t in turns]
    ys = [15 + 10 * math.cos(t) * math.sin(angle) + 4 * math.sin(t) * math.cos(angle) for t in turns]
    assert (x1, y1, x2, y2) == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=1e-4)
