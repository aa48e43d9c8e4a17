"""The figures of detectors: they draw what they are given, of nothing, of little and of much."""

import io

import numpy as np
import pytest

from foveal.boxes import match, nms
from foveal.metrics import proposal_recall
from foveal.report import figures
from foveal.report.html.embedding import figure_to_svg

IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
NONE = np.zeros((0, 4), np.float32)
NO_MATCHES = match(NONE, NONE)
ODD = "$x^{$ <b>"


def render(figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def outlines(axes):
    """The boxes that are drawn on axes, in the order of drawing; dark seams left out."""
    boxes = []
    for collection in axes.collections:
        if collection.get_alpha() is not None and collection.get_alpha() < 0.5:
            continue
        boxes += [[*path.vertices[0], *path.vertices[2]] for path in collection.get_paths()]
    return boxes


@pytest.mark.parametrize(
    "figure",
    [
        lambda: figures.draw_anchors(IMAGE, [], []),
        lambda: figures.draw_anchors(IMAGE, [NONE[:, :2]], [8]),
        lambda: figures.draw_anchors(IMAGE[:1, :1], [[[500, 1]]], [64.0], place=(900, -3)),
        lambda: figures.draw_anchor_matches(IMAGE, NONE, NONE, NO_MATCHES),
        lambda: figures.draw_anchor_matches(IMAGE, [[0, 0, 9, 9]], NONE, match([[0, 0, 9, 9]], NONE)),
        lambda: figures.draw_objectness(IMAGE, [], []),
        lambda: figures.draw_objectness(IMAGE, [[[0.0]]], [100]),
        lambda: figures.draw_suppression(IMAGE, NONE, [], []),
        lambda: figures.draw_suppression(IMAGE, [[1, 1, 5, 5]], [-3.0], [0]),
        lambda: figures.draw_roi_sampling([[1.0]], [0, 0, 0, 0], 1, sampling_ratio=1),
        lambda: figures.draw_roi_sampling(np.ones((90, 90)), [-900, -900, 900, 900], 2, spatial_scale=0.1),
        lambda: figures.draw_regression(IMAGE, NONE, NONE),
        lambda: figures.draw_regression(IMAGE, [[3, 3, 3, 3]], [[3, 3, 3, 3]], objects=[[40, 40, 50, 48]]),
        lambda: figures.draw_attention(IMAGE, NONE, []),
        lambda: figures.draw_attention(IMAGE, [[1, 1, 1, 1]], [[[np.nan]]]),
        lambda: figures.draw_loss_parts([]),
        lambda: figures.draw_loss_parts([{"seconds": 1, "rpn_class": None}]),
        lambda: figures.draw_loss_parts([{"seconds": 0, "rpn_class": 0.0}]),
        lambda: figures.draw_loss_parts([], [{"seconds": 1.0, "validation_AP50": 0.0}]),
        lambda: figures.draw_recall_of_methods({}),
        lambda: figures.draw_recall_of_methods({"none": proposal_recall([NONE], [NONE])}),
        lambda: figures.draw_recall_of_methods({"none": proposal_recall([NONE], [[[0, 0, 4, 4]]])}),
    ],
)
def test_of_nothing(figure):
    render(figure())


def test_names_are_no_formulas():
    box = [[4, 4, 20, 20]]
    render(figures.draw_anchor_matches(IMAGE, box, box, match(box, box), names=[ODD]))
    render(figures.draw_regression(IMAGE, box, box, names=[ODD]))
    render(figures.draw_attention(IMAGE, box, [[[1.0]]], names=[ODD], label="lost"))
    render(figures.draw_recall_of_methods({ODD: proposal_recall([box], [box])}))


def test_anchors_are_those_of_the_nearest_place():
    axes = figures.draw_anchors(IMAGE, [[[10, 20], [20, 10]]], [8], place=(17, 30)).axes[0]
    # The place in column 2 and row 3, whose centre is at (20, 28).
    assert outlines(axes) == [[15, 18, 25, 38], [10, 23, 30, 33]]


def test_the_titles_above_anchors_that_reach_over_the_image_are_whole():
    small, large = [[206, 147], [173, 175], [150, 201]], [[412, 294], [346, 350], [301, 402]]
    wide = np.zeros((328, 512, 3), np.uint8)
    for place in (None, (250, 100), (60, 30)):
        figure = figures.draw_anchors(wide, [small, small, large], [8, 16, 32], place=place)
        figure_to_svg(figure, "a")
        for axes in figure.axes:
            assert axes._left_title.get_window_extent().y1 <= figure.bbox.height


def test_why_anchors_are_foreground():
    objects = [[2, 2, 22, 22], [40, 20, 50, 46]]
    anchors = [[2, 2, 22, 22], [2, 2, 22, 18], [36, 24, 54, 42], [2, 2, 22, 12], [30, 2, 38, 8]]
    matches = match(anchors, objects, foreground=0.7, background=0.3, force_best=True)
    figure = figures.draw_anchor_matches(IMAGE, anchors, objects, matches, names=["cat", "dog"])
    assert [t.splitlines()[0] for t in titles(figure)[:3]] == ["3 foreground", "1 ignored", "1 background"]
    assert outlines(figure.axes[0])[:3] == [anchors[1], anchors[0], anchors[2]]
    assert outlines(figure.axes[1])[0] == anchors[3]
    assert outlines(figure.axes[2])[0] == anchors[4]
    said = [t.get_text() for part in figure.subfigs for legend in part.legends for t in legend.get_texts()]
    assert said == ["cat: 2 anchors, IoU 0.80–1.00", "dog: only its best anchor, IoU 0.45 (dashed)"]


def test_objectness_is_on_one_scale():
    figure = figures.draw_objectness(IMAGE, [np.full((6, 8, 2), [0.1, 0.3]), np.full((3, 4), 0.9)], [8, 16])
    first, second = (axes.images[-1].get_array() for axes in figure.axes[:2])
    assert first.shape[:2] == (6, 8)
    assert first[0, 0, :3].sum() < second[0, 0, :3].sum()
    # The scale goes from 0 to 1 whatever the maps hold.
    assert figure.axes[-1].get_ylim() == (0, 1)


def test_suppression_draws_the_best():
    random = np.random.default_rng(1)
    corners = random.uniform(0, 30, (150, 2))
    boxes = np.concatenate([corners, corners + random.uniform(5, 20, (150, 2))], axis=1)
    scores = random.random(150)
    kept = nms(boxes, scores, 0.3)
    figure = figures.draw_suppression(IMAGE, boxes, scores, kept, most=20, threshold=0.3)
    assert titles(figure)[0] == "before: 150 boxes, the best 20 drawn"
    assert f"{len(kept)} boxes" in titles(figure)[1]
    drawn = outlines(figure.axes[0])
    assert drawn[-1] == boxes[scores.argmax()].tolist()
    assert len(drawn) == 20


def test_without_suppression_there_is_one_panel():
    figure = figures.draw_suppression(IMAGE, [[0, 0, 9, 9], [20, 0, 30, 9]], [0.5, 0.9], [1, 0])
    assert [title for title in titles(figure) if title] == ["all: 2 boxes"]


def test_sampling_shows_the_weights():
    x = np.arange(64.0).reshape(8, 8)
    figure = figures.draw_roi_sampling(
        x, [8, 8, 24, 24], 2, spatial_scale=1 / 8, sampling_ratio=1, bin=(0, 1)
    )
    aligned, pooled = figure.axes
    # Each bin is one cell, and its only point the cell's centre.
    assert {t.get_text() for t in aligned.texts} == {"1.00", "0.00"}
    assert "bin [0, 1] is the mean of 10.00: 10.00" in aligned.get_xlabel()
    assert "bin [0, 1] is the largest of 2 × 2 cells: 19.00" in pooled.get_xlabel()


@pytest.mark.parametrize("box", [[100, 10, 160, 380], [100, 60, 250, 300], [10, 200, 400, 300]])
def test_words_below_the_sampling_are_not_cut(box):
    values = np.random.default_rng(0).random((12, 16))
    figure = figures.draw_roi_sampling(values, box, 5, spatial_scale=1 / 32, sampling_ratio=1)
    figure.draw_without_rendering()
    assert all(axes.xaxis.label.get_window_extent().y0 >= 0 for axes in figure.axes)


def test_regression_says_the_overlap():
    figure = figures.draw_regression(
        IMAGE, [[0, 0, 10, 10], [40, 30, 44, 34]], [[0, 0, 20, 10], [40, 30, 45, 34]],
        objects=[[0, 0, 20, 20]], names=["cat 0.90", "dog 0.20"],
    )  # fmt: skip
    assert titles(figure)[:2] == ["cat 0.90, IoU 0.25 → 0.50", "dog 0.20, no object there"]
    low, high = figure.axes[0].get_xlim()
    assert low < 0
    assert high > 20


def test_attention_is_on_one_scale():
    maps = [np.eye(3) * 0.5, -np.eye(3) * 0.25]
    figure = figures.draw_attention(IMAGE, [[0, 0, 20, 20], [20, 20, 40, 40]], maps, names=["a", "b"])
    assert titles(figure)[:4] == ["a", "most: 0.50", "b", "most: −0.25"]
    strong, weak = (figure.axes[i].images[-1].get_array() for i in (1, 3))
    assert strong[0, 0, 0] > strong[0, 0, 2]
    assert weak[0, 0, 2] > weak[0, 0, 0]
    assert strong[0, 0, 3] > weak[0, 0, 3]
    assert figure.axes[-1].get_ylim() == (-0.5, 0.5)


def test_hardly_any_attention_has_no_sign():
    figure = figures.draw_attention(IMAGE, [[0, 0, 20, 20]], [-np.eye(3) * 0.001], names=["a"])
    assert titles(figure)[:2] == ["a", "most: 0.00"]


def test_losses_and_what_was_kept():
    losses = [{"seconds": float(s), "rpn_class": 1.0, "head_box": 2.0} for s in range(1, 400)]
    epochs = [{"seconds": s, "validation_AP50": v} for s, v in ((120, 0.5), (240, 0.8), (360, 0.7))]
    figure = figures.draw_loss_parts(losses, epochs)
    upper, lower = figure.axes
    assert [t.get_text() for t in upper.get_legend().get_texts()] == ["RPN, object or not", "head, boxes"]
    assert upper.lines[1].get_ydata() == pytest.approx(1.0)
    assert [t.get_text() for t in lower.texts] == ["kept: 0.800"]
    # Minutes, and the line stands at the best validation.
    assert lower.get_xlabel() == "time (minutes)"
    assert lower.lines[-1].get_xdata() == pytest.approx([4, 4])
    marked = figures.draw_loss_parts(losses, epochs, marked=120.0, mark="chosen")
    assert [t.get_text() for t in marked.axes[1].texts] == ["chosen: 0.500"]


def test_recall_of_methods():
    quality = proposal_recall([[[0, 0, 9, 5], [0, 0, 9, 9]]], [[[0, 0, 9, 9]]])
    figure = figures.draw_recall_of_methods({"RPN": quality, "selective search": quality})
    assert figure.axes[0].lines[0].get_ydata()[-1] == 1.0
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match=r"not at 0\.9"):
        figures.draw_recall_of_methods({"RPN": quality}, (0.9,))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: figures.draw_anchors(IMAGE[..., 0], [], []), "uint8 of shape"),
        (lambda: figures.draw_anchors(IMAGE, [[[1, 1]]], []), "one stride a level"),
        (lambda: figures.draw_anchor_matches(IMAGE, [[0, 0, 1, 1]], NONE, NO_MATCHES), "0 matches"),
        (lambda: figures.draw_anchor_matches(IMAGE, NONE, NONE, NO_MATCHES, names=["a"]), "one name"),
        (lambda: figures.draw_objectness(IMAGE, [[0.5]], [8]), "number 0 has"),
        (lambda: figures.draw_objectness(IMAGE, [], [8]), "one stride a level"),
        (lambda: figures.draw_suppression(IMAGE, NONE, [1.0], []), "one score a box"),
        (lambda: figures.draw_suppression(IMAGE, NONE, [], [0]), "rows of the 0 boxes"),
        (lambda: figures.draw_roi_sampling([[1.0]], [0, 0, 1, 1], 2, bin=(2, 0)), "bin is"),
        (lambda: figures.draw_roi_sampling([[1.0]], [0, 0, 1, 1], 2, point=4), "point is 4"),
        (lambda: figures.draw_regression(IMAGE, NONE, [[0, 0, 1, 1]]), "one result a proposal"),
        (lambda: figures.draw_regression(IMAGE, NONE, NONE, names=["a"]), "one name a box"),
        (lambda: figures.draw_attention(IMAGE, NONE, [[[1.0]]]), "one map a box"),
        (lambda: figures.draw_attention(IMAGE, [[0, 0, 1, 1]], [[1.0]]), "number 0 has"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_photographs_in_a_page_are_small():
    noise = np.random.default_rng(2).integers(0, 255, (400, 600, 3)).astype(np.uint8)
    figure = figures.draw_suppression(noise, [[10, 10, 90, 90]], [0.5], [0])
    svg = figure_to_svg(figure, "x")
    assert "data:image/jpeg;base64," in svg
    # As PNG the two noisy pictures would take over a megabyte.
    assert len(svg) < 500_000
