import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foveal.data.formats.box_layouts import Verdict, are_shares, as_usual, corners_of, layout_of
from foveal.errors import DataError

LAYOUTS = ("corners", "sides", "centres", "spans")


def written(corners, layout):
    """Corners in another layout."""
    first, last = corners[:, :2], corners[:, 2:]
    return {
        "corners": corners,
        "sides": np.hstack([first, last - first]),
        "centres": np.hstack([(first + last) / 2, last - first]),
        "spans": corners[:, [0, 2, 1, 3]],
    }[layout]


@pytest.mark.parametrize("layout", LAYOUTS)
@given(arrays(np.float64, (5, 4), elements=st.floats(0, 1000)))
def test_corners_come_back(layout, numbers):
    corners = np.sort(numbers.reshape(5, 2, 2), axis=1).reshape(5, 4)
    np.testing.assert_allclose(corners_of(written(corners, layout), layout), corners, atol=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_boxes_tell_their_layout(layout):
    rng = np.random.default_rng(0)
    size = np.array([640.0, 480.0])
    corners = np.sort(rng.uniform(0, 1, (500, 2, 2)), axis=1) * size
    numbers = written(corners.reshape(-1, 4), layout)
    # A few broken ones among many change nothing.
    numbers[:5] = [600, 400, 2000, 3000]
    verdict = layout_of(numbers, np.tile(size, (500, 1)), LAYOUTS)
    assert verdict == Verdict(layout)


def test_without_sizes_only_the_order_tells():
    sizes = np.full((1, 2), np.nan)
    assert layout_of(np.array([[40.0, 20, 20, 24]]), sizes, ["corners", "sides"]) == Verdict("sides")
    assert layout_of(np.array([[1.0, 2, 3, 4]]), sizes, ["corners", "sides"]) == Verdict(
        "corners", ("sides",)
    )


def test_shares_are_told_by_all_numbers():
    assert are_shares(np.array([[0, 0, 1, 1.0]]))
    assert not are_shares(np.array([[0, 0, 30, 20.0]]))
    assert not are_shares(np.zeros((0, 4)))
    many = np.full((100, 4), 0.5)
    many[0] = 7  # One that sticks out far.
    assert are_shares(many)


def test_what_is_said_of_a_layout():
    assert as_usual(Verdict("sides"), "sides", "a", "Mend it") is None
    assert as_usual(Verdict("sides"), None, "a", "Mend it") is None
    assert as_usual(Verdict("sides"), "corners", "a", "Mend it").severity == "warning"
    assert as_usual(Verdict("sides", ("corners",)), "sides", "a", "Mend it").severity == "note"
    with pytest.raises(DataError, match=r"x, y, width, height or x1, y1, x2, y2: .*Mend it"):
        as_usual(Verdict("sides", ("corners",)), None, "a", "Mend it")
