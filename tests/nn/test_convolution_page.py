"""The page of the docs about convolution: its code runs, and its four loops are the engine's oracle."""

import doctest
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from foveal import nn

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def page():
    """What the page on convolution defines."""
    return run(DOCS / "convolution.md")


def test_the_page_on_how_it_is_computed():
    run(DOCS / "tiled_convolution.md")


def run(path):
    """Run a page from top to bottom; what it has defined."""
    names = {}
    shown = re.findall(r"^```(python|pycon)\n(.*?)^```$", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert {"python", "pycon"} == {kind for kind, _ in shown}
    assert len(shown) >= 8
    runner = doctest.DocTestRunner(verbose=False)
    for number, (kind, code) in enumerate(shown, 1):
        if kind == "python":
            exec(compile(code, f"{path.name}, block {number}", "exec"), names)
        else:
            test = doctest.DocTestParser().get_doctest(code, names, f"block {number}", path.name, 0)
            said = []
            runner.run(test, out=said.append, clear_globs=False)
            assert not said, "".join(said)
            names.update(test.globs)
    return SimpleNamespace(**names)


def grouped(convolve, x, weight, bias, groups):
    """A convolution of each part of the channels, side by side."""
    parts = zip(np.split(x, groups, 3), np.split(weight, groups), np.split(bias, groups), strict=True)
    return np.concatenate([convolve(*part) for part in parts], axis=3)


SETTINGS = [
    (size, stride, padding, dilation, groups)
    for size in [(1, 1), (3, 3), (2, 3)]
    for stride in [(1, 1), (2, 3)]
    for padding in [(0, 0), (1, 2)]
    for dilation in [(1, 1), (2, 1)]
    for groups in [1, 2]
]


@pytest.mark.parametrize(("size", "stride", "padding", "dilation", "groups"), SETTINGS)
def test_the_engine_agrees_with_the_loops(page, size, stride, padding, dilation, groups):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 7, 6, 4))
    weight, bias = rng.normal(size=(6, 4 // groups, *size)), rng.normal(size=6)
    loops = grouped(
        lambda *arrays: page.conv2d_loops(*arrays, stride, padding, dilation), x, weight, bias, groups
    )
    y = nn.functional.conv2d(x, weight, bias, stride, padding, dilation, groups)
    np.testing.assert_allclose(y, loops, atol=1e-12)

    grad = rng.normal(size=y.shape)
    gradients = nn.functional.conv2d_backward(grad, x, weight, stride, padding, dilation, groups)
    parts = [
        page.conv2d_loops_backward(*arrays, stride, padding, dilation)
        for arrays in zip(
            np.split(grad, groups, 3), np.split(x, groups, 3), np.split(weight, groups), strict=True
        )
    ]
    for found, expected, axis in zip(gradients, zip(*parts, strict=True), (3, 0, 0), strict=True):
        np.testing.assert_allclose(found, np.concatenate(expected, axis), atol=1e-11)


@pytest.mark.parametrize(("size", "stride", "padding", "dilation", "groups"), SETTINGS[::2])
def test_the_pages_matrix_product_agrees_with_its_loops(page, size, stride, padding, dilation, groups):
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=(2, 7, 6, 3)), rng.normal(size=(5, 3, *size)), rng.normal(size=5)
    y = page.conv2d_loops(x, weight, bias, stride, padding, dilation)
    np.testing.assert_allclose(page.conv2d_im2col(x, weight, bias, stride, padding, dilation), y, atol=1e-12)
    grad = rng.normal(size=y.shape)
    for found, expected in zip(
        page.conv2d_im2col_backward(grad, x, weight, stride, padding, dilation),
        page.conv2d_loops_backward(grad, x, weight, stride, padding, dilation),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, atol=1e-11)


def test_the_loops_agree_with_torch(page):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    x, weight, bias = rng.normal(size=(2, 8, 9, 3)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    how = {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)}
    expected = torch.nn.functional.conv2d(
        torch.tensor(x).permute(0, 3, 1, 2), torch.tensor(weight), torch.tensor(bias), **how
    )
    np.testing.assert_allclose(
        page.conv2d_loops(x, weight, bias, **how), expected.permute(0, 2, 3, 1).numpy(), atol=1e-12
    )
