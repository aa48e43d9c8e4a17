"""A detector's steps as a chapter, of much and of nothing."""

import numpy as np
import pytest

from foveal.data import Detections
from foveal.metrics import proposal_recall
from foveal.models.detection.trace import DetectionTrace
from foveal.report import detection_chapter, render_report, trace_chapter

CLASSES = ("cat", "<b>dog</b>")


ALL = ["Detections", "Anchors", "Objectness", "Proposals", "RoIAlign", "Classes", "Regression", "Attention",
       "Suppression"]  # fmt: skip


def test_the_whole_way(make_steps, check_page):
    chapter = trace_chapter("a <i>.png", make_steps(), "faster-rcnn")
    assert [section.title for section in chapter.sections] == ALL
    page = check_page(render_report("Steps", "", [chapter]))
    for words in ("Which anchors are foreground, and why", "RoIAlign's sampling points", "32 × 32, 45 × 22",
                  "Proposals before and after suppression", "What the head looked at",
                  "<b>dog</b>"):  # fmt: skip
        assert words in page.text
    assert chapter.headlines[0].value == "144"


def test_without_the_truth(make_steps, check_page):
    chapter = trace_chapter("a.png", make_steps(objects=False), "faster-rcnn")
    page = check_page(render_report("Steps", "", [chapter]))
    assert "Which anchors are foreground" not in page.text
    assert "Dashed white" not in page.text


def test_without_a_proposal_network(make_steps, check_page):
    """Such as R-CNN: no anchors, all proposals looked at, and no background among the classes."""
    steps = make_steps()
    rest = {"strides": (), "sizes": (), "anchors": (), "objectness": (), "activity": (), "roi_size": 0}
    candidates = steps.proposals
    steps = make_steps(
        **rest, candidates=candidates, candidate_scores=steps.proposal_scores,
        kept=np.arange(len(candidates)),
        probabilities=steps.probabilities[:, :2], attention=np.zeros((0, 1, 1), np.float32), matches=None,
        proposal_threshold=None,
    )  # fmt: skip
    chapter = trace_chapter("a.png", steps, "rcnn")
    titles = [section.title for section in chapter.sections]
    assert titles == ["Detections", "Proposals", "Classes", "Regression", "Suppression"]
    assert "All of them are looked at." in check_page(render_report("Steps", "", [chapter])).text


def test_of_nothing(check_page):
    none = Detections.empty(CLASSES)
    steps = DetectionTrace(
        image=np.zeros((1, 1, 3), np.uint8), classes=CLASSES, detections=none, answers=none,
        probabilities=np.zeros((0, 3), np.float32), moved=np.zeros((0, 2, 4), np.float32),
        answer_regions=np.zeros(0, np.int64), answer_kept=np.zeros(0, np.int64),
        objects=np.zeros((0, 4), np.float32),
    )  # fmt: skip
    page = check_page(render_report("Steps", "", [trace_chapter("a.png", steps, "faster-rcnn")]))
    assert "Nothing was proposed." in page.text
    assert "Nothing was probable enough." in page.text


def test_nothing_found_among_proposals(make_steps, check_page):
    none = Detections.empty(CLASSES)
    steps = make_steps(
        detections=none, answers=none, answer_regions=np.zeros(0, np.int64),
        answer_kept=np.zeros(0, np.int64), attention=np.zeros((0, 3, 3), np.float32),
    )  # fmt: skip
    titles = [s.title for s in trace_chapter("a.png", steps, "faster-rcnn").sections]
    assert titles == [t for t in ALL if t not in ("Regression", "Attention")]


