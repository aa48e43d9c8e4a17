"""Convolution against PyTorch, finite differences and itself with a rectifier apart."""

from itertools import product

import numpy as np
import pytest

from foveal import nn, parallel
from foveal.nn import functional as F  # noqa: N812

# in, out, kernel, stride, padding, dilation, groups, image
CASES = [
    (3, 5, 3, 1, 1, 1, 1, (2, 7, 6)),
    (4, 8, 3, 2, 1, 1, 1, (2, 9, 8)),
    (4, 8, 3, 2, 0, 2, 2, (1, 9, 12)),
    (4, 8, (1, 3), (2, 1), (0, 2), 1, 4, (2, 5, 4)),
    (4, 17, 1, 1, 0, 1, 1, (2, 3, 4)),
    (4, 8, 1, 2, 0, 1, 1, (2, 5, 4)),
    (4, 4, 3, 1, 1, 1, 4, (2, 5, 6)),
    (20, 20, 3, 2, 1, 2, 20, (1, 9, 7)),
    (4, 4, 5, 3, 2, 1, 4, (2, 8, 7)),
    (3, 3, (2, 4), 1, (0, 3), 1, 3, (2, 5, 4)),
    (4, 33, 2, 3, 0, 1, 1, (3, 7, 8)),
    (4, 6, 3, (2, 3), (4, 5), (2, 3), 2, (2, 5, 4)),
    (2, 3, 3, 1, 1, 1, 1, (1, 1, 1)),
    (2, 3, 5, 1, 4, 1, 1, (1, 2, 1)),
    (1, 1, 1, 1, 3, 1, 1, (1, 1, 1)),
    (16, 16, 3, 1, 1, 1, 1, (1, 3, 131)),
]
NAMES = [f"{c[0]}-{c[1]}-k{c[2]}-s{c[3]}-p{c[4]}-d{c[5]}-g{c[6]}" for c in CASES]


def layer_and_batch(case, dtype=np.float64):
    inputs, outputs, kernel, stride, padding, dilation, groups, shape = case
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, random_state=0)
    x = np.random.default_rng(1).normal(size=(*shape, inputs)).astype(dtype)
    return layer.astype(dtype), x


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_agrees_with_torch(case, dtype, tolerance):
    torch = pytest.importorskip("torch")
    layer, x = layer_and_batch(case, dtype)
    theirs = torch.nn.Conv2d(*case[:7]).to(torch.float64 if dtype is np.float64 else torch.float32)
    theirs.load_state_dict({k: torch.from_numpy(v) for k, v in layer.state_dict().items()})
    their_x = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).requires_grad_()
    y, their_y = layer(x), theirs(their_x)
    np.testing.assert_allclose(y, their_y.detach().numpy().transpose(0, 2, 3, 1), atol=tolerance)
    grad = np.random.default_rng(2).normal(size=y.shape).astype(dtype)
    grad_x = layer.backward(grad)
    their_y.backward(torch.from_numpy(grad.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(grad_x, their_x.grad.numpy().transpose(0, 2, 3, 1), atol=tolerance)
    scale = 10 if dtype is np.float32 else 100  # sums over hundreds of places
    np.testing.assert_allclose(layer.weight.grad, theirs.weight.grad.numpy(), atol=scale * tolerance)
    np.testing.assert_allclose(layer.bias.grad, theirs.bias.grad.numpy(), atol=scale * tolerance)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_gradients(case):
    layer, x = layer_and_batch(case)
    chosen = np.random.default_rng(3).normal(size=layer(x).shape)

    def by_input(x):
        return float((layer(x) * chosen).sum()), layer.backward(chosen)

    nn.gradient_check(by_input, x, max_elements=40)
    for parameter in (layer.weight, layer.bias):

        def by_parameter(values, parameter=parameter):
            parameter.data[...] = values
            layer.zero_grad()
            value = float((layer(x) * chosen).sum())
            layer.backward(chosen)
            return value, parameter.grad

        nn.gradient_check(by_parameter, parameter.data.copy(), max_elements=40)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_rectifier_beside_it_changes_nothing(case):
    layer, x = layer_and_batch(case)
    x = np.clip(x, 0, 0.5)
    y = layer(x)
    np.testing.assert_allclose(layer.forward(x, clip=(0.0, 0.3)), np.clip(y, 0, 0.3), atol=1e-14)
    grad = np.random.default_rng(2).normal(size=y.shape)
    layer(x)
    plain = layer.backward(grad)
    layer(x)
    gated = layer.backward(grad, input_clip=(0.0, 0.5))
    np.testing.assert_allclose(gated, plain * ((x > 0) & (x < 0.5)), atol=1e-14)


def test_nan_passes_a_rectifier():
    layer = nn.Conv2d(2, 3, 3, padding=1, random_state=0)
    x = np.zeros((1, 4, 4, 2), np.float32)
    x[0, 1, 1, 0] = np.nan
    assert np.isnan(layer.forward(x, clip=(0.0, np.inf))).any()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads(threads, monkeypatch):
    layer, x = nn.Conv2d(8, 24, 3, padding=1, random_state=0), None
    x = np.random.default_rng(0).normal(size=(5, 40, 40, 8)).astype(np.float32)
    grad = np.random.default_rng(1).normal(size=(5, 40, 40, 24)).astype(np.float32)
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    alone = layer(x), layer.backward(grad), layer.weight.grad
    layer.zero_grad()
    monkeypatch.setattr(parallel, "cores", lambda: threads)
    together = layer(x), layer.backward(grad), layer.weight.grad
    np.testing.assert_array_equal(together[0], alone[0])
    np.testing.assert_array_equal(together[1], alone[1])
    np.testing.assert_allclose(together[2], alone[2], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("groups", [1, 4])
def test_no_images(groups):
    layer = nn.Conv2d(4, 4, 3, padding=1, groups=groups, random_state=0)
    y = layer(np.zeros((0, 5, 6, 4), np.float32))
    assert y.shape == (0, 5, 6, 4)
    assert layer.backward(y).shape == (0, 5, 6, 4)
    assert not layer.weight.grad.any()


def test_frozen_and_unneeded_gradients():
    layer = nn.Conv2d(2, 3, 3, random_state=0)
    x = np.ones((1, 4, 4, 2), np.float32)
    grad = np.ones_like(layer(x))
    assert layer.backward(grad, needs_input_grad=False) is None
    assert layer.weight.grad is not None
    for parameter in layer.parameters():
        parameter.requires_grad, parameter.grad = False, None
    layer(x)
    assert layer.backward(grad) is not None
    assert layer.weight.grad is None


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float64])
def test_other_types_are_computed_in_the_weights_type(kind):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, random_state=0), nn.Flatten(), nn.Linear(36, 2, random_state=0)
    )
    x = np.random.default_rng(0).integers(0, 9, (2, 5, 5, 3))
    expected = network(x.astype(np.float32))
    y = network(x.astype(kind))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, expected)
    assert network.backward(y.astype(np.float64)).dtype == np.float32


