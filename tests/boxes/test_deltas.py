import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.boxes import decode, encode

SIDES = st.floats(1, 60)
PLACES = st.floats(-200, 200)
BOXES = st.tuples(PLACES, PLACES, SIDES, SIDES).map(lambda c: [c[0], c[1], c[0] + c[2], c[1] + c[3]])
PAIRS = st.lists(st.tuples(BOXES, BOXES), max_size=10)


def test_appendix_c_by_hand():
    # Proposal: centre (10, 20), 20 x 40. Target: centre (15, 10), 40 x 20.
    deltas = encode([[0, 0, 20, 40]], [[-5, 0, 35, 20]])
    np.testing.assert_allclose(deltas, [[5 / 20, -10 / 40, math.log(2), -math.log(2)]], rtol=1e-6)


def test_a_proposal_that_is_its_target_has_nothing_to_learn():
    assert encode([[1, 2, 30, 40]], [[1, 2, 30, 40]]).tolist() == [[0, 0, 0, 0]]


@given(PAIRS)
def test_decode_undoes_encode(pairs):
    proposals = np.array([p for p, _ in pairs], np.float64).reshape(-1, 4)
    targets = np.array([t for _, t in pairs], np.float64).reshape(-1, 4)
    weights = (10, 10, 5, 5)
    back = decode(proposals, encode(proposals, targets, weights), weights)
    np.testing.assert_allclose(back, targets, atol=1e-8)
    single = decode(
        proposals.astype(np.float32), encode(proposals.astype(np.float32), targets.astype(np.float32))
    )
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, targets, atol=0.02)


def test_weights_multiply():
    plain = encode([[0, 0, 10, 10]], [[2, 3, 20, 30]])
    weighted = encode([[0, 0, 10, 10]], [[2, 3, 20, 30]], weights=(10, 10, 5, 5))
    np.testing.assert_allclose(weighted, plain * [10, 10, 5, 5], rtol=1e-6)


def test_wild_deltas_are_clamped():
    x1, y1, x2, y2 = decode([[0, 0, 16, 16]], [[0, 0, 1000, 3]])[0]
    assert x2 - x1 == pytest.approx(1000, rel=1e-5)
    assert y2 - y1 == pytest.approx(16 * math.exp(3), rel=1e-5)


def test_an_empty_proposal_cannot_be_encoded_and_decodes_to_itself():
    with pytest.raises(ValueError, match="proposals must have a width and a height; number 1"):
        encode([[0, 0, 1, 1], [5, 5, 5, 9]], [[0, 0, 1, 1], [0, 0, 1, 1]])
    with pytest.raises(ValueError, match="targets must have a width"):
        encode([[0, 0, 1, 1]], [[3, 3, 1, 5]])
    assert decode([[5, 5, 5, 5]], [[1, 1, 1, 1]]).tolist() == [[5, 5, 5, 5]]


def test_empties_lengths_and_weights():
    assert encode([], []).shape == decode([], []).shape == (0, 4)
    with pytest.raises(ValueError, match="not 0 for 1"):
        encode([[0, 0, 1, 1]], [])
    with pytest.raises(ValueError, match="not 2 for 1"):
        decode([[0, 0, 1, 1]], [[0, 0, 0, 0]] * 2)
    for weights in [(1, 1, 1), (0, 1, 1, 1), (1, 1, 1, math.nan)]:
        with pytest.raises(ValueError, match="four positive numbers"):
            decode([[0, 0, 1, 1]], [[0, 0, 0, 0]], weights)
