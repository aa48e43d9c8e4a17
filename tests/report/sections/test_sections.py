"""What the chapters choose to show."""

from dataclasses import replace

import numpy as np
import pytest

from foveal.data import Detections
from foveal.metrics import proposal_recall
from foveal.report import NetworkLook, classification_chapter
from foveal.report.chapters.detection import detection_chapter, rank_images
from foveal.report.html.blocks import Images
from foveal.report.sections.data import choose_samples, class_counts, class_table
from foveal.report.sections.losses import loss_parts_blocks
from foveal.report.sections.proposals import proposals_section
from foveal.report.sections.run import headlines, stage_seconds, total_seconds
from foveal.report.sections.training import training_section
from foveal.report.verdicts import Verdict


def verdict(right: int, false: int, missed: int, score: float = 0.9) -> Verdict:
    number = right + false
    found = Detections(
        np.zeros((number, 4), np.float32),
        np.full(number, score, np.float32),
        np.zeros(number, np.int64),
        ("a",),
    )
    return Verdict(found, ("right",) * right + ("nothing there",) * false, np.arange(right + missed) >= right)


def test_best_typical_and_worst():
    verdicts = [verdict(i, 20 - i, 20 - i) for i in range(21)]
    best, typical, worst = rank_images(verdicts)
    assert best == [20, 19, 18]
    assert typical == [11, 10, 9]
    assert worst == [*range(9), 12]


def test_worst_pictures_have_errors():
    best, typical, worst = rank_images([verdict(2, 0, 0) for _ in range(30)])
    assert (len(best), len(typical), worst) == (3, 3, [])
    assert rank_images([]) == ([], [], [])
    assert rank_images([verdict(0, 1, 1)]) == ([], [0], [])


def test_an_empty_image_is_none_of_the_best():
    verdicts = [verdict(0, 0, 0), verdict(1, 1, 0), verdict(0, 0, 0), verdict(2, 0, 0)]
    assert rank_images(verdicts)[0] == [3, 1]


def test_surest_error_is_the_worst_of_equals():
    verdicts = [verdict(5, 0, 0)] * 6 + [verdict(0, 1, 1, 0.6), verdict(0, 1, 1, 0.99), verdict(0, 1, 1, 0.7)]
    assert rank_images(verdicts)[2][0] == 7


def test_every_class_is_shown(make_pictures):
    classes = tuple("abcdef")
    data = make_pictures(classes, 40, task="classification")
    chosen = choose_samples(data, 6)
    assert {data[i].label for i in chosen} == set(range(6))
    assert chosen == sorted(set(chosen))
    assert choose_samples(data.select([]), 6) == []
    assert choose_samples(data.select([0, 1]), 6) == [0, 1]


def test_counts_of_objects_and_of_images(make_pictures):
    data = make_pictures(("a", "b", "c"), 4, objects=0)
    labelled = replace(data[0], boxes=np.zeros((3, 4), np.float32), labels=np.int64([2, 0, 2]))
    assert class_counts(replace(data, samples=(labelled, *data.samples[1:]))).tolist() == [1, 0, 2]


def test_broken_off_stage_hides_nothing():
    log = [
        {"event": "stage_start", "stage": "fit"},
        {"event": "stage_start", "stage": "fit"},
        {"event": "stage_start", "stage": "mining"},
        {"event": "stage_end", "stage": "mining", "seconds": 3.0},
        {"event": "stage_end", "stage": "fit", "seconds": 4.0},
        {"event": "stage_end", "stage": "fit again", "seconds": 1.0},
    ]
    assert total_seconds(log) == pytest.approx(5.0)
    assert stage_seconds(log) == {"mining": 3.0, "fit (the rest)": 1.0, "fit again": 1.0}


