"""The figures of convolution, pooling, activations, filters and feature maps."""

import io

import numpy as np
import pytest

from foveal import nn
from foveal.images.filters import FILTERS, apply_filter
from foveal.report import figures

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (6, 7), dtype=np.uint8)


def render(figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def within(figure) -> None:
    """No word leaves the sheet, and no two overlap."""
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
    width, height = figure.canvas.get_width_height()
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])


@pytest.mark.parametrize(
    "figure",
    [
        lambda: figures.draw_convolution_step(IMAGE, "sobel_x", -1),
        lambda: figures.draw_convolution_step(IMAGE, "unsharp_mask", 3, 2, 2),
        lambda: figures.draw_convolution_step(RNG.normal(size=(12, 12)), RNG.normal(size=(3, 3)), 9, 1, 1, 2),
        lambda: figures.draw_convolution_step(
            RNG.normal(size=(3, 9)), RNG.normal(size=(3, 4)), bias=-1, padding=(0, 1)
        ),
        lambda: figures.draw_convolution_step([[1, 2]], [[3]], 1),
        lambda: figures.draw_convolution_step(np.zeros((64, 64)), np.zeros((11, 11))),
        lambda: figures.draw_convolution_step(np.zeros((1, 64)), np.zeros((1, 64))),
        lambda: figures.draw_pooling(IMAGE, 2),
        lambda: figures.draw_pooling(IMAGE - 100.0, 3, 2, 1, step=-1),
        lambda: figures.draw_pooling(IMAGE, (2, 3), (1, 2), kind="average", step=1),
        lambda: figures.draw_pooling(np.zeros((64, 64)), 8),
        lambda: figures.draw_pooling([[1]], 1),
        lambda: figures.draw_stages({"input": IMAGE, "a": -1.5 * IMAGE, "b": IMAGE[:3, :3]}),
        lambda: figures.draw_stages({"one": [[0]]}),
    ],
)
def test_all_words_have_their_room(figure):
    drawn = figure()
    render(drawn)
    within(drawn)


def test_a_step_shows_its_numbers():
    figure = figures.draw_convolution_step([[1, 2, 3], [4, 5, 6]], [[1, -2], [0, 0.5]], 1, bias=2.0)
    written = texts(figure)
    assert "output[0, 1] = 2 − 6 + 0 + 3 + 2 (bias) = 1" in written
    assert "kernel 2 × 2" in written
    # Cells: six of the input, four of the kernel, four products, two of the output.
    assert len(written) == 4 + 16 + 1
    assert "−2.00" in written


def test_what_comes_later_is_not_known_yet():
    known = [len(texts(figures.draw_convolution_step(IMAGE, [[1]], step))) for step in (0, 5, -1)]
    assert np.diff(known).tolist() == [5, 36]


def test_titles_tell_the_setting():
    written = texts(figures.draw_convolution_step(IMAGE, "gaussian_blur_3", 0, (2, 1), 1, 2))
    assert "input 6 × 7, padding 1" in written
    assert "kernel 3 × 3, in 16ths, dilation 2" in written
    assert "output 2 × 5, stride 2 and 1" in written
    written = texts(figures.draw_pooling(IMAGE, 3, 2, 1))
    assert "max pooling 3 × 3, stride 2" in written
    assert "−∞" in written


