"""The steps of RoIAlign and RoIPool, against other ways to the same numbers."""

import numpy as np
import pytest

from foveal import nn

BOXES = [
    [3.0, 5.0, 61.0, 47.0],
    [0.0, 0.0, 96.0, 64.0],
    [-30.0, -20.0, 20.0, 30.0],
    [80.0, 50.0, 140.0, 90.0],
    [10.2, 11.7, 12.9, 14.1],
]


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(8, 12))


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(("size", "ratio"), [(1, 1), (3, 2), (7, 2)])
def test_align_is_torchvisions_rule(x, box, size, ratio):
    # An independent reading of the rule: interpolate at every point by scipy, the border repeated.
    from scipy.ndimage import map_coordinates

    steps = nn.roi_align_steps(x, box, size, spatial_scale=1 / 8, sampling_ratio=ratio)
    assert [(s.row, s.column) for s in steps] == [(i, j) for i in range(size) for j in range(size)]
    for step in steps:
        at = step.points - 0.5
        values = map_coordinates(x, [at[:, 1], at[:, 0]], order=1, mode="nearest")
        outside = (at[:, 0] < -1) | (at[:, 1] < -1) | (at[:, 0] > x.shape[1]) | (at[:, 1] > x.shape[0])
        values[outside] = 0
        assert step.value == pytest.approx(values.mean(), abs=1e-12)
        assert step.weights.sum(axis=1) == pytest.approx(np.where(outside, 0.0, 1.0))


def test_align_agrees_with_the_layer(x):
    roi_align = pytest.importorskip("foveal.nn.functional.roi_align").roi_align
    boxes = np.float64(BOXES)
    pooled = roi_align(x[None, ..., None], boxes, np.zeros(len(boxes), np.int64), 5, spatial_scale=1 / 8)
    for box, result in zip(boxes, pooled, strict=True):
        values = [step.value for step in nn.roi_align_steps(x, box, 5, spatial_scale=1 / 8)]
        assert np.reshape(values, (5, 5)) == pytest.approx(result[..., 0], abs=1e-9)


def test_pool_by_hand():
    x = np.arange(48.0).reshape(6, 8)
    # x from 9/4 = 2.25 to (23 - 1)/4 = 5.5, so cells 2 to 6; y from 1 to (11 - 1)/4 = 2.5, so cells 1 to 3.
    steps = nn.roi_pool_steps(x, [9, 4, 23, 11], 2, spatial_scale=1 / 4)
    assert [s.rows.tolist() for s in steps] == [[1, 2], [1, 2], [2, 3], [2, 3]]
    assert [s.columns.tolist() for s in steps] == [[2, 3, 4], [4, 5, 6]] * 2
    assert [s.value for s in steps] == [x[2, 4], x[2, 6], x[3, 4], x[3, 6]]
    assert [s.chosen for s in steps] == [(2, 4), (2, 6), (3, 4), (3, 6)]


def test_pool_outside_of_the_map():
    (step,) = nn.roi_pool_steps(np.ones((2, 2)), [50, 50, 60, 60], 1)
    assert (step.chosen, step.value) == (None, 0.0)


def test_pool_agrees_with_the_layer(x):
    roi_pool = pytest.importorskip("foveal.nn.functional.roi_pool").roi_pool
    boxes = np.float64(BOXES)
    pooled = roi_pool(x[None, ..., None], boxes, np.zeros(len(boxes), np.int64), 3, spatial_scale=1 / 8)
    pooled = pooled[0] if isinstance(pooled, tuple) else pooled
    for box, result in zip(boxes, pooled, strict=True):
        values = [step.value for step in nn.roi_pool_steps(x, box, 3, spatial_scale=1 / 8)]
        assert np.reshape(values, (3, 3)) == pytest.approx(result[..., 0])


@pytest.mark.parametrize("steps", [nn.roi_align_steps, nn.roi_pool_steps])
def test_what_is_refused(steps):
    x = np.ones((3, 3))
    with pytest.raises(ValueError, match="shape"):
        steps(np.ones(3), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="four finite"):
        steps(x, [0, 0, np.nan, 1])
    with pytest.raises(ValueError, match="output_size"):
        steps(x, [0, 0, 1, 1], 0)
    with pytest.raises(ValueError, match="spatial_scale"):
        steps(x, [0, 0, 1, 1], 1, spatial_scale=0)
    with pytest.raises(ValueError, match="sampling_ratio"):
        nn.roi_align_steps(x, [0, 0, 1, 1], 1, sampling_ratio=0)
