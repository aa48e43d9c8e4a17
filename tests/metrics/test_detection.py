"""Average precision against a plain NumPy twin, the definition's edges, and COCO's own evaluator."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import DataError, SettingError
from foveal.metrics import evaluate, pr_curves


def truth(annotations: list[dict[str, Any]], images: int = 3, classes: int = 2) -> dict[str, Any]:
    """Ids with gaps, not from 0 or 1, and not in order."""
    return {
        "images": [{"id": 10 * i + 7} for i in reversed(range(images))],
        "categories": [{"id": 5 * k + 3, "name": f"class{k}"} for k in range(classes)],
        "annotations": [{"id": n, **a} for n, a in enumerate(annotations)],
    }


def obj(image: int, label: int, box: list[float], **more: Any) -> dict[str, Any]:
    return {"image_id": 10 * image + 7, "category_id": 5 * label + 3, "bbox": box, **more}


def det(image: int, label: int, box: list[float], score: float) -> dict[str, Any]:
    return obj(image, label, box, score=score)


def overlap(a: list[float], b: list[float]) -> float:
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def twin_voc(
    ground_truth: dict[str, Any], results: list[dict[str, Any]], threshold: float, eleven: bool
) -> dict[str, float]:
    """Everingham's definition, written as the text has it: one detection at a time."""
    averages = {}
    for category in ground_truth["categories"]:
        objects = [a for a in ground_truth["annotations"] if a["category_id"] == category["id"]]
        total = sum(not a.get("difficult") and not a.get("iscrowd") for a in objects)
        if not total:
            continue
        taken = set()
        hits = []
        own = [r for r in results if r["category_id"] == category["id"]]
        for r in sorted(own, key=lambda r: -r["score"]):
            best, of = -1.0, None
            for a in objects:
                if a["image_id"] == r["image_id"] and overlap(r["bbox"], a["bbox"]) > best:
                    best, of = overlap(r["bbox"], a["bbox"]), a
            if of is not None and best >= threshold:
                if of.get("difficult") or of.get("iscrowd"):
                    continue
                hits.append(of["id"] not in taken)
                taken.add(of["id"])
            else:
                hits.append(False)
        tp = np.cumsum(hits) if hits else np.zeros(0)
        recall, precision = tp / total, tp / np.arange(1, len(hits) + 1)
        if eleven:
            points = [precision[recall >= t].max(initial=0) for t in np.linspace(0, 1, 11)]
            averages[category["name"]] = float(np.mean(points))
        else:
            r = np.concatenate([[0], recall, [1]])
            p = np.concatenate([[0], precision, [0]])
            p = np.maximum.accumulate(p[::-1])[::-1]
            averages[category["name"]] = float(((r[1:] - r[:-1]) * p[1:]).sum())
    return averages


boxes = st.lists(st.integers(0, 6), min_size=4, max_size=4).map(lambda v: [v[0], v[1], v[2] + 1, v[3] + 1])
objects = st.builds(
    lambda i, k, b, difficult, crowd: obj(i, k, b, difficult=difficult, iscrowd=crowd),
    st.integers(0, 2),
    st.integers(0, 1),
    boxes,
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([0, 0, 0, 1]),
)
detections = st.builds(
    det, st.integers(0, 2), st.integers(0, 1), boxes, st.sampled_from([0.1, 0.5, 0.5, 0.9])
)


@settings(deadline=None)
@given(
    st.lists(objects, max_size=12),
    st.lists(detections, max_size=25),
    st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]),
    st.booleans(),
)
def test_voc_is_the_definition(annotations, results, threshold, eleven):
    ground_truth = truth(annotations)
    expected = twin_voc(ground_truth, results, threshold, eleven)
    figures = evaluate(ground_truth, results, protocol="voc07" if eleven else "voc", iou_threshold=threshold)
    assert {k[3:] for k in figures if k.startswith("AP/")} == set(expected)
    for name, value in expected.items():
        assert figures[f"AP/{name}"] == pytest.approx(value, abs=1e-12)
        assert figures[f"AP{100 * threshold:g}/{name}"] == figures[f"AP/{name}"]
    if expected:
        assert figures["AP"] == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
        at_half = twin_voc(ground_truth, results, 0.5, eleven)
        assert figures["AP50"] == pytest.approx(np.mean(list(at_half.values())), abs=1e-12)


@pytest.mark.parametrize("total", [3, 7, 49, 93, 250])
def test_every_point_area_is_exact_for_any_number_of_objects(total):
    """Recalls of k / total meet their points whatever the rounding of the division."""
    rng = np.random.default_rng(total)
    ground_truth = truth([obj(0, 0, [20 * i, 0, 10, 10]) for i in range(total)])
    results = [
        det(0, 0, [20 * i, 0 if rng.random() < 0.7 else 50, 10, 10], float(rng.random()))
        for i in range(total)
    ]
    figures = evaluate(ground_truth, results, protocol="voc")
    assert figures["AP50"] == pytest.approx(twin_voc(ground_truth, results, 0.5, False)["class0"], abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.lists(objects, max_size=10), st.lists(detections, max_size=20))
