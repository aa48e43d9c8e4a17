import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal import boxes, nn

LOSSES = {
    "iou": (nn.IoULoss, nn.iou_loss, boxes.iou, 1.0),
    "giou": (nn.GIoULoss, nn.giou_loss, boxes.giou, 2.0),
    "diou": (nn.DIoULoss, nn.diou_loss, boxes.diou, 2.0),
    "ciou": (nn.CIoULoss, nn.ciou_loss, boxes.ciou, 2.5),
}
# (prediction, target), no two edges on one line: overlapping, disjoint in x, in y, in both, contained both
# ways, crossed, barely apart, barely together, thin, inverted.
PAIRS = np.array(
    [
        [[0, 0, 10, 10], [3, 2, 12, 14]],
        [[0, 0, 10, 10], [13, 2, 22, 14]],
        [[0, 0, 10, 10], [3, 22, 12, 34]],
        [[0, 0, 10, 10], [23, 22, 32, 34]],
        [[0, 0, 10, 10], [2, 3, 6, 8]],
        [[2, 3, 6, 8], [0, 0, 10, 11]],
        [[0, 3, 10, 6], [3, 0, 6, 10]],
        [[0, 0, 10, 10], [10.01, 1, 20, 9]],
        [[0, 0, 10, 10], [9.99, 1, 20, 9]],
        [[0, 0, 100, 0.5], [1, -3, 3, 40]],
        [[10, 0, 4, 8], [3, 2, 12, 14]],
    ],
    np.float64,
)


def torch_loss(torch, name, a, b):
    """The definitions in PyTorch, the losses of each pair; α is held constant, as in torchvision."""
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    outer = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    sides, others = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    intersection = inner.prod(1)
    union = sides.prod(1) + others.prod(1) - intersection
    iou = intersection / union
    if name == "iou":
        return 1 - iou
    if name == "giou":
        hull = outer.prod(1)
        return 1 - iou + (hull - union) / hull
    offset = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    loss = 1 - iou + (offset**2).sum(1) / (outer**2).sum(1)
    if name == "ciou":
        turn = torch.atan(others[:, 0] / others[:, 1]) - torch.atan(sides[:, 0] / sides[:, 1])
        v = 4 / torch.pi**2 * turn**2
        with torch.no_grad():
            alpha = v / (1 - iou + v)
        loss = loss + alpha * v
    return loss


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_values_are_those_of_the_measures(name, reduction):
    loss_class, function, measure, _ = LOSSES[name]
    a, b = PAIRS[:, 0], PAIRS[:, 1]
    losses = 1 - measure(a, b, elementwise=True)
    value, gradient = loss_class(reduction)(a, b)
    assert value == pytest.approx(getattr(losses, reduction)(), abs=1e-12)
    again, by_boxes = function(a, b, reduction=reduction)
    assert again == value
    np.testing.assert_array_equal(gradient, by_boxes)


@pytest.mark.parametrize("name", ["iou", "giou", "diou"])
@pytest.mark.parametrize("pair", PAIRS)
def test_gradient(name, pair):
    function = LOSSES[name][1]
    nn.gradient_check(lambda a: function(a, pair[1:]), pair[:1])


@pytest.mark.parametrize("pair", PAIRS)
def test_gradient_of_ciou_with_alpha_held_constant(pair):
    target = pair[1:]

    def angles(box):
        x1, y1, x2, y2 = box.T
        return np.arctan2(np.maximum(x2, x1) - x1, np.maximum(y2, y1) - y1)

    def v(box):
        return float(4 / np.pi**2 * (angles(box) - angles(target))[0] ** 2)

    alpha = v(pair[:1]) / (1 - boxes.iou(pair[:1], target)[0, 0] + v(pair[:1]))

    def frozen(box):
        return nn.diou_loss(box, target)[0] + alpha * v(box), nn.ciou_loss(box, target)[1]

    nn.gradient_check(frozen, pair[:1])
    assert frozen(pair[:1])[0] == pytest.approx(nn.ciou_loss(pair[:1], target)[0])


@pytest.mark.parametrize("pair", PAIRS[[0, 4, 5, 6, 8, 9]])
def test_gradient_of_the_logarithm(pair):
    loss = nn.IoULoss(form="log")
    nn.gradient_check(lambda a: loss(a, pair[1:]), pair[:1])
    value, _ = loss(pair[:1], pair[1:])
    assert value == pytest.approx(-np.log(boxes.iou(pair[:1], pair[1:])[0, 0]))


