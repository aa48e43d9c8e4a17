"""Every figure can be drawn of nothing, of little and of very much."""

import io

import numpy as np
import pytest

from foveal.proposals import SelectiveSearch
from foveal.report import figures

MANY = [f"class {k}" for k in range(80)]


def render(figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=40)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: figures.draw_class_balance({}, []),
        lambda: figures.draw_class_balance({"train": [0]}, ["a"]),
        lambda: figures.draw_recall([], {}),
        lambda: figures.draw_proposal_quality({}),
        lambda: figures.draw_speeds({}),
        lambda: figures.draw_speeds({"fast": {"a": float("nan")}, "quality": {}}),
        lambda: figures.draw_speeds({"fast": {"a": float("nan"), "b": 1.0}, "quality": {"c": 0.0}}),
        lambda: figures.draw_ratios({}),
        lambda: figures.draw_ratios({"a": {"b": (float("nan"), "")}}),
        lambda: figures.draw_mining([]),
        lambda: figures.draw_losses({}),
        lambda: figures.draw_losses({"1": ([0, 1], [np.nan, np.inf])}),
        lambda: figures.draw_learning_curve([]),
        lambda: figures.draw_learning_curve([{"epoch": 1, "loss": None, "accuracy": float("nan")}]),
        lambda: figures.draw_learning_curve([{"epoch": 1, "loss": 0.0}], marked=1),
        lambda: figures.draw_explanation(np.zeros((1, 1, 3), np.uint8), {}, "a", 0.0),
        lambda: figures.draw_explanation(np.zeros((9, 1, 3), np.uint8), {"x": [[np.nan]]}, "a", 1.0),
        lambda: figures.draw_range_test([], []),
        lambda: figures.draw_range_test([1e-3], [np.nan], [np.nan]),
        lambda: figures.draw_range_test([1e-3], [0.0], suggestion=1e-3),
        lambda: figures.draw_range_test([1e-3, 1e-2], [1.0, np.inf], [1.0, np.inf]),
        lambda: figures.draw_grid([]),
        lambda: figures.draw_grid([{"setting": {}, "score": 0.0, "chosen": True}]),
        lambda: figures.draw_precision_recall({}),
        lambda: figures.draw_confusion(np.zeros((0, 0)), []),
        lambda: figures.draw_confusion([[0, 0], [0, 0]], ["a"], background=True),
        lambda: figures.draw_tide({}),
        lambda: figures.draw_timing({}),
        lambda: figures.draw_timing({"fit": 0.0}),
        lambda: figures.draw_scores([], []),
        lambda: figures.draw_samples([]),
    ],
)
def test_of_nothing(figure):
    render(figure())


def test_names_are_no_formulas():
    name = "$x^{$ <b>"
    render(figures.draw_class_balance({"train": [1]}, [name]))
    render(figures.draw_confusion([[1]], [name]))
    render(figures.draw_precision_recall({name: ([0, 1], [1, 1])}))
    render(figures.draw_mining([{"label": name, "round": 0, "negatives": 1, "added": 1}]))
    render(figures.draw_losses({name: ([0], [1.0])}))
    render(figures.draw_timing({name: 1.0}))
    image = np.zeros((8, 8, 3), np.uint8)
    render(figures.draw_explanation(image, {name: [[1.0]]}, name, 1.0, probabilities={name: 1.0}, title=name))


def test_most_frequent_classes_are_shown():
    figure = figures.draw_class_balance({"train": list(range(80))}, MANY)
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert names == MANY[60:]


def test_other_classes_are_added_up():
    matrix = np.zeros((81, 81))
    np.fill_diagonal(matrix, np.arange(81))
    matrix[0, 80] = 7
    figure = figures.draw_confusion(matrix, MANY, background=True)
    axes = figure.axes[0]
    names = [t.get_text() for t in axes.get_yticklabels()]
    assert names[:20] == MANY[60:]
    assert names[20:] == ["other classes", "no match"]
    words = [t.get_text() for t in axes.texts]
    assert f"{sum(range(60)):,}" in words
    assert "7" in words


def test_matrix_and_names_must_agree():
    with pytest.raises(ValueError, match="need \\(3, 3\\)"):
        figures.draw_confusion(np.zeros((2, 2)), ["a", "b"], background=True)


def test_many_curves_are_grey_but_for_the_extremes():
    curves = {name: ([0.5, 1.0], [1.0, k / 80]) for k, name in enumerate(MANY)}
    figure = figures.draw_precision_recall(curves, average={n: k / 80 for k, n in enumerate(MANY)})
    legend = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert legend[0] == "class 79 0.99"
    assert legend[-1] == "class 0 0.00"
    assert len(legend) == 6
    assert len(figure.axes[0].lines) == 80


