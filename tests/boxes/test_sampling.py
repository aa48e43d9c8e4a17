import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.boxes import BACKGROUND, IGNORE, sample

INDICES = st.lists(st.sampled_from([IGNORE, BACKGROUND, 0, 1, 5]), max_size=40)


@given(INDICES, st.integers(0, 30), st.floats(0, 1), st.integers(0, 99))
def test_what_is_drawn(indices, size, fraction, seed):
    indices = np.array(indices, np.int64)
    foreground, background = sample(indices, size, foreground_fraction=fraction, random_state=seed)
    assert (indices[foreground] >= 0).all()
    assert (indices[background] == BACKGROUND).all()
    assert (np.diff(foreground) > 0).all()
    assert (np.diff(background) > 0).all()
    assert len(foreground) == min((indices >= 0).sum(), round(size * fraction))
    assert len(background) == min((indices == BACKGROUND).sum(), size - len(foreground))


def test_the_same_seed_draws_the_same_and_a_generator_goes_on():
    indices = np.r_[np.zeros(50, int), np.full(50, BACKGROUND)]
    first, again = (sample(indices, 20, random_state=3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    generator = np.random.default_rng(3)
    one, two = (sample(indices, 20, random_state=generator) for _ in range(2))
    assert np.array_equal(one[1], first[1])
    assert not np.array_equal(one[1], two[1])


def test_every_box_can_be_drawn():
    indices = np.full(10, BACKGROUND)
    drawn = {int(i) for seed in range(60) for i in sample(indices, 2, random_state=seed)[1]}
    assert drawn == set(range(10))


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="indices"):
        sample([[1]], 3)
    with pytest.raises(ValueError, match="size"):
        sample([1], -3)
    with pytest.raises(ValueError, match="foreground_fraction"):
        sample([1], 3, foreground_fraction=1.5)
    assert [len(part) for part in sample([], 3)] == [0, 0]