def test_one_search_is_one_figure():
    grid = [
        {"event": "candidate", "setting": {"kernel": "linear", "C": 1}, "score": 0.5, "chosen": False},
        {
            "event": "candidate",
            "setting": {"kernel": "rbf", "C": 1, "gamma": 0.1},
            "score": 0.6,
            "chosen": True,
        },
        {"event": "candidate", "setting": {"learning_rate": 0.1}, "score": 0.4, "chosen": True},
    ]
    titles = [block.title for block in training_section(grid).blocks if block.template == "chart"]
    assert titles == ["Settings compared: C, gamma, kernel", "Settings compared: learning rate"]


def test_losses_that_are_no_numbers_leave_a_gap():
    sweep = [
        {"event": "sweep", "parameter": "rate", "value": 1.0, "iteration": i, "loss": loss}
        for i, loss in enumerate([1.0, float("inf"), None])
    ]
    (chart,) = training_section(sweep).blocks
    assert np.isnan(chart.figure.axes[0].lines[0].get_ydata()[1:]).all()


def epochs(number, **more):
    return [
        {"event": "epoch", "epoch": e, "loss": 1 / e, "learning_rate": 0.1, "seconds": 1.0, "accuracy": 0.5}
        | {name: values[e - 1] for name, values in more.items()}
        for e in range(1, number + 1)
    ]


def test_learning_curve_of_a_network():
    log = [{"event": "schedule", "minutes": 1, "epochs": 3, "steps": 9, "text": "Three epochs fit."}]
    log += epochs(3, validation_loss=[0.9, 0.5, 0.7])
    last = training_section(log)
    assert last.blocks[0].text == "Three epochs fit."
    assert last.blocks[1].title == "Learning curve"
    assert "After epoch 3 of 3: training loss 0.333, validation loss 0.700" in last.blocks[1].caption
    assert "least in epoch 2, 0.500" in last.blocks[1].caption
    kept = training_section(log, kept=True).blocks[1].caption
    assert "After epoch 2 of 3, whose weights were kept" in kept
    assert [row[0] for row in last.blocks[2].blocks[0].rows] == ["1", "2", "3"]
    assert "validation" not in training_section(epochs(2)).blocks[0].caption


def test_what_was_tried_and_the_curve_of_what_was_chosen():
    tried = [
        {"event": "candidate", "setting": {"candidate": name}, "score": score, "chosen": name == "cnn"}
        | {"what": "a network", "recipe": "", "epochs": 3.0, "seconds": 7.0, "loss": score, "why": why}
        for name, score, why in (("svm", None, "given up: it lags"), ("cnn", 0.75, "chosen: the best"))
    ]
    log = [{**e, "candidate": "mlp"} for e in epochs(5)] + [{**e, "candidate": "cnn"} for e in epochs(2)]
    table, note, chart, _ = training_section([*log, *tried]).blocks
    assert table.title == "What was tried"
    assert table.rows[0] == ["svm", "–", "given up: it lags", "–", "3", "7"]
    assert table.rows[1] == ["cnn ✓", "0.750", "chosen: the best", "0.750", "3", "7"]
    assert note.text.startswith("Chosen was cnn: a network.")
    assert "epoch 2 of 2" in chart.caption
    # Where it was trained once more on all pictures, that training is shown.
    last = [{**e, "candidate": "cnn on all pictures"} for e in epochs(4)]
    assert "epoch 4 of 4" in training_section([*log, *last, *tried]).blocks[2].caption


def test_range_test_in_the_log():
    log = [
        {"event": "lr_range", "learning_rate": 10.0**e, "loss": loss} for e, loss in ((-3, 2.0), (-2, None))
    ]
    (chart,) = training_section(log).blocks
    assert chart.title == "Learning-rate range test"


def test_chosen_of_several_parameters_is_marked():
    log = [
        {"event": "sweep", "parameter": "learning_rate, width", "value": v, "iteration": i, "loss": 1.0}
        for v in ("0.1, 8", "0.1, 16")
        for i in range(2)
    ]
    log.append(
        {"event": "candidate", "setting": {"learning_rate": 0.1, "width": 16}, "score": 1, "chosen": True}
    )
    assert training_section(log).blocks[0].caption.endswith("Chosen on the validation images: 0.1, 16.")