def test_a_film_has_a_frame_for_every_output(tmp_path):
    from PIL import Image

    film = figures.animate_convolution([[1, 2, 3], [4, 5, 6]], [[1, 1], [1, 1]], padding=1)
    film.save(tmp_path / "film.gif", writer="pillow")
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == 3 * 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.draw_convolution_step(np.zeros((4, 4, 3)), [[1]]), "x must have the shape"),
        (lambda: figures.draw_convolution_step(np.zeros((65, 4)), [[1]]), "it has 65 and 4"),
        (lambda: figures.draw_convolution_step(np.zeros((4, 4)), [[1]], 16), "There are 16 steps"),
        (lambda: figures.draw_convolution_step(np.zeros((4, 4)), "no such"), "There is no filter"),
        (lambda: figures.draw_pooling(np.zeros((4, 4)), 2, step=4), "There are 4 steps"),
        (lambda: figures.draw_stages({}), "no stages"),
        (lambda: figures.draw_stages({"a": np.zeros(3)}), "a must have the shape"),
        (lambda: figures.draw_activations({}, between=(1, 1)), "smaller and a larger"),
        (lambda: figures.draw_filters_gallery(np.zeros((4, 4))), "must be uint8"),
        (lambda: figures.draw_filters_gallery(IMAGE, ["what"]), "There is no filter"),
        (lambda: figures.draw_feature_maps(np.zeros((1, 4, 4, 3))), "without its batch"),
        (lambda: figures.draw_feature_maps(np.zeros((4, 4, 3)), names=["a"]), "3 channels and 1 names"),
        (lambda: figures.draw_first_layer_filters(np.zeros((4, 4, 3))), "\\(O, I, kh, kw\\)"),
    ],
)
def test_what_cannot_be_drawn(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_derivatives_are_those_of_the_backward_pass():
    figure = figures.draw_activations({"ReLU": nn.ReLU()}, between=(-1, 1))
    render(figure)
    value, slope = figure.axes[0].lines[:2]
    x, y = slope.get_data()
    assert set(y[np.isfinite(y)]) == {0, 1}
    assert np.isnan(y).sum() == 1
    assert (y[x > 0.01] == 1).all()
    np.testing.assert_array_equal(value.get_ydata(), np.maximum(value.get_xdata(), 0))
    render(figures.draw_activations({}))


def test_all_activations_are_drawn():
    figure = figures.draw_activations()
    render(figure)
    names = [axes.get_title(loc="left") for axes in figure.axes]
    assert names == ["ReLU", "ReLU6", "LeakyReLU", "Sigmoid", "Tanh", "GELU", "SiLU"]
    for axes in figure.axes:
        (x, value), (at, slope) = (line.get_data() for line in axes.lines[:2])
        known = np.isfinite(slope)
        rise = np.gradient(value, x)
        # Away from kinks, the slope that is drawn is that of the curve.
        far = (np.abs(x) > 0.1) & (np.abs(x - 6) > 0.1)
        np.testing.assert_allclose(np.interp(x, at[known], slope[known])[far], rise[far], atol=5e-3)


def test_filters_of_edges_are_centred_on_grey():
    image = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    figure = figures.draw_filters_gallery(image)
    render(figure)
    panels = {axes.get_title().split(",")[0]: axes for axes in figure.axes}
    assert set(panels) == set(FILTERS)
    low, high = panels["sobel_x"].images[0].get_clim()
    assert low == -high < 0
    np.testing.assert_array_equal(panels["sharpen"].images[0].get_array(), apply_filter(image, "sharpen"))


def test_feature_maps_share_a_scale():
    maps = np.zeros((5, 6, 40))
    maps[0, 0] = np.arange(40)
    figure = figures.draw_feature_maps(maps, most=4, names=[f"$m{k}" for k in range(40)])
    render(figure)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["$m36", "$m37", "$m38", "$m39"]
    assert {axes.images[0].get_clim() for axes in panels} == {(0, 39)}
    assert figure.get_suptitle() == "The 4 liveliest of 40 channels of 5 × 6"
    signed = figures.draw_feature_maps(maps - 1)
    assert signed.axes[0].images[0].get_clim() == (-38, 38)
    render(figures.draw_feature_maps(np.zeros((1, 1, 1))))
    render(figures.draw_feature_maps(np.zeros((0, 4, 2))))


def test_filters_of_a_first_layer():
    weights = RNG.normal(size=(10, 3, 5, 5))
    weights[0, :, 0, 0] = (0, 9, -9)
    figure = figures.draw_first_layer_filters(weights)
    render(figure)
    assert len(figure.axes) == 10
    np.testing.assert_allclose(figure.axes[0].images[0].get_array()[0, 0], [0.5, 1, 0])
    grey = figures.draw_first_layer_filters(weights[:, :1])
    assert len(grey.axes) == 11
    assert grey.axes[0].images[0].get_clim()[0] == -grey.axes[0].images[0].get_clim()[1]
    assert len(figures.draw_first_layer_filters(weights[:, :2], most=4).axes) == 9
    render(figures.draw_first_layer_filters(np.zeros((0, 3, 5, 5))))