def test_grid_marks_what_was_chosen():
    tried = [
        {"setting": {"C": c, "gamma": g}, "score": c * g, "chosen": (c, g) == (3, 5)}
        for c in (1, 2, 3)
        for g in (4, 5)
    ]
    axes = figures.draw_grid(tried).axes[0]
    frame = axes.patches[-1]
    # Columns are the values of C and rows those of gamma: the last of both.
    assert (round(frame.get_x() + 0.48), round(frame.get_y() + 0.48)) == (2, 1)
    assert len(axes.patches) == 7


def test_grid_of_three_numbers_falls_back_to_bars():
    tried = [
        {"setting": {"a": a, "b": b, "c": c}, "score": a + b + c, "chosen": False}
        for a in range(3)
        for b in range(3)
        for c in range(3)
    ]
    axes = figures.draw_grid(tried).axes[0]
    assert len(axes.patches) == 20
    assert axes.patches[0].get_width() == 6


def test_scores_are_stacked():
    axes = figures.draw_scores([0.01, 0.02, 0.99, 2.0], [True, False, True, True]).axes[0]
    right = [bar.get_height() for bar in axes.patches[:20]]
    wrong = [bar.get_height() for bar in axes.patches[20:]]
    assert (right[0], right[-1], wrong[0], sum(wrong)) == (1, 2, 1, 1)


def test_samples_draw_truth_and_detections():
    from foveal.data import Detections

    image = np.zeros((30, 40, 3), np.uint8)
    found = Detections(np.float32([[1, 1, 9, 9]]), np.float32([0.8]), np.int64([0]), ("$a$",))
    figure = figures.draw_samples(
        [image] * 5, [np.float32([[2, 2, 8, 8]])] * 5, [found] * 5, captions=["one"]
    )
    assert len(figure.axes) == 5
    assert len(figure.axes[0].collections) == 3
    assert figure.axes[0].texts[0].get_text() == "$a$ 0.80"
    render(figure)


def test_speeds_are_told_as_ratios_to_the_first():
    figure = figures.draw_speeds({"fast": {"ours": 0.05, "$theirs$": 1.0}, "quality": {"ours": 2.0}})
    render(figure)
    first, second = figure.axes
    assert [t.get_text() for t in first.texts] == ["1.00×  0.0500 s", "20.0×  1.00 s"]
    assert [bar.get_width() for bar in first.patches] == [0.05, 1.0]
    assert [t.get_text() for t in second.texts] == ["1.00×  2.00 s"]
    assert first.get_xlim()[0] == second.get_xlim()[0] == 0
    assert first.get_title("left") == "fast"


def test_ratios_have_one_axis_and_are_cut():
    figure = figures.draw_ratios(
        {"MLP": {"$step$": (0.5, "4 ms"), "b": (23.4, "1 ms")}, "CNN": {"c": (1.2, "")}}
    )
    render(figure)
    first, second = figure.axes
    assert [t.get_text() for t in first.texts] == ["0.50×  4 ms", "23.4×  1 ms"]
    assert [bar.get_width() for bar in first.patches] == [0.5, 5.0]
    assert first.patches[0].get_facecolor() != first.patches[1].get_facecolor()
    assert first.get_xlim() == second.get_xlim()


def test_the_reference_of_speeds_need_not_be_known():
    figure = figures.draw_speeds({"fast": {"ours": np.nan, "theirs": 1.0}})
    assert [t.get_text() for t in figure.axes[0].texts] == ["1.00 s"]


def test_proposals_of_one_package_share_a_colour():
    from foveal.metrics import proposal_recall

    truth = [[[0, 0, 10, 10]]]
    few = proposal_recall([[[0, 0, 10, 5]]], truth)
    many = proposal_recall([[[0, 0, 10, 5]] * 30 + [[0, 0, 10, 9]]], truth)
    figure = figures.draw_proposal_quality({"A one": few, "B one": many, "A two": many, "$c$": few})
    render(figure)
    recall, mabo = figure.axes
    lines = [line for line in recall.lines if line.get_linestyle() != "None"]
    colors, styles = [line.get_color() for line in lines], [line.get_linestyle() for line in lines]
    assert colors[0] == colors[2]
    assert len(set(colors)) == 3
    assert styles[0] != styles[2]
    assert styles[0] == styles[1]
    assert lines[1].get_ydata()[-1] == 1
    assert [line for line in mabo.lines if line.get_linestyle() != "None"][1].get_ydata()[
        -1
    ] == pytest.approx(0.9)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["A one", "B one", "A two", "$c$"]


@pytest.fixture(scope="module")
def searched():
    """A picture with objects of two colours, and the hierarchies of its regions."""
    image = np.random.default_rng(0).integers(0, 40, (60, 80, 3), dtype=np.uint8)
    image[10:40, 10:40] += 180
    image[30:55, 50:75, 2] += 120
    return image, SelectiveSearch("fast").propose(image).hierarchy


