import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.boxes import anchor_sizes, base_anchors, grid_anchors, iou

STRIDES = (8, 16, 32)


def test_the_papers_nine():
    sizes = base_anchors([128, 256, 512])
    assert sizes.shape == (9, 2)
    np.testing.assert_allclose(np.sqrt(sizes.prod(axis=1)), np.repeat([128, 256, 512], 3), rtol=1e-6)
    np.testing.assert_allclose(sizes[:, 1] / sizes[:, 0], [0.5, 1, 2] * 3, rtol=1e-6)


def test_cells_are_row_by_row_and_sizes_innermost():
    sizes = np.float32([[10, 20], [30, 6]])
    anchors = grid_anchors((3, 4), 16, sizes).reshape(3, 4, 2, 4)
    for i, j, a in np.ndindex(3, 4, 2):
        x1, y1, x2, y2 = anchors[i, j, a]
        assert ((x1 + x2) / 2, (y1 + y2) / 2) == ((j + 0.5) * 16, (i + 0.5) * 16)
        assert (x2 - x1, y2 - y1) == tuple(sizes[a])


def test_no_cells_and_no_sizes():
    assert grid_anchors((0, 4), 8, [[1, 1]]).shape == (0, 4)
    assert grid_anchors((2, 4), 8, []).shape == (0, 4)
    assert base_anchors([]).shape == (0, 2)
    assert grid_anchors((2, 4), 8, []).dtype == np.float32


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 3))
def test_scales_cover_the_boxes(seed, n, per_octave):
    rng = np.random.default_rng(seed)
    sides = np.exp(rng.normal(4, 0.7, n))
    shape = np.exp(rng.normal(0, 0.5, n) / 2)
    sizes = np.stack([sides / shape, sides * shape], axis=1)
    levels = anchor_sizes(sizes, STRIDES, scales_per_octave=per_octave)
    assert [len(level) > 0 for level in levels] == [True] * 3
    every = np.concatenate(levels)
    scales = np.unique(np.sqrt(every.prod(axis=1)).round(3))
    low, high = np.quantile(sides, [0.02, 0.98])
    inside = sides[(sides >= low) & (sides <= high)]
    octaves = np.abs(np.log2(inside[:, None] / scales)).min(axis=1)
    assert (octaves <= 0.5 / per_octave + 1e-3).all()
    ratios = np.sort(every[:, 1] / every[:, 0])
    # The same, but for how it was rounded.
    ratios = ratios[np.append(True, ratios[1:] / ratios[:-1] > 1.001)]
    assert len(ratios) <= 3
    assert (ratios[1:] / ratios[:-1] > 1.19).all()


def test_scales_go_to_the_level_that_is_nearest_to_an_eighth():
    sides = np.array([[20, 20], [70, 70], [130, 130], [270, 270], [600, 600]])
    levels = anchor_sizes(sides.repeat(20, axis=0), STRIDES)
    for level, stride in zip(levels, STRIDES, strict=True):
        octaves = np.log2(level[:, 0] / 8 / stride)
        assert (octaves > (-0.5 if stride > 8 else -9)).all()
        assert (octaves < (0.5 if stride < 32 else 9)).all()
    assert [len(level) for level in levels] == [2, 1, 2]


def test_one_box_is_enough():
    levels = anchor_sizes([[60, 30]], STRIDES)
    for level in levels:
        # The one scale there is stands on every level.
        np.testing.assert_allclose(level, [[60, 30]], rtol=1e-6)


def test_boxes_of_one_shape_have_one_ratio_and_others_three():
    square = np.full((30, 2), 50.0)
    assert len(anchor_sizes(square, (16,))[0]) == 1
    shapes = np.exp(np.linspace(-1, 1, 30))
    sizes = np.stack([50 / shapes, 50 * shapes], axis=1)
    assert len(anchor_sizes(sizes, (16,))[0]) == 3
    assert len(anchor_sizes(sizes, (16,), max_ratios=2)[0]) == 2


def test_no_boxes_and_boxes_without_area():
    for sizes in ([], np.zeros((0, 2)), [[0, 5], [3, 0]]):
        levels = anchor_sizes(sizes, STRIDES)
        assert [len(level) for level in levels] == [3, 3, 3]
        np.testing.assert_allclose([level[1] for level in levels], [[64, 64], [128, 128], [256, 256]])


def test_every_box_of_usual_shape_overlaps_an_anchor_well():
    rng = np.random.default_rng(0)
    sides, shape = np.exp(rng.uniform(np.log(40), np.log(250), 400)), np.exp(rng.uniform(-0.4, 0.4, 400))
    sizes = np.stack([sides / shape, sides * shape], axis=1)
    centre = rng.uniform(100, 400, (400, 2))
    boxes = np.hstack([centre - sizes / 2, centre + sizes / 2])
    levels = anchor_sizes(sizes, STRIDES)
    anchors = np.concatenate(
        [grid_anchors((512 // s, 512 // s), s, level) for s, level in zip(STRIDES, levels, strict=True)]
    )
    best = iou(boxes, anchors).max(axis=1)
    assert best.mean() > 0.7
    assert np.quantile(best, 0.05) > 0.5


def test_what_cannot_be():
    with pytest.raises(ValueError, match="ratios must be positive"):
        base_anchors([1], [0])
    with pytest.raises(ValueError, match="scales must be positive"):
        base_anchors([-1])
    with pytest.raises(ValueError, match="positive stride"):
        grid_anchors((2, 2), 0, [[1, 1]])
    with pytest.raises(ValueError, match=r"shape \(A, 2\)"):
        grid_anchors((2, 2), 8, [1, 1])
    with pytest.raises(ValueError, match="at least one level"):
        anchor_sizes([[1, 1]], [])
