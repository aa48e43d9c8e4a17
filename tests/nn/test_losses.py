import numpy as np
import pytest

from foveal.nn import cross_entropy, gradient_check


@pytest.mark.parametrize("shape", [(1, 2), (4, 3), (7, 10)])
def test_gradient(shape):
    rng = np.random.default_rng(1)
    labels = rng.integers(shape[1], size=shape[0])
    gradient_check(lambda z: cross_entropy(z, labels), rng.normal(size=shape) * 3)


def test_worked_example():
    loss, gradient = cross_entropy(np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), [2, 1])
    assert loss == pytest.approx(-(np.log(0.5) + np.log(0.3)) / 2)
    np.testing.assert_allclose(gradient, [[0.1, 0.15, -0.25], [0.3, -0.35, 0.05]])


def test_float32_stays_float32_and_extremes_are_finite():
    loss, gradient = cross_entropy(np.float32([[1e4, -1e4]]), [1])
    assert loss == pytest.approx(2e4)
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [[1, -1]])


@pytest.mark.parametrize(
    ("logits", "labels", "sentence"),
    [
        (np.zeros((0, 3)), [], "N at least 1"),
        (np.zeros((2, 3)), [0], "must be"),
        (np.zeros(3), [0], "must be"),
        (np.zeros((1, 3)), [3], "from 0 to 2"),
        (np.zeros((1, 3)), [-1], "from 0 to 2"),
        (np.zeros((1, 3)), [0.5], "integers"),
    ],
)
def test_refuses(logits, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        cross_entropy(logits, np.array(labels))


def test_agrees_with_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    t = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(t, torch.tensor(labels))
    theirs.backward()
    loss, gradient = cross_entropy(z, labels)
    assert loss == pytest.approx(theirs.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, t.grad.numpy(), atol=1e-12)
