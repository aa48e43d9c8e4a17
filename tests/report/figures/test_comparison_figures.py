import numpy as np
from matplotlib.colors import to_hex

from foveal.metrics import Interval
from foveal.metrics.operating_points import operating_points_of
from foveal.report.figures import draw_compared_curves, draw_intervals, draw_operating_points
from foveal.report.figures.canvas import MUTED, SERIES


def test_differences_that_reach_zero_are_grey():
    found = [Interval(-0.2, -0.3, -0.1), Interval(0.02, -0.1, 0.15)]
    axes = draw_intervals(["a − b", "a − c"], found, "difference", around_zero=True).axes[0]
    bars = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 2]
    assert [to_hex(line.get_color()) for line in bars] == [SERIES[0], MUTED]
    assert [list(line.get_xdata()) for line in bars] == [[-0.3, -0.1], [-0.1, 0.15]]
    assert axes.get_xlim()[0] < -0.3
    assert [text.get_text() for text in axes.texts] == ["−0.200", "+0.020"]


def test_each_training_has_a_tick():
    axes = draw_intervals(["rcnn"], [Interval(0.5, 0.4, 0.6)], "AP50", trainings=[[0.45, 0.55]]).axes[0]
    (ticks,) = [line for line in axes.lines if line.get_marker() == "|"]
    assert list(ticks.get_xdata()) == [0.45, 0.55]
    single = draw_intervals(["rcnn"], [Interval(0.5, 0.4, 0.6)], "AP50", trainings=[[0.5]]).axes[0]
    assert not [line for line in single.lines if line.get_marker() == "|"]


def test_the_strong_line_is_the_mean_of_the_trainings():
    low, high = np.linspace(0.8, 0, 101), np.linspace(1, 0.2, 101)
    axes = draw_compared_curves({"rcnn": [low, high], "fast-rcnn": [high]}).axes[0]
    strong = [line for line in axes.lines if line.get_linewidth() > 1]
    assert len(axes.lines) == 4
    assert np.allclose(strong[0].get_ydata(), (low + high) / 2)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["rcnn", "fast-rcnn"]


def test_a_threshold_keeps_what_it_keeps_down_to_the_one_below():
    axes = draw_operating_points(operating_points_of([0.9, 0.4], [True, False], 2), threshold=0.7).axes[0]
    precision = axes.lines[0]
    assert list(precision.get_xdata()) == [0, 0.4, 0.9]
    assert list(precision.get_ydata()) == [0.5, 0.5, 1]
    assert precision.get_drawstyle() == "steps-pre"
    assert [text.get_text() for text in axes.texts] == ["0.70"]


def test_nothing_to_draw_is_said():
    for figure in (
        draw_intervals([], [], "AP50"),
        draw_compared_curves({}),
        draw_operating_points(operating_points_of([], [], 0)),
    ):
        assert figure.axes[0].texts[0].get_text().startswith(("There is nothing", "There are no"))