def test_in_a_report(make_steps, make_detection, check_page):
    events = [
        {"event": "losses", "step": 10 * i, "seconds": 2.0 * i, "rpn_class": 1 / i, "rpn_box": 0.1,
         "head_class": 2 / i, "head_box": 0.2}
        for i in range(1, 21)
    ]  # fmt: skip
    events += [
        {"event": "epoch", "epoch": e, "step": 100 * e, "seconds": 20.0, "loss": 1.0, "validation_AP50": v,
         "validation_AP": v / 2, "learning_rate": 0.001, "kept": e == 1}
        for e, v in ((1, 0.625), (2, 0.5))
    ]  # fmt: skip
    record = make_detection(events=events)
    quality = {
        name: proposal_recall(
            [s.boxes[:number] for s in record.test], [s.boxes for s in record.test], thresholds=(0.5, 0.7)
        )
        for name, number in (("RPN", 3), ("selective search", 1))
    }
    record = make_detection(
        events=events, steps=make_steps(), steps_of="here.png", compared_proposals=quality
    )
    page = check_page(render_report("Report", "", [detection_chapter(record)]))
    reached = quality["selective search"].curve_recall[0][-1]
    for words in (
        "One picture, step by step",
        "what it says of here.png",
        "Losses by part, and the validation",
        "weights of epoch 1 were kept, after 20.0 s: validation AP50 0.625",
        "The 2 epochs as a table",
        "Recall beside other methods",
        f"RPN 1.000; selective search {reached:.3f}",
    ):
        assert words in page.text
    assert "Learning curve" not in page.text


@pytest.mark.parametrize("events", [[], [{"event": "losses", "step": 1}], [{"event": "epoch", "epoch": 1}]])
def test_a_log_without_losses(events):
    from foveal.report.sections.losses import loss_parts_blocks

    assert loss_parts_blocks(events) == []


@pytest.mark.parametrize(("steps", "smoothed"), [(12, False), (60, True)])
def test_running_means_are_told_of_where_pale_lines_are_drawn(steps, smoothed):
    from foveal.report.sections.losses import loss_parts_blocks

    events = [{"event": "losses", "step": s, "seconds": 1.0 * s, "rpn_class": 1 / s} for s in range(1, steps)]
    (chart,) = loss_parts_blocks(events)
    pale, strong = chart.figure.axes[0].lines[:2]
    assert ("running means" in chart.caption) is smoothed
    assert np.allclose(pale.get_ydata(), strong.get_ydata()) is not smoothed


def test_a_network_that_only_proposes():
    from foveal.report.sections.losses import loss_parts_blocks

    events = [
        {"event": "losses", "step": s, "seconds": s / 10, "rpn_class": 1.0, "head_class": 0.0}
        for s in (10, 20)
    ]
    events.append({"event": "epoch", "epoch": 1, "step": 20, "validation_recall50": 0.75, "kept": True})
    chart, _ = loss_parts_blocks(events)
    assert "validation recall at IoU 0.5 0.750" in chart.caption
    assert "head" not in chart.caption
    assert [axes.get_ylabel() for axes in chart.figure.axes] == ["loss", "validation recall50"]


def test_the_last_epoch_that_was_kept_is_marked():
    from foveal.report.sections.losses import loss_parts_blocks

    events = [{"event": "losses", "step": s, "seconds": s / 10, "rpn_class": 1.0} for s in (10, 20, 30)]
    # The second is told twice.
    events += [
        {"event": "epoch", "epoch": e, "step": 10 * e, "validation_AP50": a, "kept": kept}
        for e, a, kept in ((1, 0.9, True), (2, 0.1, False), (2, 0.8, True), (3, 0.5, False))
    ]
    chart, _ = loss_parts_blocks(events)
    assert "epoch 2 were kept, after 2.0 s: validation AP50 0.800" in chart.caption
    assert [t.get_text() for t in chart.figure.axes[1].texts] == ["kept: 0.800"]


def test_proposals_alone(make_steps, check_page):
    """Such as RPN: nothing is said of what is in the regions."""
    none = Detections.empty(())
    steps = make_steps()
    steps = make_steps(
        classes=(),
        detections=none,
        answers=none,
        probabilities=np.zeros((len(steps.kept), 0), np.float32),
        moved=np.zeros((len(steps.kept), 0, 4), np.float32),
        answer_regions=np.zeros(0, np.int64),
        answer_kept=np.zeros(0, np.int64),
        attention=np.zeros((0, 1, 1), np.float32),
        roi_size=0,
    )
    chapter = trace_chapter("a.png", steps, "rpn")
    assert [section.title for section in chapter.sections] == ["Anchors", "Objectness", "Proposals"]
    assert chapter.text.startswith("How rpn went from 60 candidates to 30 proposals")
    check_page(render_report("Steps", "", [chapter]))
