import numpy as np
import pytest

from foveal.proposals.regions import Regions, Votes
from foveal.proposals.segmentation import Segmentation


@pytest.mark.parametrize("number", [1, 7, 300])
def test_pairs_are_those_that_touch_however_many_there_are(number):
    rng = np.random.default_rng(number)
    # Of single pixels thrown about there are many more pairs than of regions that hang together.
    labels = rng.integers(0, number, (60, 50)).astype(np.int32)
    votes = Votes(np.zeros((1, 60, 50), np.uint8), np.zeros((4, 60, 50), np.uint8))
    pairs = Regions.of(Segmentation(labels, number), votes).pairs
    expected = set()
    for a, b in [
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1], labels[1:]),
        (labels[:-1, :-1], labels[1:, 1:]),
        (labels[:-1, 1:], labels[1:, :-1]),
    ]:
        both = np.stack([np.minimum(a, b).ravel(), np.maximum(a, b).ravel()], axis=1)
        expected |= set(map(tuple, both[both[:, 0] != both[:, 1]].tolist()))
    assert pairs.dtype == np.int32
    assert sorted(map(tuple, pairs.tolist())) == sorted(expected)
