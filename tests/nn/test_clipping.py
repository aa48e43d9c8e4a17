import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError


def parameters(dtype):
    rng = np.random.default_rng(0)
    made = [nn.Parameter(np.zeros(shape, dtype)) for shape in ((3, 4), (5,), (2, 3, 4), (1,))]
    for parameter in made[:-1]:
        parameter.grad = np.asfortranarray(rng.normal(size=parameter.shape).astype(dtype))
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("most", [0.5, 100.0])
def test_agrees_with_torch(dtype, most):
    torch = pytest.importorskip("torch")
    ours = parameters(dtype)
    theirs = [torch.zeros(p.shape, dtype=getattr(torch, dtype), requires_grad=True) for p in ours]
    for parameter, tensor in zip(ours[:-1], theirs[:-1], strict=True):
        tensor.grad = torch.tensor(np.ascontiguousarray(parameter.grad))
    norm = nn.clip_grad_norm(iter(ours), most)
    assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, most).item(), rel=1e-6)
    for parameter, tensor in zip(ours[:-1], theirs[:-1], strict=True):
        np.testing.assert_allclose(parameter.grad, tensor.grad.numpy(), rtol=1e-5)
    assert ours[-1].grad is None


def test_the_norm_after_is_the_one_asked_for():
    ours = parameters("float64")
    nn.clip_grad_norm(ours, 0.5)
    assert nn.clip_grad_norm(ours, 1.0) == pytest.approx(0.5, abs=1e-12)


def test_large_gradients_do_not_overflow():
    parameter = nn.Parameter(np.zeros(4, np.float32))
    parameter.grad = np.full(4, 1e30, np.float32)
    assert nn.clip_grad_norm([parameter], 1.0) == pytest.approx(2e30)
    np.testing.assert_allclose(parameter.grad, 0.5, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_told_and_left(bad):
    parameter = nn.Parameter(np.zeros(2))
    parameter.grad = np.array([1.0, bad])
    assert not np.isfinite(nn.clip_grad_norm([parameter], 0.1))
    np.testing.assert_array_equal(parameter.grad, [1.0, bad])


def test_nothing_to_clip():
    assert nn.clip_grad_norm([], 1.0) == 0.0


@pytest.mark.parametrize("most", [0.0, -1.0, float("nan")])
def test_refuses(most):
    with pytest.raises(SettingError, match="max_norm"):
        nn.clip_grad_norm([], most)
