import numpy as np
import pytest

from foveal import nn
from foveal.nn import convolution_steps, pooling_steps


@pytest.mark.parametrize("stride", [1, (2, 3)])
@pytest.mark.parametrize("padding", [0, (2, 1)])
@pytest.mark.parametrize("dilation", [1, (1, 2)])
def test_steps_make_up_the_convolution(stride, padding, dilation):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(6, 7, 2)), rng.normal(size=(2, 3, 2))
    steps = convolution_steps(x, kernel, stride, padding, dilation, bias=0.5)
    y = nn.functional.conv2d(x[None], kernel[None], np.array([0.5]), stride, padding, dilation)[0, ..., 0]
    assert [(step.row, step.column) for step in steps] == list(np.ndindex(y.shape))
    np.testing.assert_allclose([step.value for step in steps], y.ravel(), atol=1e-12)
    for step in steps:
        np.testing.assert_allclose(step.products, step.window * kernel)
        for (c, i, j), value in np.ndenumerate(step.window):
            row, column = step.rows[i], step.columns[j]
            inside = 0 <= row < 6 and 0 <= column < 7
            assert value == (x[row, column, c] if inside else 0)


def test_one_channel_needs_no_axis():
    steps = convolution_steps(np.arange(12).reshape(3, 4), [[1, 2]], stride=(1, 2), padding=(0, 1))
    assert len(steps) == 9
    assert steps[0].window.tolist() == [[0, 0]]
    assert steps[0].columns.tolist() == [-1, 0]
    assert steps[2].window.tolist() == [[3, 0]]
    assert (steps[2].row, steps[2].column, steps[2].value) == (0, 2, 3.0)


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, None, 0), (3, 2, 1), ((2, 3), (1, 2), (1, 0))])
def test_pooling_agrees_with_torch(size, stride, padding):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).normal(size=(7, 8))
    given = torch.tensor(x)[None, None].requires_grad_()
    largest = torch.nn.functional.max_pool2d(given, size, stride, padding)
    steps = pooling_steps(x, size, stride, padding)
    assert [step.value for step in steps] == largest.detach().numpy().ravel().tolist()
    largest.sum().backward()
    counts = np.zeros_like(x)
    for step in steps:
        counts[step.chosen] += 1
    np.testing.assert_array_equal(counts, given.grad[0, 0].numpy())
    mean = torch.nn.functional.avg_pool2d(given, size, stride, padding).detach().numpy()
    steps = pooling_steps(x, size, stride, padding, kind="average")
    np.testing.assert_allclose([step.value for step in steps], mean.ravel(), atol=1e-12)
    assert {step.chosen for step in steps} == {None}


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, None, 0), (3, 2, 1), ((2, 3), (1, 2), (1, 0))])
def test_steps_make_up_the_pooling(size, stride, padding):
    x = np.random.default_rng(1).integers(-3, 3, (7, 8)).astype(float)
    batch = x[None, ..., None]
    steps = pooling_steps(x, size, stride, padding)
    layer = nn.MaxPool2d(size, stride, padding)
    y = layer(batch)
    assert [step.value for step in steps] == y.ravel().tolist()
    counts = np.zeros_like(x)
    for step in steps:
        counts[step.chosen] += 1
    np.testing.assert_array_equal(counts, layer.backward(np.ones_like(y))[0, ..., 0])
    steps = pooling_steps(x, size, stride, padding, kind="average")
    mean = nn.AvgPool2d(size, stride, padding)(batch)
    np.testing.assert_allclose([step.value for step in steps], mean.ravel(), atol=1e-12)


def test_the_first_of_equal_numbers_is_chosen():
    assert pooling_steps(np.zeros((2, 2), int), 2)[0].chosen == (0, 0)
    assert pooling_steps(np.full((1, 1), -3), 2, padding=1)[0].chosen == (0, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((1, 2, 2))), "and \\(1, 2, 2\\)"),
        (lambda: convolution_steps(np.zeros((3, 3, 2)), np.zeros((3, 2, 2))), "\\(C, kh, kw\\)"),
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((4, 1))), "reaches over 4 .* has 3"),
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((2, 2)), dilation=3), "reaches over 4"),
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((2, 2)), stride=0), "at least 1"),
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((2, 2)), padding=-1), "at least 0"),
        (lambda: convolution_steps(np.zeros((3, 3)), np.zeros((0, 2))), "reaches over"),
        (lambda: pooling_steps(np.zeros((3, 3, 1)), 2), "must have the shape \\(H, W\\)"),
        (lambda: pooling_steps(np.zeros((3, 3)), 2, kind="min"), '"max" or "average"'),
        (lambda: pooling_steps(np.zeros((3, 3)), 2, padding=2), "at most half"),
        (lambda: pooling_steps(np.zeros((3, 3)), 4), "reaches over 4"),
        (lambda: pooling_steps(np.zeros((3, 3)), 2, 0), "at least 1"),
    ],
)
def test_what_cannot_be_walked_through(call, message):
    with pytest.raises(ValueError, match=message):
        call()
