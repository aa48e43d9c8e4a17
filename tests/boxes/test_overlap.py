import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.boxes import ciou, diou, giou, iou
from foveal.boxes import overlap as module

MEASURES = [iou, giou, diou, ciou]
# Not so near to 0 that an area is less than the least float32.
COORDINATES = st.one_of(
    st.integers(-3, 12).map(float),
    st.floats(-500, 1500, width=32).filter(lambda c: c == 0 or abs(c) > 1e-15),
)
BOX = st.tuples(COORDINATES, COORDINATES, COORDINATES, COORDINATES).map(
    lambda c: [min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])]
)
BOXES = st.lists(BOX, max_size=8).map(lambda rows: np.array(rows, np.float32).reshape(-1, 4))


def plain_iou(a, b):
    """The definition, one pair at a time, in Python's floats."""
    result = np.zeros((len(a), len(b)))
    for i, p in enumerate(np.asarray(a, float)):
        for j, q in enumerate(np.asarray(b, float)):
            w = min(p[2], q[2]) - max(p[0], q[0])
            h = min(p[3], q[3]) - max(p[1], q[1])
            both = max(w, 0) * max(h, 0)
            union = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both
            result[i, j] = both / union if union > 0 else 0
    return result


def random_boxes(count, seed, dtype=np.float32):
    generator = np.random.default_rng(seed)
    corner, size = generator.uniform(0, 300, (count, 2)), generator.uniform(0, 120, (count, 2))
    return np.hstack([corner, corner + size]).astype(dtype)


def test_worked_examples():
    # Half overlapping unit squares: intersection 1/2, union 3/2; the hull has no uncovered part.
    a, b = [[0, 0, 1, 1]], [[0.5, 0, 1.5, 1]]
    assert iou(a, b)[0, 0] == pytest.approx(1 / 3)
    assert giou(a, b)[0, 0] == pytest.approx(1 / 3)
    # Centres 0.5 apart, diagonal² of the 1.5 x 1 hull 3.25.
    assert diou(a, b)[0, 0] == pytest.approx(1 / 3 - 0.25 / 3.25)
    assert ciou(a, b)[0, 0] == pytest.approx(1 / 3 - 0.25 / 3.25)


def test_giou_follows_algorithm_1_of_rezatofighi_for_boxes_that_meet_at_a_corner():
    # Two unit squares in a 2 x 2 hull: U = 2, C = 4.
    assert giou([[0, 0, 1, 1]], [[1, 1, 2, 2]])[0, 0] == pytest.approx(-0.5)
    # Far away it tends to -1.
    assert giou([[0, 0, 1, 1]], [[999, 999, 1000, 1000]])[0, 0] == pytest.approx(-1, abs=1e-5)


def test_diou_tells_apart_what_giou_cannot():
    # A box inside another: GIoU is the IoU wherever it lies, DIoU sees the centre (Zheng 2020, figure 2).
    outer, middle, corner = [[0, 0, 4, 4]], [[1, 1, 3, 3]], [[0, 0, 2, 2]]
    assert giou(outer, middle) == giou(outer, corner) == 0.25
    assert diou(outer, middle) == 0.25
    assert diou(outer, corner)[0, 0] == pytest.approx(0.25 - 2 / 32)


def test_ciou_follows_equations_8_to_11_of_zheng():
    a, b = [0, 0, 4, 2], [1, 1, 3, 5]
    overlap = 2 / (8 + 8 - 2)
    distance = ((2 - 2) ** 2 + (1 - 3) ** 2) / (4**2 + 5**2)
    v = 4 / math.pi**2 * (math.atan(4 / 2) - math.atan(2 / 4)) ** 2
    expected = overlap - distance - v / ((1 - overlap) + v) * v
    assert ciou([a], [b])[0, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_identical_boxes_have_exactly_1(measure):
    boxes = random_boxes(200, 3)
    assert (measure(boxes, boxes, elementwise=True) == 1).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_points_and_lines_are_finite_and_identical_points_have_0(measure):
    flat = [[3, 3, 3, 3], [0, 0, 0, 9], [0, 0, 9, 0], [5, 5, 5, 5]]
    assert np.isfinite(measure(flat, flat)).all()
    assert measure(flat, flat)[0, 0] == 0
    assert iou(flat, flat).max() == 0


def test_giou_of_two_empty_boxes_apart_counts_the_whole_hull():
    assert giou([[0, 0, 0, 0]], [[2, 2, 2, 2]])[0, 0] == -1
    assert giou([[0, 0, 0, 4]], [[0, 6, 0, 9]])[0, 0] == 0


def test_inverted_boxes_are_empty():
    assert iou([[4, 4, 0, 0]], [[0, 0, 4, 4]])[0, 0] == 0
    assert np.isfinite(ciou([[4, 4, 0, 0]], [[0, 0, 4, 4]])).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_empties(measure):
    some = [[0, 0, 1, 1]] * 3
    assert measure([], some).shape == (0, 3)
    assert measure(some, []).shape == (3, 0)
    assert measure([], []).shape == (0, 0)
    assert measure([], [], elementwise=True).shape == (0,)


@pytest.mark.parametrize("measure", MEASURES)
def test_dtypes(measure):
    single, double = random_boxes(3, 0), random_boxes(4, 1, np.float64)
    assert measure(single, single).dtype == np.float32
    assert measure(single, double).dtype == np.float64
    assert measure(double, double, elementwise=True).dtype == np.float64


def test_elementwise_needs_pairs():
    with pytest.raises(ValueError, match="3 and 2"):
        iou(random_boxes(3, 0), random_boxes(2, 0), elementwise=True)


@given(BOXES, BOXES)
def test_bounds_symmetry_and_order(a, b):
    values = {measure: measure(a, b) for measure in MEASURES}
    for measure, value in values.items():
        assert np.isfinite(value).all()
        np.testing.assert_allclose(value, measure(b, a).T, atol=1e-5)
        assert (value <= values[iou]).all()
        assert (value >= {iou: 0, giou: -1, diou: -1, ciou: -1.5}[measure] - 1e-6).all()
    assert (values[iou] <= 1).all()
    assert (values[ciou] <= values[diou]).all()
    np.testing.assert_allclose(values[iou], plain_iou(a, b), atol=2e-6)


@given(BOXES)
def test_elementwise_is_the_diagonal(boxes):
    other = boxes[::-1]
    for measure in MEASURES:
        diagonal = np.diagonal(measure(boxes, other))
        np.testing.assert_array_equal(measure(boxes, other, elementwise=True), diagonal)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_iou_is_the_same_to_the_last_bit(monkeypatch, dtype):
    a, b = random_boxes(400, 5, dtype), random_boxes(300, 6, dtype)
    a[:20, 2:] = a[:20, :2]
    b[:5] = a[:5]
    compiled = iou(a, b)
    monkeypatch.setattr(module, "_PAIRS_TO_COMPILE", 10**9)
    np.testing.assert_array_equal(compiled, iou(a, b))


def test_blocks_do_not_show(monkeypatch):
    a, b = random_boxes(37, 7), random_boxes(11, 8)
    whole = [measure(a, b) for measure in MEASURES]
    monkeypatch.setattr(module, "_PAIRS_PER_BLOCK", 25)
    for measure, expected in zip(MEASURES, whole, strict=True):
        np.testing.assert_array_equal(measure(a, b), expected)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_arguments_stay_as_they_are(measure):
    a = random_boxes(5, 0)
    a[0, 2:] = a[0, :2] - 1
    a.flags.writeable = False
    measure(a, a)