def test_coco_agrees_with_pycocotools(annotations, results):
    pytest.importorskip("pycocotools")
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    ground_truth = truth(annotations)
    if not results or not annotations:
        return
    with contextlib.redirect_stdout(io.StringIO()):
        oracle = COCO()
        oracle.dataset = ground_truth | {
            "annotations": [
                a | {"id": a["id"] + 1, "area": a["bbox"][2] * a["bbox"][3]}
                for a in ground_truth["annotations"]
            ]
        }
        oracle.createIndex()
        evaluator = COCOeval(oracle, oracle.loadRes([dict(r) for r in results]), "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    keys = ["AP", "AP50", "AP75", "APsmall", "APmedium", "APlarge"]
    keys += ["AR1", "AR10", "AR100", "ARsmall", "ARmedium", "ARlarge"]
    figures = evaluate(ground_truth, results)
    for key, value in zip(keys, evaluator.stats, strict=True):
        assert figures.get(key, -1) == pytest.approx(value, abs=1e-9), key


def test_nothing_is_printed(capfd):
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10])])
    evaluate(ground_truth, [det(0, 0, [0, 0, 10, 9], 0.5)])
    evaluate(ground_truth, [])
    assert capfd.readouterr() == ("", "")


def test_keys_of_coco():
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10]), obj(1, 0, [0, 0, 50, 50], difficult=1)])
    results = [det(0, 0, [0, 0, 10, 10], 0.9), det(1, 0, [0, 0, 50, 50], 0.8), det(1, 1, [0, 0, 9, 9], 0.7)]
    figures = evaluate(ground_truth, results)
    assert figures["AP50"] == pytest.approx(1)
    assert figures["AP/class0"] == pytest.approx(1)
    assert figures["APsmall"] == pytest.approx(1)
    assert figures["APmedium"] == pytest.approx(1)
    # No large object and none of class1: what cannot be measured has no key.
    assert "APlarge" not in figures
    assert not any(key.endswith("/class1") for key in figures)
    assert (figures["images"], figures["ground_truths"], figures["detections"]) == (3, 2, 3)
    assert all(type(value) in (int, float) for value in figures.values())


def test_crowd_and_difficult_are_no_errors_in_voc():
    ground_truth = truth(
        [
            obj(0, 0, [0, 0, 10, 10]),
            obj(0, 0, [50, 0, 10, 10], difficult=1),
            obj(0, 0, [90, 0, 10, 10], iscrowd=1),
        ]
    )
    results = [
        det(0, 0, [50, 0, 10, 10], 0.9),
        det(0, 0, [50, 0, 10, 10], 0.8),
        det(0, 0, [90, 0, 10, 10], 0.7),
        det(0, 0, [0, 0, 10, 10], 0.6),
    ]
    figures = evaluate(ground_truth, results, protocol="voc")
    assert figures["AP50"] == pytest.approx(1)
    assert figures["ground_truths"] == 1
    # Under COCO the difficult object counts: found once, found twice.
    assert evaluate(ground_truth, results)["ground_truths"] == 2


def test_second_hit_on_a_taken_object_does_not_fall_back_to_a_free_one():
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10]), obj(0, 0, [0, 4, 10, 10])])
    results = [det(0, 0, [0, 0, 10, 10], 0.9), det(0, 0, [0, 1, 10, 10], 0.8)]
    assert evaluate(ground_truth, results, protocol="voc", iou_threshold=0.3)["AP"] == pytest.approx(0.5)


def test_an_overlap_equal_to_the_threshold_is_enough():
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10])])
    results = [det(0, 0, [0, 0, 10, 5], 0.9)]
    assert evaluate(ground_truth, results, protocol="voc")["AP50"] == pytest.approx(1)
    assert evaluate(ground_truth, results)["AP50"] == pytest.approx(1)


def test_equal_scores_keep_the_order_of_the_results_in_voc():
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10])])
    right, wrong = det(0, 0, [0, 0, 10, 10], 0.5), det(2, 0, [0, 0, 10, 10], 0.5)
    assert evaluate(ground_truth, [right, wrong], protocol="voc")["AP50"] == pytest.approx(1)
    assert evaluate(ground_truth, [wrong, right], protocol="voc")["AP50"] == pytest.approx(0.5)


@pytest.mark.parametrize("protocol", ["coco", "voc", "voc07"])
def test_empty_everything(protocol):
    nothing = {"images": [], "annotations": [], "categories": []}
    counts = {"images": 0, "ground_truths": 0, "detections": 0}
    assert evaluate(nothing, [], protocol=protocol) == counts
    assert evaluate(truth([]), [det(0, 0, [0, 0, 5, 5], 0.5)], protocol=protocol) == {
        "images": 3,
        "ground_truths": 0,
        "detections": 1,
    }
    figures = evaluate(truth([obj(0, 0, [0, 0, 10, 10])]), [], protocol=protocol)
    assert (figures["AP"], figures["AP50"], figures["AP50/class0"]) == (0, 0, 0)
    only_crowd = evaluate(truth([obj(0, 0, [0, 0, 10, 10], iscrowd=1)]), [], protocol=protocol)
    assert only_crowd == {"images": 3, "ground_truths": 0, "detections": 0}


