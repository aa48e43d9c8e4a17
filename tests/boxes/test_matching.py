import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.boxes import BACKGROUND, IGNORE, iou, match, matching

# Heights of boxes 10 wide against an object of 10 x 10: the IoU is the height in tenths.
OBJECT = [[0, 0, 10, 10]]


def of_iou(*tenths):
    return [[0, 0, 10, t] for t in tenths]


def test_foreground_ignored_and_background_by_iou():
    found = match(of_iou(10, 7, 6, 3, 2, 0), OBJECT, foreground=0.7, background=0.3)
    assert found.indices.tolist() == [0, 0, IGNORE, IGNORE, BACKGROUND, BACKGROUND]
    np.testing.assert_allclose(found.ious, [1, 0.7, 0.6, 0.3, 0.2, 0], rtol=1e-6)
    assert found.foreground.tolist() == [True, True, False, False, False, False]
    assert found.background.tolist() == [False] * 4 + [True] * 2
    assert len(found) == 6


def test_nothing_lies_between_by_default():
    assert match(of_iou(5, 4), OBJECT).indices.tolist() == [0, BACKGROUND]


def test_the_floor_leaves_only_difficult_negatives():
    found = match(of_iou(6, 4, 2, 1), OBJECT, foreground=0.5, background=0.5, background_floor=0.2)
    assert found.indices.tolist() == [0, BACKGROUND, BACKGROUND, IGNORE]


def test_the_best_object_wins_and_of_equals_the_first():
    boxes = [[0, 0, 10, 10]]
    assert match(boxes, [[0, 0, 10, 7], [0, 0, 10, 9]]).indices.tolist() == [1]
    assert match(boxes, [[0, 0, 10, 8], [0, 2, 10, 10]]).indices.tolist() == [0]


def test_no_objects_and_no_boxes():
    assert match(of_iou(5, 4), []).indices.tolist() == [BACKGROUND] * 2
    assert match(of_iou(5, 4), [], force_best=True).ious.tolist() == [0, 0]
    assert match(of_iou(5), [], background_floor=0.1).indices.tolist() == [IGNORE]
    assert match([], OBJECT, force_best=True).indices.shape == (0,)
    assert match([], []).ious.dtype == np.float32


def test_ignored_objects_are_never_matched_and_keep_their_boxes_out_of_the_background():
    boxes = [*of_iou(9, 2), [50, 50, 60, 60], [50, 50, 60, 52]]
    objects = [[0, 0, 10, 10], [50, 50, 60, 60]]
    found = match(boxes, objects, foreground=0.5, background=0.3, ignore=[True, False])
    assert found.indices.tolist() == [IGNORE, BACKGROUND, 1, BACKGROUND]
    assert found.ious[0] == 0
    every = match(boxes, objects, ignore=[True, True], force_best=True)
    assert every.indices.tolist() == [IGNORE, BACKGROUND, IGNORE, BACKGROUND]


def test_a_foreground_box_stays_so_beside_an_ignored_object():
    assert match(
        [[0, 0, 10, 10]], [[0, 0, 10, 10], [0, 0, 10, 8]], ignore=[True, False]
    ).indices.tolist() == [1]


def test_force_best_gives_every_object_its_box_and_all_that_share_the_maximum():
    boxes = [[0, 0, 10, 2], [0, 8, 10, 10], [0, 0, 10, 1]]
    assert match(boxes, OBJECT).indices.tolist() == [BACKGROUND] * 3
    assert match(boxes, OBJECT, force_best=True).indices.tolist() == [0, 0, BACKGROUND]


def test_force_best_does_not_reach_objects_that_no_box_touches():
    assert match(of_iou(2), [[90, 90, 99, 99]], force_best=True).indices.tolist() == [BACKGROUND]


def test_force_best_gives_a_contested_box_to_the_object_it_overlaps_most():
    objects = [[0, 0, 10, 4], [0, 0, 10, 10]]
    assert match(of_iou(8), objects, force_best=True).indices.tolist() == [1]


