import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional

# kernel, stride, padding, dilation, ceil_mode
MAX_SETTINGS = [
    (2, None, 0, 1, False),
    (2, None, 0, 1, True),
    (3, 2, 1, 1, False),
    (3, 2, 1, 1, True),
    ((2, 3), (1, 2), (1, 0), 1, False),
    (3, 1, 1, 2, False),
    ((3, 2), 3, 0, (1, 2), True),
    (1, 2, 0, 1, False),
    (2, 3, 1, 1, True),
]
AVERAGE_SETTINGS = [
    (kernel, stride, padding, ceil_mode, counted)
    for kernel, stride, padding, dilation, ceil_mode in MAX_SETTINGS
    if dilation == 1
    for counted in (True, False)
]
SHAPES = [(2, 7, 9, 3), (1, 6, 6, 17), (3, 5, 8, 1), (1, 5, 5, 2)]


def textbook_max_pool(x, kernel, stride, padding, dilation, size):
    """Windows one at a time: values and places."""
    n, h, w, c = x.shape
    y, places = np.full((n, *size, c), -np.inf, x.dtype), np.zeros((n, *size, c), int)
    for i, j in np.ndindex(*size):
        found = []
        for u, v in np.ndindex(*kernel):
            row = i * stride[0] - padding[0] + u * dilation[0]
            column = j * stride[1] - padding[1] + v * dilation[1]
            inside = 0 <= row < h and 0 <= column < w
            found.append(x[:, row, column] if inside else np.full((n, c), -np.inf))
        y[:, i, j], places[:, i, j] = np.max(found, axis=0), np.argmax(found, axis=0)
    return y, places


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", MAX_SETTINGS)
def test_max_pooling_is_the_textbooks(shape, settings):
    # Whole numbers, so that there are ties.
    x = np.random.default_rng(0).integers(0, 5, shape).astype(np.float32)
    layer = nn.MaxPool2d(*settings)
    y, places = functional.max_pool2d(x, *settings)
    expected = textbook_max_pool(
        x, layer.kernel_size, layer.stride, layer.padding, layer.dilation, y.shape[1:3]
    )
    np.testing.assert_array_equal(y, expected[0])
    np.testing.assert_array_equal(places, expected[1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", MAX_SETTINGS)
def test_gradient_of_max_pooling(shape, settings):
    rng = np.random.default_rng(0)
    x = rng.permutation(np.prod(shape)).reshape(shape) / 10
    layer = nn.MaxPool2d(*settings)
    grad = rng.normal(size=layer(x).shape)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x, max_elements=80)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", AVERAGE_SETTINGS)
def test_gradient_of_average_pooling(shape, settings):
    rng = np.random.default_rng(0)
    layer = nn.AvgPool2d(*settings)
    x = rng.normal(size=shape)
    grad = rng.normal(size=layer(x).shape)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x, max_elements=80)


@pytest.mark.parametrize("size", [1, 2, (3, 5), 7, (9, 1)])
def test_adaptive_pooling(size):
    rng = np.random.default_rng(0)
    layer = nn.AdaptiveAvgPool2d(size)
    x = rng.normal(size=(2, 7, 6, 3))
    y = layer(x)
    n_rows, n_columns = layer.output_size
    for i, j in np.ndindex(n_rows, n_columns):
        rows = slice(i * 7 // n_rows, -(-(i + 1) * 7 // n_rows))
        columns = slice(j * 6 // n_columns, -(-(j + 1) * 6 // n_columns))
        np.testing.assert_allclose(y[:, i, j], x[:, rows, columns].mean((1, 2)), rtol=1e-12)
    grad = rng.normal(size=y.shape)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x, max_elements=80)


def both(layer, other, x):
    """The results of a layer and of PyTorch's, forward and backward, channels-last."""
    torch = pytest.importorskip("torch")
    theirs = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    expected = other(theirs)
    grad = np.random.default_rng(1).normal(size=expected.shape).astype(x.dtype)
    expected.backward(torch.tensor(grad))
    y = layer(x)
    dx = layer.backward(grad.transpose(0, 2, 3, 1))
    return (y, dx), (
        expected.detach().numpy().transpose(0, 2, 3, 1),
        theirs.grad.numpy().transpose(0, 2, 3, 1),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", MAX_SETTINGS)
def test_max_pooling_agrees_with_torch(shape, settings):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).integers(0, 5, shape).astype(np.float32)
    ours, theirs = both(nn.MaxPool2d(*settings), torch.nn.MaxPool2d(*settings[:4], ceil_mode=settings[4]), x)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", AVERAGE_SETTINGS)
def test_average_pooling_agrees_with_torch(shape, settings):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ours, theirs = both(nn.AvgPool2d(*settings), torch.nn.AvgPool2d(*settings), x)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, (3, 5), 7, (9, 1)])
def test_adaptive_pooling_agrees_with_torch(size):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32)
    ours, theirs = both(nn.AdaptiveAvgPool2d(size), torch.nn.AdaptiveAvgPool2d(size), x)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_ties_go_to_the_first():
    layer = nn.MaxPool2d(2)
    layer(np.ones((1, 4, 4, 2), np.float32))
    dx = layer.backward(np.ones((1, 2, 2, 2), np.float32))
    assert (dx[0, ::2, ::2] == 1).all()
    assert dx.sum() == 8


