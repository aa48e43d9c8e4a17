import numpy as np
import pytest

from foveal import nn

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(2, 5, 4)) * 2


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (nn.MSELoss, "MSELoss", {}),
        (nn.SmoothL1Loss, "SmoothL1Loss", {}),
        (nn.SmoothL1Loss, "SmoothL1Loss", {"beta": 1 / 9}),
        (nn.SmoothL1Loss, "SmoothL1Loss", {"beta": 0.0}),
    ],
)
def test_against_differences_and_torch(ours, theirs, settings, reduction):
    torch = pytest.importorskip("torch")
    loss = ours(reduction=reduction, **settings)
    nn.gradient_check(lambda x: loss(x, T), X)
    x = torch.tensor(X, requires_grad=True)
    expected = getattr(torch.nn, theirs)(reduction=reduction, **settings)(x, torch.tensor(T))
    expected.backward()
    value, gradient = loss(X, T)
    assert value == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, x.grad.numpy(), atol=1e-12)


def test_smooth_l1_of_the_paper():
    # Girshick 2015, equation 3.
    for x, expected, slope in ((0.4, 0.08, 0.4), (-0.4, 0.08, -0.4), (1.0, 0.5, 1.0), (-7.0, 6.5, -1.0)):
        value, gradient = nn.smooth_l1_loss([x], [0.0])
        assert (value, gradient[0]) == pytest.approx((expected, slope))


@pytest.mark.parametrize("function", [nn.mse_loss, nn.smooth_l1_loss])
def test_nothing_has_no_loss(function):
    value, gradient = function(np.zeros((0, 4), np.float32), np.zeros((0, 4)))
    assert value == 0.0
    assert gradient.shape == (0, 4)
    assert gradient.dtype == np.float32


@pytest.mark.parametrize("function", [nn.mse_loss, nn.smooth_l1_loss])
def test_nothing_is_broadcast(function):
    with pytest.raises(ValueError, match="same shape"):
        function(np.zeros(3), np.zeros((3, 1)))


@pytest.mark.parametrize("function", [nn.mse_loss, nn.smooth_l1_loss])
def test_what_is_no_number_is_told(function):
    assert np.isnan(function([np.nan], [0.0])[0])
    assert function([np.inf], [0.0])[0] == np.inf


def test_settings_out_of_range():
    with pytest.raises(ValueError, match="beta"):
        nn.SmoothL1Loss(beta=-1)
    with pytest.raises(ValueError, match="reduction"):
        nn.MSELoss("none")