def test_mistakes_with_their_maps(make_classification):
    record = make_classification()
    wrong = record.surest_mistakes()
    truth = np.array([s.label for s in record.test])
    assert sorted(wrong) == np.flatnonzero(record.predictions != truth).tolist()
    assert (np.diff(record.confidence[wrong]) <= 0).all()
    assert record.surest_mistakes(2) == wrong[:2]
    explained = replace(record, explanations={wrong[0]: np.eye(4)}, explained_by="Grad-CAM")
    mistakes = classification_chapter(explained).sections[0].blocks[0]
    # 60 x 40 pixels four times enlarged, twice, and a gap between.
    assert (mistakes.images[0].width, mistakes.images[0].height) == (486, 160)
    assert (mistakes.images[1].width, mistakes.images[1].height) == (60, 40)
    assert "Grad-CAM" in mistakes.caption


def test_inside_a_network(make_classification):
    look = NetworkLook("a.png", np.zeros((8, 8, 3), np.uint8), np.ones((4, 3, 3, 3)), {2: np.ones((4, 4, 5))})
    sections = classification_chapter(replace(make_classification(), look=look)).sections
    (inside,) = [s for s in sections if s.title == "Inside the network"]
    assert [b.title for b in inside.blocks] == [
        "The 4 filters of the first convolution",
        "Feature maps of a.png",
    ]


def test_what_only_validates_is_told_from_what_is_learned_from(make_classification):
    record = make_classification()
    learned = {h.name: h for h in headlines(record, {})}["images to learn from"]
    assert learned.meaning == f"{len(record.test)} held out"
    record = replace(record, parts=replace(record.parts, validation=record.test))
    learned = {h.name: h for h in headlines(record, {})}["images to learn from"]
    assert learned.meaning == f"{len(record.test)} more validate, {len(record.test)} held out"
    table = class_table(record, "precision")
    assert table.columns[1:4] == ("images to learn from", "images that validate", "held-out images")
    assert sum(int(row[1]) for row in table.rows) == int(learned.value) == len(record.parts.train)


def test_numbers_of_proposals_that_no_image_has_are_one_row():
    boxes = [[0, 0, 10, 10], [0, 0, 20, 20]]
    quality = proposal_recall([boxes], [boxes[:1]], numbers=(1, 2, 10, None))
    section = proposals_section(quality, {"a": quality, "b": quality})
    # The table stands beside the first chart, before the wide one.
    assert [block.template for block in section.blocks] == ["chart", "table", "chart"]
    assert [row[0] for row in section.blocks[1].rows] == ["1", "all (2)"]


def test_losses_without_a_validation_promise_none():
    log = [{"event": "losses", "step": 1, "seconds": 1.0, "head_class": 0.5}]
    assert [block.title for block in loss_parts_blocks(log)] == ["Losses by part"]


@pytest.mark.parametrize("more", [[], [{"event": "losses", "step": 1, "seconds": 1.0, "head_class": 0.5}]])
def test_one_epoch_is_in_the_singular(more):
    titles = [block.title for block in training_section(epochs(1) + more).blocks]
    assert "The 1 epoch as a table" in titles


def test_images_of_one_name_are_told_apart(make_detection):
    record = make_detection()
    chapter = detection_chapter(record)
    shown = [
        image.name
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Images)
        for image in block.images
    ]
    assert len(set(shown)) == len(shown) > 9
    # Six images of the training have the names of six that are held out.
    assert {name for name in shown if "/" in name} > {"train/image 0.png", "train/image 5.png"}
    assert record.names[record.test[0].path] == "test/image 0.png"
    assert record.names[record.test[13].path] == "image 13.png"