def test_the_quick_way_on_threads_is_the_long_way():
    # Large enough for several threads; rows and columns left over.
    x = np.random.default_rng(0).normal(size=(9, 65, 67, 16)).astype(np.float32)
    y, places = functional.max_pool2d(x, 2)
    expected = x[:, :64, :66].reshape(9, 32, 2, 33, 2, 16).max((2, 4))
    np.testing.assert_array_equal(y, expected)
    dx = functional.max_pool2d_backward(np.ones_like(y), places, x.shape, 2)
    cut = dx[:, :64, :66].reshape(9, 32, 2, 33, 2, 16)
    assert (cut.sum((2, 4)) == 1).all()
    assert (x[dx == 1] == np.sort(y.ravel())[np.argsort(np.argsort(x[dx == 1]))]).all()
    assert not dx[:, 64].any()
    assert not dx[:, :, 66].any()


def test_not_a_number_wins_in_every_place():
    for place in range(4):
        for layer in (nn.MaxPool2d(2), nn.MaxPool2d(2, padding=1)):
            x = np.zeros((1, 2, 2, 1), np.float32)
            x.reshape(-1)[place] = np.nan
            assert np.isnan(layer(x)).any()


def test_large_windows_have_places_of_their_own():
    x = np.random.default_rng(0).normal(size=(1, 20, 20, 2))
    y, places = functional.max_pool2d(x, 20)
    assert places.dtype == np.int32
    assert np.array_equal(places.ravel(), x.reshape(400, 2).argmax(0))
    assert np.array_equal(y.ravel(), x.max((0, 1, 2)))


def test_a_mean_of_many_keeps_its_precision():
    x = np.full((1, 1000, 1000, 1), 0.1, np.float32)
    assert nn.AdaptiveAvgPool2d(1)(x).item() == np.float32(0.1)


@pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)])
def test_empty_batches_and_strided_arrays(layer):
    y = layer(np.zeros((0, 4, 4, 3), np.float32))
    assert y.shape[0] == 0
    assert layer.backward(y).shape == (0, 4, 4, 3)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(layer(x), layer(x.copy()))
    grad = np.broadcast_to(np.float32(1), layer(x).shape)
    assert layer.backward(grad).shape == x.shape
    layer(x)
    assert layer.backward(grad, needs_input_grad=False) is None


@pytest.mark.parametrize("layer", [nn.MaxPool2d(3), nn.AvgPool2d(3), nn.AdaptiveAvgPool2d(1)])
def test_no_room(layer):
    with pytest.raises(ValueError, match="side of 0"):
        layer(np.zeros((1, 0, 4, 2), np.float32))


def test_impossible_settings():
    x = np.zeros((1, 4, 4, 1), np.float32)
    with pytest.raises(ValueError, match="padding"):
        nn.MaxPool2d(2, padding=2)(x)
    with pytest.raises(ValueError, match="start at 1"):
        nn.AvgPool2d(2, stride=0)(x)
    with pytest.raises(ValueError, match=r"\(N, H, W, C\)"):
        nn.MaxPool2d(2)(x[0])
    with pytest.raises(ValueError, match="at least 1"):
        nn.AdaptiveAvgPool2d(0)(x)