def test_strange_memory_orders():
    layer, x = layer_and_batch(CASES[0])
    expected = layer(x)
    turned = np.asfortranarray(x)
    read_only = x.copy()
    read_only.flags.writeable = False
    weight = np.ascontiguousarray(layer.weight.data)
    for batch in (turned, read_only, np.repeat(x, 2, axis=3)[..., ::2]):
        np.testing.assert_allclose(F.conv2d(batch, weight, layer.bias.data, padding=1), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 6, 3, 1, 0, 1, 4), "multiples of groups"),
        ((4, 6, 0), "start at 1"),
        ((4, 6, 3, 1, -1), "start at 1"),
    ],
)
def test_impossible_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.Conv2d(*arguments)


def test_images_that_do_not_fit():
    layer = nn.Conv2d(3, 4, 3, random_state=0)
    with pytest.raises(ValueError, match="smaller than the kernel"):
        layer(np.zeros((1, 2, 5, 3), np.float32))
    with pytest.raises(ValueError, match="channels"):
        layer(np.zeros((1, 5, 5, 4), np.float32))


@pytest.mark.parametrize(
    ("rows", "depth", "columns"), list(product([1, 7, 97, 600], [1, 130, 300], [1, 9, 17, 70]))
)
def test_products_of_all_shapes(rows, depth, columns):
    from foveal.nn.functional.products import multiply

    rng = np.random.default_rng(rows + depth + columns)
    left, right = rng.normal(size=(rows, depth)), rng.normal(size=(depth, columns))
    bias, gate = rng.normal(size=columns), rng.normal(size=(rows, columns))
    expected = np.clip(left @ right + bias, -1, 2) * ((gate > -0.5) & (gate < 1))
    for left_way, right_way in product((left, np.asfortranarray(left)), (right, np.asfortranarray(right))):
        found = multiply(left_way, right_way, bias, clip=(-1, 2), gate=gate, gate_clip=(-0.5, 1))
        np.testing.assert_allclose(found, expected, atol=1e-12)


UNEVEN = [((0, 1), (0, 1)), ((1, 2), (0, 3)), ((2, 0), (1, 1))]


@pytest.mark.parametrize("padding", UNEVEN)
@pytest.mark.parametrize(
    ("kernel", "stride", "groups"), [(3, 2, 1), (5, 2, 8), (3, 1, 8), (1, 1, 1), (4, 3, 2)]
)
def test_padding_that_differs_on_the_sides(padding, kernel, stride, groups):
    layer = nn.Conv2d(8, 8, kernel, stride, padding, groups=groups, random_state=0).double()
    plain = nn.Conv2d(8, 8, kernel, stride, 0, groups=groups, random_state=0).double()
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 8))
    (top, _), (left, _) = padding
    y = layer(x)
    np.testing.assert_allclose(y, plain(np.pad(x, ((0, 0), *padding, (0, 0)))), atol=1e-12)
    grad = np.random.default_rng(1).normal(size=y.shape)
    grad_x = layer.backward(grad)
    whole = plain.backward(grad)
    np.testing.assert_allclose(grad_x, whole[:, top : top + 8, left : left + 6], atol=1e-12)
    np.testing.assert_allclose(layer.weight.grad, plain.weight.grad, atol=1e-12)
    np.testing.assert_allclose(layer.bias.grad, plain.bias.grad, atol=1e-12)


def test_even_padding_is_kept_as_two_numbers():
    assert nn.Conv2d(1, 1, 3, padding=((1, 1), (2, 2)), random_state=0).padding == (1, 2)
    assert nn.Conv2d(1, 1, 3, padding=((0, 1), (2, 2)), random_state=0).padding == ((0, 1), (2, 2))
    with pytest.raises(ValueError, match="padding at 0"):
        nn.Conv2d(1, 1, 3, padding=((0, -1), (2, 2)))