def test_force_best_takes_a_box_from_an_object_that_has_a_better_one():
    objects = [[0, 0, 10, 10], [0, 0, 10, 3]]
    # The second box is foreground of object 0 and yet the best that object 1 has.
    found = match(of_iou(10, 6), objects, foreground=0.5, force_best=True)
    assert found.indices.tolist() == [0, 1]
    assert found.ious[1] == pytest.approx(0.6)


@given(st.integers(0, 10**6), st.booleans())
def test_properties(seed, force_best):
    generator = np.random.default_rng(seed)
    corner = generator.integers(0, 20, (17, 2))
    every = np.hstack([corner, corner + generator.integers(0, 12, (17, 2))]).astype(np.float32)
    boxes, objects = every[:12], every[12:]
    ignore = generator.random(5) < 0.3
    found = match(boxes, objects, foreground=0.6, background=0.4, ignore=ignore, force_best=force_best)
    overlaps = iou(boxes, objects)
    overlaps[:, ignore] = 0
    np.testing.assert_array_equal(found.ious, overlaps.max(axis=1))
    assert set(found.indices[found.ious >= 0.6]) <= set(np.flatnonzero(~ignore))
    assert not ignore[found.indices[found.foreground]].any()
    assert (found.ious[found.background] < 0.4).all()
    if force_best:
        for column in np.flatnonzero(~ignore & (overlaps.max(axis=0) > 0)):
            best = overlaps[:, column] == overlaps[:, column].max()
            assert (found.indices[best] >= 0).all()


def plain_search(boxes, objects, force_best):
    overlaps = iou(boxes, objects)
    rows = np.arange(len(boxes))
    which = overlaps.argmax(axis=1)
    if not force_best:
        return overlaps[rows, which], which, overlaps[:0, 0], which[:0]
    claims = np.where(overlaps == overlaps.max(axis=0), overlaps, 0)
    claimant = claims.argmax(axis=1)
    return overlaps[rows, which], which, claims[rows, claimant], claimant


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("force_best", [False, True])
def test_the_compiled_search_is_the_plain_one(dtype, force_best):
    rng = np.random.default_rng(0)
    # Whole numbers and repeated objects, so that there are ties; some boxes are empty or turned round.
    corner = rng.integers(0, 60, (2500, 2))
    boxes = np.hstack([corner, corner + rng.integers(-2, 30, (2500, 2))]).astype(dtype)
    objects = boxes[rng.integers(0, 2500, 12)]
    objects[5], objects[6] = objects[4], [900, 900, 950, 950]
    plain = plain_search(boxes, objects, force_best)
    for ours, expected in zip(matching._search(boxes, objects, force_best), plain, strict=True):
        np.testing.assert_array_equal(ours, expected)
        assert ours.dtype == expected.dtype or expected.dtype == np.int64
    assert (plain[0] > 0).sum() > 1000
    ignore = np.arange(12) % 4 == 0
    settings = {"foreground": 0.6, "background": 0.3, "ignore": ignore, "force_best": force_best}
    whole = match(boxes, objects, **settings)
    parts = [match(boxes[i : i + 500], objects, **settings) for i in range(0, 2500, 500)]
    if not force_best:
        np.testing.assert_array_equal(whole.indices, np.concatenate([part.indices for part in parts]))
    np.testing.assert_array_equal(whole.ious, np.concatenate([part.ious for part in parts]))
    assert not matching._search(boxes, objects[:0], force_best)[0].any()


@pytest.mark.parametrize(
    "thresholds",
    [
        {"foreground": 0.3, "background": 0.5},
        {"foreground": 0.0},
        {"foreground": 1.2},
        {"background": 0.2, "background_floor": 0.3},
        {"background_floor": -0.1},
    ],
)
def test_impossible_thresholds(thresholds):
    with pytest.raises(ValueError, match="thresholds must satisfy"):
        match(of_iou(5), OBJECT, **thresholds)


def test_ignore_must_be_one_an_object():
    with pytest.raises(ValueError, match="ignore must be one for each of the 1"):
        match(of_iou(5), OBJECT, ignore=[True, False])