def test_a_picture_of_one_region():
    image = np.zeros((1, 1, 3), np.uint8)
    trees = SelectiveSearch("single").propose(image).hierarchy
    for figure in (
        figures.draw_levels(image, trees[0]),
        figures.draw_dendrogram(image, trees[0]),
        figures.draw_similarities(trees),
        figures.draw_similarities([]),
    ):
        render(figure)
        assert len(figure.axes) == 1


def test_levels_are_those_that_there_are(searched):
    image, trees = searched
    figure = figures.draw_levels(image, trees[0], [10_000, 8, 1])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [f"{trees[0].number} regions (the first segmentation)", "8 regions", "1 region"]
    assert len(np.unique(figure.axes[2].images[0].get_array().reshape(-1, 3), axis=0)) == 1
    render(figure)


def test_similarities_end_with_the_whole_picture(searched):
    _, trees = searched
    figure = figures.draw_similarities(trees)
    similar, sizes = figure.axes
    assert len(similar.get_legend().get_texts()) == 4
    dots = similar.lines[0]
    np.testing.assert_allclose(dots.get_ydata(), trees[0].similarities / 4)
    assert dots.get_xdata()[[0, -1]].tolist() == [trees[0].number - 1, 1]
    assert all(line.get_ydata()[-1] == 1 for line in sizes.lines)
    render(figure)


@pytest.mark.parametrize("leaves", [1, 2, 5, 20, 100_000])
def test_a_tree_has_a_number_for_every_joining(searched, leaves):
    image, trees = searched
    figure = figures.draw_dendrogram(image, trees[0], leaves=min(leaves, 40))
    if leaves == 1:
        assert "nothing was joined" in figure.axes[0].texts[0].get_text()
        return
    joinings = min(leaves, 40, trees[0].number) - 1
    written = [text.get_text() for text in figure.axes[0].texts]
    expected = trees[0].similarities[-joinings:] / 4
    assert sorted(written) == sorted(f"{value:.2f}" for value in expected)
    render(figure)


@pytest.mark.parametrize("channels", [1, 3])
def test_augmentations_begin_with_the_picture_itself(channels):
    from foveal.data import Augmentation

    image = np.random.default_rng(0).integers(256, size=(12, 9, channels), dtype=np.uint8)
    rows = {"none": Augmentation.none(), "mirrored": Augmentation(flip=1.0, mixup=0.5)}
    figure = figures.draw_augmentations(image, rows, count=2)
    shown = [np.asarray(axes.images[0].get_array()).reshape(image.shape) for axes in figure.axes]
    assert len(shown) == 6
    for i, picture in enumerate((image, image, image, image, image[:, ::-1], image[:, ::-1])):
        np.testing.assert_array_equal(shown[i], picture)
    assert [axes.get_title() for axes in figure.axes[::3]] == ["none", "mirrored"]


def test_names_of_stages_are_whole():
    name = "proposals of selective search, for comparison (the rest)"
    figure = figures.draw_timing({name: 2.0, "report": 1.0})
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [words.replace("\n", " ") for words in shown] == [name, "report"]
    assert shown[0] != name


def test_a_range_test_marks_the_suggestion_and_lets_the_explosion_leave_the_axes():
    rates = np.geomspace(1e-4, 1, 5)
    axes = figures.draw_range_test(
        rates, [2.0, 1.5, 1.0, 1.2, 900.0], [2.0, 1.6, 1.2, 1.1, 80.0], suggestion=1e-3
    ).axes[0]
    assert [t.get_text() for t in axes.texts] == ["suggested 0.001"]
    low, high = axes.get_ylim()
    assert low < 1.1
    assert 2 < high < 4
    np.testing.assert_allclose(axes.lines[1].get_xdata(), rates)


def test_learning_curve_has_what_was_measured():
    epochs = [{"epoch": e, "loss": 40.0 / 10**e, "learning_rate": 0.1} for e in range(1, 4)]
    figure = figures.draw_learning_curve(epochs)
    assert [a.get_title(loc="left") for a in figure.axes] == ["loss", "learning rate"]
    assert figure.axes[0].get_yscale() == "log"
    measured = [e | {"validation_loss": 1.0, "validation_accuracy": 0.9, "accuracy": 0.8} for e in epochs]
    figure = figures.draw_learning_curve(measured, marked=2, mark="kept")
    assert [len(a.lines) for a in figure.axes] == [3, 3, 2]
    assert figure.axes[0].lines[1].get_ydata().tolist() == [1.0] * 3
    assert figure.axes[0].texts[0].get_text() == "kept: epoch 2"


def test_explanation_names_the_class_that_was_asked_about():
    probabilities = {f"class {k}": 0.1 for k in range(9)} | {"asked": 0.05}
    figure = figures.draw_explanation(
        np.zeros((20, 30, 3), np.uint8), {"a": [[1.0]]}, "asked", 0.05, probabilities=probabilities
    )
    names = [t.get_text() for t in figure.axes[-1].get_yticklabels()]
    assert len(names) == 6
    assert names[-1] == "asked"
