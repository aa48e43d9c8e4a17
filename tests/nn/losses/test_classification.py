import numpy as np
import pytest

from foveal.nn import CrossEntropyLoss, cross_entropy, gradient_check


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


SETTINGS = [
    {"label_smoothing": 0.1},
    {"weight": [0.2, 3.0, 1.0, 0.0]},
    {"weight": [0.2, 3.0, 1.0, 0.5], "label_smoothing": 0.3},
    {"weight": [0.2, 3.0, 1.0, 0.5], "label_smoothing": 0.3, "reduction": "sum"},
    {"reduction": "sum"},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("kind", ["labels", "probabilities"])
def test_settings_against_differences_and_torch(settings, kind):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    z = rng.normal(size=(6, 4))
    targets = rng.integers(4, size=6) if kind == "labels" else rng.dirichlet(np.ones(4), 6)
    loss = CrossEntropyLoss(**settings)
    gradient_check(lambda x: loss(x, targets), z)
    theirs = dict(settings)
    if "weight" in theirs:
        theirs["weight"] = torch.tensor(theirs["weight"], dtype=torch.float64)
    t = torch.tensor(z, requires_grad=True)
    expected = torch.nn.CrossEntropyLoss(**theirs)(t, torch.tensor(targets))
    expected.backward()
    value, gradient = loss(z, targets)
    assert value == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, t.grad.numpy(), atol=1e-12)


def test_smoothing_by_hand():
    # Targets 0.95 and 0.05; the logits of probabilities 0.9 and 0.1.
    value, _ = cross_entropy(np.log([[0.9, 0.1]]), [0], label_smoothing=0.1)
    assert value == pytest.approx(-0.95 * np.log(0.9) - 0.05 * np.log(0.1))


def test_a_mixture_of_labels_is_the_mixture_of_losses():
    rng = np.random.default_rng(0)
    z, a, b = rng.normal(size=(5, 3)), rng.integers(3, size=5), rng.integers(3, size=5)
    value, gradient = cross_entropy(z, 0.3 * np.eye(3)[a] + 0.7 * np.eye(3)[b])
    first, second = cross_entropy(z, a), cross_entropy(z, b)
    assert value == pytest.approx(0.3 * first[0] + 0.7 * second[0])
    np.testing.assert_allclose(gradient, 0.3 * first[1] + 0.7 * second[1])


def test_labels_without_weight_have_no_loss():
    value, gradient = cross_entropy(np.float32([[1, 2]]), [0], weight=[0, 1])
    assert value == 0
    np.testing.assert_array_equal(gradient, [[0, 0]])
    assert gradient.dtype == np.float32


def test_impossible_classes_of_target_0_add_nothing():
    value, gradient = cross_entropy([[0.0, -np.inf]], [[1.0, 0.0]])
    assert value == 0
    np.testing.assert_array_equal(gradient, [[0, 0]])


def test_a_network_that_diverged_has_a_loss_of_nan():
    assert np.isnan(cross_entropy([[np.nan, 0.0]], [0])[0])
    assert np.isnan(cross_entropy([[np.inf, 0.0]], [0])[0])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"label_smoothing": 1.5}, "label_smoothing"),
        ({"label_smoothing": float("nan")}, "label_smoothing"),
        ({"reduction": "none"}, "reduction"),
    ],
)
def test_settings_out_of_range(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        CrossEntropyLoss(**settings)
    with pytest.raises(ValueError, match=sentence):
        cross_entropy([[0.0, 0.0]], [0], **settings)


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0], [1.0, np.nan]])
def test_weights_out_of_range(weight):
    with pytest.raises(ValueError, match="weight must be 2"):
        CrossEntropyLoss(weight)([[0.0, 0.0]], [0])


def test_probabilities_out_of_range():
    with pytest.raises(ValueError, match="not negative"):
        cross_entropy([[0.0, 0.0]], [[1.5, -0.5]])
