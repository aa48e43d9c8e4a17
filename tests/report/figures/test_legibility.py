"""Nothing of a figure is cut, empty, or said in a colour that means something else."""

import itertools

import numpy as np
import pytest

from foveal.boxes import match
from foveal.report import figures
from foveal.report.figures.axes import count_axis, new_axes
from foveal.report.figures.canvas import CLASSES, RIGHT, SERIES, WRONG, new_figure
from foveal.report.figures.training.learning_curves import draw_learning_curve
from foveal.report.figures.training.losses import draw_losses


@pytest.mark.parametrize("most", [0.9, 1.0, 2.0, 3.0, 7.0, 39.0, 1240.0])
def test_a_count_axis_has_whole_numbers_each_once(most):
    figure = new_figure()
    axes = new_axes(figure)
    axes.set_ylim(0, most)
    count_axis(axes.yaxis)
    figure.draw_without_rendering()
    said = [text.get_text() for text in axes.get_yticklabels()]
    assert "" not in said
    assert len(set(said)) == len(said) >= 1


def test_epochs_are_whole_numbers():
    figure = draw_learning_curve([{"epoch": e, "loss": 1 / e, "learning_rate": 0.1} for e in range(1, 4)])
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        seen = [t.get_text() for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
        assert seen == ["1", "2", "3"]
    named = draw_losses({"a": ([1, 2], [0.5, 0.4])}, unit="epoch")
    assert named.axes[0].get_xlabel() == "epoch"


def test_a_curve_of_one_point_is_a_dot():
    curves = {"one": ([0.2], [1.0]), "two": ([0.2, 0.4], [1.0, 0.5])}
    lines = {line.get_label(): line for line in figures.draw_precision_recall(curves).axes[0].lines}
    assert lines["one"].get_marker() == "o"
    assert lines["two"].get_marker() == "None"


def test_classes_have_neither_the_colour_of_right_nor_that_of_wrong():
    assert set(CLASSES) <= set(SERIES) - {RIGHT, WRONG}
    curves = {name: ([0.1, 0.2], [1.0, 0.5]) for name in "abcdef"}
    figure = figures.draw_precision_recall(curves, average=dict(zip("abcdef", range(6), strict=True)))
    assert [line.get_color() for line in reversed(figure.axes[0].lines)] == list(CLASSES)


def cells_of(figure):
    """The colour and the opacity of each cell, by its row and column."""
    found = {}
    for cell in figure.axes[0].patches:
        x, y = cell.get_xy()
        found[round(y), round(x)] = cell.get_facecolor()
    return found


def test_two_false_detections_look_unlike_39_right_ones():
    figure = figures.draw_confusion([[39, 4], [2, 0]], ["raccoon"], background=True)
    cells = cells_of(figure)
    right, missed, false = cells[0, 0], cells[0, 1], cells[1, 0]
    assert right[:3] != false[:3] == missed[:3]
    # 2 of the 41 that were predicted, 4 of the 43 that there are.
    assert false[3] < missed[3] < right[3] / 5
    (key,) = figure.legends
    assert [text.get_text().split(",")[0] for text in key.get_texts()] == ["right", "wrong"]


@pytest.mark.parametrize(
    ("height", "width", "levels", "place"),
    [(200, 640, 5, None), (640, 200, 4, None), (512, 384, 3, (380, 500)), (300, 500, 2, (499, 299))],
)
def test_no_title_and_no_anchor_is_cut(height, width, levels, place):
    strides = [8 * 2**i for i in range(levels)]
    sizes = [np.outer([6 * s + 300 * (s == strides[-1])], [1, 0.7]).reshape(1, 2) for s in strides]
    image = np.full((height, width, 3), 120, np.uint8)
    figure = figures.draw_anchors(image, sizes, strides, place=place)
    titles = inside_of(figure)
    for one, other in itertools.pairwise(titles):
        assert not one.overlaps(other)
    for axes, stride, ((w, h),) in zip(figure.axes, strides, sizes, strict=True):
        x, y = axes.lines[-1].get_xdata()[0], axes.lines[-1].get_ydata()[0]
        # The line is drawn on the edge: half of it lies outside.
        assert axes.get_xlim()[0] < x - w / 2 - 1 < x + w / 2 + 1 < axes.get_xlim()[1], stride
        assert min(axes.get_ylim()) < y - h / 2 - 1 < y + h / 2 + 1 < max(axes.get_ylim()), stride


@pytest.mark.parametrize(("height", "width"), [(400, 400), (200, 640), (640, 200), (512, 384)])
def test_no_title_of_the_matches_is_cut(height, width):
    anchors = np.float32([[0, 0, 50, 50], [20, 20, 90, 90], [60, 60, 100, 100]])
    objects = np.float32([[0, 0, 48, 50]])
    matches = match(anchors, objects, foreground=0.7, background=0.3, force_best=True)
    inside_of(
        figures.draw_anchor_matches(np.full((height, width, 3), 120, np.uint8), anchors, objects, matches)
    )


def inside_of(figure):
    """The places of all titles, each inside the figure."""
    figure.draw_without_rendering()
    sheet = figure.bbox
    titles = [axes._left_title.get_window_extent() for axes in figure.axes if axes.get_title(loc="left")]
    for title in titles:
        assert sheet.x0 <= title.x0 < title.x1 <= sheet.x1
        assert sheet.y0 <= title.y0 < title.y1 <= sheet.y1
    return titles
