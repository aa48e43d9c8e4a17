import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.models.classifiers.held_out import held_out_part, stratified_folds

labels = st.lists(st.integers(0, 4), min_size=1, max_size=60)


@given(labels, st.floats(0.05, 0.95), st.integers(0, 5))
def test_every_class_keeps_a_row(labels, share, seed):
    labels = np.array(labels)
    part = held_out_part(labels, share, np.random.default_rng(seed))
    np.testing.assert_array_equal(part, held_out_part(labels, share, np.random.default_rng(seed)))
    for label in np.unique(labels):
        mine = part[labels == label]
        assert not mine.all()
        assert abs(mine.sum() - share * len(mine)) <= 1


@given(labels, st.integers(2, 6), st.integers(0, 5))
def test_folds_are_even_and_every_training_part_has_every_class(labels, folds, seed):
    labels = np.array(labels)
    numbers = stratified_folds(labels, folds, np.random.default_rng(seed))
    for label in np.unique(labels):
        mine = numbers[labels == label]
        if len(mine) == 1:
            assert mine[0] == -1
            continue
        counts = np.bincount(mine, minlength=folds)
        assert counts.max() - counts.min() <= 1
        for fold in range(folds):
            assert (mine != fold).any()
    used = np.bincount(numbers[numbers >= 0], minlength=folds)
    assert used.max() - used.min() <= 1
