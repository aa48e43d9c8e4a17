import numpy as np
import pytest

from foveal import nn

RNG = np.random.default_rng(0)
LOGITS = np.concatenate((RNG.normal(size=(5, 3)) * 3, [[-20.0, 0.0, 20.0]]))
HARD = RNG.integers(2, size=LOGITS.shape).astype(float)
SOFT = RNG.uniform(size=LOGITS.shape)
FOCAL = [{}, {"alpha": None}, {"gamma": 0.0}, {"alpha": 0.6, "gamma": 0.5}, {"gamma": 3.5}]


def torch_focal(torch, z, t, alpha=0.25, gamma=2.0):
    """torchvision.ops.sigmoid_focal_loss, as it is written there."""
    p = torch.sigmoid(z)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(z, t, reduction="none")
    p_t = p * t + (1 - p) * (1 - t)
    loss = entropy * ((1 - p_t) ** gamma)
    if alpha is not None:
        loss = (alpha * t + (1 - alpha) * (1 - t)) * loss
    return loss


@pytest.mark.parametrize("targets", [HARD, SOFT])
@pytest.mark.parametrize("pos_weight", [None, [1.0, 2.0, 0.0]])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_bce_against_differences_and_torch(targets, pos_weight, reduction):
    torch = pytest.importorskip("torch")
    loss = nn.BCEWithLogitsLoss(pos_weight, reduction)
    nn.gradient_check(lambda z: loss(z, targets), LOGITS)
    weight = None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float64)
    z = torch.tensor(LOGITS, requires_grad=True)
    expected = torch.nn.BCEWithLogitsLoss(pos_weight=weight, reduction=reduction)(z, torch.tensor(targets))
    expected.backward()
    value, gradient = loss(LOGITS, targets)
    assert value == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("targets", [HARD, SOFT])
@pytest.mark.parametrize("settings", FOCAL)
def test_focal_against_differences_and_torchvision_s_definition(targets, settings):
    torch = pytest.importorskip("torch")
    loss = nn.FocalLoss(**settings)
    nn.gradient_check(lambda z: loss(z, targets), LOGITS)
    z = torch.tensor(LOGITS, requires_grad=True)
    expected = torch_focal(torch, z, torch.tensor(targets), **settings).mean()
    expected.backward()
    value, gradient = loss(LOGITS, targets)
    assert value == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy(), atol=1e-9)


def test_focal_of_the_paper():
    # Lin et al. 2017, section 3.2: with gamma = 2 an example classified with p_t = 0.9 has a hundredth of
    # the loss of cross-entropy, one with 0.968 a thousandth.
    for p, factor in ((0.9, 100), (0.968, 1000)):
        z = [np.log(p / (1 - p))]
        focal, _ = nn.sigmoid_focal_loss(z, [1], alpha=None, gamma=2)
        assert nn.binary_cross_entropy_with_logits(z, [1])[0] / focal == pytest.approx(factor, rel=0.03)


def test_normalizers():
    total, by_total = nn.sigmoid_focal_loss(LOGITS, HARD, reduction="sum")
    for normalizer, divisor in ((None, HARD.size), (7.0, 7), ("positives", HARD.sum())):
        value, gradient = nn.FocalLoss(normalizer=normalizer)(LOGITS, HARD)
        assert value == pytest.approx(total / divisor)
        np.testing.assert_allclose(gradient, by_total / divisor)
    none, _ = nn.FocalLoss(normalizer="positives")([1.0, 2.0], [0, 0])
    assert none == pytest.approx(nn.sigmoid_focal_loss([1.0, 2.0], [0, 0], reduction="sum")[0])


@pytest.mark.parametrize("function", [nn.binary_cross_entropy_with_logits, nn.sigmoid_focal_loss])
def test_extremes_are_finite_in_float32(function):
    z = np.float32([-1e4, -200, 200, 1e4])
    for targets in ([0, 0, 1, 1], [1, 1, 0, 0]):
        value, gradient = function(z, targets)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
        assert gradient.dtype == np.float32
    assert np.isnan(function([np.nan], [1])[0])


@pytest.mark.parametrize("function", [nn.binary_cross_entropy_with_logits, nn.sigmoid_focal_loss])
def test_refuses(function):
    with pytest.raises(ValueError, match="same shape"):
        function(np.zeros((2, 1)), [0, 1])
    with pytest.raises(ValueError, match="empty batch"):
        function([], [])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"alpha": -1}, "alpha"),
        ({"gamma": -1}, "gamma"),
        ({"normalizer": 0}, "normalizer"),
        ({"normalizer": "negatives"}, "normalizer"),
        ({"reduction": "none"}, "reduction"),
    ],
)
def test_settings_out_of_range(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.FocalLoss(**settings)