@pytest.mark.parametrize("protocol", ["coco", "voc"])
def test_boxes_without_area_overlap_nothing(protocol):
    figures = evaluate(truth([obj(0, 0, [5, 5, 0, 0])]), [det(0, 0, [5, 5, 0, 0], 0.5)], protocol=protocol)
    assert figures["AP50"] == 0


def test_classes_of_the_same_name_keep_their_own_figures():
    ground_truth = truth([obj(0, 0, [0, 0, 10, 10]), obj(0, 1, [50, 0, 10, 10])])
    for category in ground_truth["categories"]:
        category["name"] = "cat"
    figures = evaluate(ground_truth, [det(0, 0, [0, 0, 10, 10], 0.5)])
    assert figures["AP50/cat (3)"] == pytest.approx(1)
    assert figures["AP50/cat (8)"] == 0


def test_results_of_another_split_are_named():
    results = [det(0, 0, [0, 0, 5, 5], 0.5), det(0, 0, [0, 0, 5, 5], 0.5) | {"image_id": 99}]
    with pytest.raises(DataError, match=r"entry 2 of the results names the image 99.*splits"):
        evaluate(truth([]), results)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"category_id": 4}, "category 4"),
        ({"bbox": [0, 0, -1, 5]}, "negative"),
        ({"bbox": [0, 0, 1]}, "x, y, width, height"),
        ({"bbox": None}, "x, y, width, height"),
        ({"bbox": [0, 0, 1, float("inf")]}, "finite"),
        ({"bbox": "0123"}, "finite"),
        ({"score": float("nan")}, "score nan"),
        ({"score": "high"}, "score 'high'"),
        ({"image_id": [1]}, r"image \[1\]"),
        ({"image_id": True}, "image True"),
    ],
)
def test_malformed_entries_are_named(entry, message):
    with pytest.raises(DataError, match=f"entry 1 of the results.*{message}"):
        evaluate(truth([]), [det(0, 0, [0, 0, 5, 5], 0.5) | entry])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": None}, "annotations"),
        ({"images": [{"id": 7}, {"id": 7}]}, "7 more than once"),
        ({"images": [{"file_name": "a.jpg"}]}, "'id'"),
        ({"annotations": [{"image_id": 7, "category_id": 3}]}, "annotation 1 .* no 'bbox'"),
        ({"annotations": [obj(50, 0, [0, 0, 1, 1])]}, "annotation 1 .* image 507"),
    ],
)
def test_malformed_ground_truth_is_named(change, message):
    with pytest.raises(DataError, match=message):
        evaluate(truth([]) | change, [])


def test_settings_out_of_range():
    with pytest.raises(SettingError, match="voc07"):
        evaluate(truth([]), [], protocol="voc12")
    for threshold in (0, 1.5, float("nan")):
        with pytest.raises(SettingError, match="IoU threshold"):
            evaluate(truth([]), [], protocol="voc", iou_threshold=threshold)
    with pytest.raises(SettingError, match="its own"):
        evaluate(truth([]), [], iou_threshold=0.3)


def test_numbers_of_numpy_are_numbers():
    results = [
        {
            "image_id": np.int64(7),
            "category_id": 3.0,
            "bbox": np.float32([0, 0, 9, 9]),
            "score": np.float32(1),
        }
    ]
    assert evaluate(truth([obj(0, 0, [0, 0, 9, 9])]), results)["AP50"] == pytest.approx(1)


def test_pr_curves():
    ground_truth = truth(
        [obj(0, 0, [0, 0, 10, 10]), obj(1, 0, [0, 0, 10, 10]), obj(2, 1, [0, 0, 5, 5])], classes=3
    )
    results = [
        det(1, 0, [0, 0, 10, 10], 0.2),
        det(0, 0, [0, 0, 10, 10], 0.9),
        det(2, 0, [0, 0, 10, 10], 0.5),
        det(2, 2, [0, 0, 10, 10], 0.5),
    ]
    curves = pr_curves(ground_truth, results)
    assert list(curves) == ["class0", "class1"]
    curve = curves["class0"]
    assert curve.scores.tolist() == [0.9, 0.5, 0.2]
    assert curve.recall.tolist() == [0.5, 0.5, 1]
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert curve.average_precision == evaluate(ground_truth, results, protocol="voc")["AP50/class0"]
    assert len(curves["class1"].recall) == 0
    assert curves["class1"].average_precision == 0


def test_a_class_whose_name_is_no_text():
    ground_truth = truth([obj(0, 0, [0, 0, 9, 9])], classes=1)
    ground_truth["categories"][0]["name"] = "caf\udce9"
    for protocol in ("coco", "voc"):
        found = evaluate(ground_truth, [det(0, 0, [0, 0, 9, 9], 0.5)], protocol=protocol)
        assert found["AP50/caf\udce9"] == pytest.approx(1)