def test_the_logarithm_of_boxes_apart_is_finite_and_flat():
    value, gradient = nn.iou_loss([[0, 0, 1, 1]], [[5, 5, 6, 6]], form="log")
    assert value == pytest.approx(-np.log(1e-6))
    np.testing.assert_array_equal(gradient, np.zeros((1, 4)))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_agrees_with_torch(name, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b = (np.cumsum(rng.uniform(1, 50, (2, 200, 2, 2)), axis=2).reshape(2, 200, 4)).astype(dtype)
    t = torch.tensor(a, requires_grad=True)
    expected = torch_loss(torch, name, t, torch.tensor(b)).sum()
    expected.backward()
    value, gradient = LOSSES[name][1](a, b, reduction="sum")
    assert gradient.dtype == dtype
    assert value == pytest.approx(expected.item(), rel=1e-6 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(gradient, t.grad.numpy(), atol=1e-5 if dtype == "float32" else 1e-12)


def test_worked_examples():
    # Side by side: the hull is covered, the IoU 0. Then a gap as wide as both: a half of the hull is not.
    assert nn.giou_loss([[0, 0, 1, 1]], [[1, 0, 2, 1]])[0] == 1.0
    assert nn.giou_loss([[0, 0, 1, 1]], [[3, 0, 4, 1]])[0] == 1.5
    # Centres 2 apart; the hull's diagonal is the root of 20.
    assert nn.diou_loss([[0, 0, 2, 2]], [[2, 0, 4, 2]])[0] == pytest.approx(1.2)


@pytest.mark.parametrize("name", LOSSES)
def test_identical_boxes_are_at_rest(name):
    box = np.array([[3.0, 4.0, 9.0, 20.0]])
    value, gradient = LOSSES[name][1](box, box)
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros((1, 4)))


@pytest.mark.parametrize("name", ["giou", "diou", "ciou"])
def test_descent_draws_boxes_together_from_afar(name):
    function = LOSSES[name][1]
    a, b = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[30.0, 25.0, 45.0, 37.0]])
    first = value = function(a, b)[0]
    for step in range(3000):
        value, gradient = function(a, b)
        a -= 0.2 * (1 - step / 3000) * gradient / np.linalg.norm(gradient)
    assert first > 1
    assert value < 0.1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("empty", [np.zeros((0, 4), np.float32), []])
def test_no_boxes_have_no_loss(name, empty):
    for reduction in ("mean", "sum"):
        value, gradient = LOSSES[name][0](reduction)(empty, empty)
        assert value == 0.0
        assert gradient.shape == (0, 4)
        assert gradient.dtype == np.float32


# Multiples of a sixty-fourth: equal edges and boxes without area are common among them.
coordinate = st.integers(-6400, 6400).map(lambda k: k / 64) | st.sampled_from([0.0, 1.0, 2.0])
box = st.tuples(coordinate, coordinate, coordinate, coordinate)


@pytest.mark.parametrize("name", LOSSES)
@settings(deadline=None)
@given(a=box, b=box)
def test_any_boxes_have_a_loss_in_its_range_and_a_finite_gradient(name, a, b):
    _, function, _, most = LOSSES[name]
    value, gradient = function([a], [b])
    assert -1e-12 <= value <= most + 1e-12
    assert np.isfinite(gradient).all()
    assert gradient.dtype == np.float32


@settings(deadline=None)
@given(a=box, b=box, shift=st.integers(-50, 50), scale=st.sampled_from([0.25, 2.0, 8.0]))
def test_losses_do_not_depend_on_place_and_size(a, b, shift, scale):
    a, b = np.array([a]), np.array([b])
    for _, function, _, _ in LOSSES.values():
        assert function(scale * a, scale * b)[0] == pytest.approx(function(a, b)[0], abs=1e-9)
        if min(abs(a - b).max(), np.ptp(a), np.ptp(b)) > 1e-3:
            moved = function(np.round(a) + shift, np.round(b) + shift)[0]
            assert moved == pytest.approx(function(np.round(a), np.round(b))[0], abs=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_predictions_that_are_no_numbers_are_told(name):
    value, gradient = LOSSES[name][1](np.float32([[0, 0, np.nan, 1], [0, 0, 1, 1]]), np.ones((2, 4)))
    assert np.isnan(value)
    assert np.isnan(gradient).all()
    assert gradient.dtype == np.float32


@pytest.mark.parametrize("name", LOSSES)
def test_refuses(name):
    function = LOSSES[name][1]
    for a, b in (
        (np.zeros((2, 4)), np.zeros((3, 4))),
        (np.zeros((2, 3)), np.zeros((2, 3))),
        (np.zeros((1, 4)), np.full((1, 4), np.nan)),
        (np.full((1, 4), np.nan), np.full((1, 4), np.nan)),
    ):
        with pytest.raises(ValueError):
            function(a, b)
    with pytest.raises(ValueError, match="reduction"):
        LOSSES[name][0]("none")


def test_unknown_forms_are_refused():
    with pytest.raises(ValueError, match="form must be"):
        nn.IoULoss(form="square")
