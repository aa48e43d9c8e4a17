import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_cells_are_repeated_and_their_gradients_added(factor):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4, 5))
    y = functional.upsample_nearest(x, factor)
    np.testing.assert_array_equal(y, x.repeat(factor, 1).repeat(factor, 2))
    grad = rng.normal(size=y.shape)
    back = functional.upsample_nearest_backward(grad, factor)
    expected = grad.reshape(2, 3, factor, 4, factor, 5).sum((2, 4))
    np.testing.assert_allclose(back, expected, rtol=1e-12)
    nn.gradient_check(
        lambda x: (float((functional.upsample_nearest(x, factor) * grad).sum()), back), x, max_elements=50
    )


def test_strided_arrays_and_empty_batches():
    x = np.random.default_rng(0).normal(size=(1, 3, 4, 6)).astype(np.float32)
    turned = x.transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(
        functional.upsample_nearest(turned), functional.upsample_nearest(turned.copy())
    )
    assert functional.upsample_nearest(x[:0]).shape == (0, 6, 8, 6)
    assert functional.upsample_nearest_backward(functional.upsample_nearest(x[:0])).shape == (0, 3, 4, 6)


def test_what_cannot_be():
    x = np.zeros((1, 3, 4, 2), np.float32)
    with pytest.raises(ValueError, match="at least 1"):
        functional.upsample_nearest(x, 0)
    with pytest.raises(ValueError, match=r"\(N, H, W, C\)"):
        functional.upsample_nearest(x[0])
    with pytest.raises(ValueError, match="cannot be that"):
        functional.upsample_nearest_backward(x)
