import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foveal.nn import log_softmax, softmax

matrices = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3), elements=st.floats(-1e4, 1e4, allow_nan=False)
)


@given(matrices)
def test_softmax_sums_to_one_and_is_the_exponential_of_log_softmax(x):
    p = softmax(x)
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_softmax(x)), p, rtol=1e-9, atol=1e-300)


@given(matrices, st.floats(-100, 100))
def test_a_constant_does_not_matter(x, constant):
    np.testing.assert_allclose(softmax(x + constant), softmax(x), rtol=1e-6, atol=1e-12)


def test_axis_and_dtype():
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    assert softmax(x, axis=0).dtype == np.float32
    np.testing.assert_allclose(softmax(x, axis=0), softmax(x.T).T, rtol=1e-6)
    assert softmax([[1, 2]]).dtype == np.float32


def test_extreme_logits_stay_finite():
    assert np.array_equal(softmax(np.float32([1e38, -1e38])), [1, 0])
    assert np.isfinite(log_softmax([1e300, 0.0])).all()


def test_agrees_with_torch():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(5, 7)) * 20
    np.testing.assert_allclose(log_softmax(x), torch.log_softmax(torch.tensor(x), -1).numpy(), atol=1e-12)
