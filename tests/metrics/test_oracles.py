"""Published figures, to 1e-6, on the ground truths and detections that they are of."""

import json
from pathlib import Path

import pytest

from foveal.metrics import evaluate, read_results


def read_boxes(folder: Path) -> list[tuple[str, list[float]]]:
    """``name numbers…`` lines of every file, with the file's name in front."""
    lines = []
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.strip():
                name, *numbers = line.split()
                assert name == "person"
                lines.append((file.stem, [float(v) for v in numbers]))
    return lines


@pytest.fixture(scope="module")
def fifteen(test_data):
    """Corners are inclusive and x2 = x + w: half-open, a box is (x, y, x + w + 1, y + h + 1)."""
    folder = test_data / "oracle_voc_ap_15gt"
    objects, found = read_boxes(folder / "groundtruths"), read_boxes(folder / "detections")
    names = sorted({name for name, _ in objects + found})
    ids = {name: i for i, name in enumerate(names)}
    truth = {
        "images": [{"id": i, "file_name": name} for name, i in ids.items()],
        "categories": [{"id": 0, "name": "person"}],
        "annotations": [
            {"id": n, "image_id": ids[name], "category_id": 0, "bbox": [x, y, w + 1, h + 1]}
            for n, (name, (x, y, w, h)) in enumerate(objects)
        ],
    }
    results = [
        {"image_id": ids[name], "category_id": 0, "bbox": [x, y, w + 1, h + 1], "score": score}
        for name, (score, x, y, w, h) in found
    ]
    assert (len(ids), len(objects), len(found)) == (7, 15, 24)
    return truth, results


@pytest.mark.parametrize(
    ("threshold", "every_point", "eleven_points"),
    [
        (0.1, 0.3371980676, 0.3333333333),
        (0.3, 0.2456866804, 0.2683982683),
        (0.5, 0.0222222222, 0.0303030303),
        (0.75, 0, 0),
    ],
)
def test_fifteen_ground_truths(fifteen, threshold, every_point, eleven_points):
    for protocol, expected in (("voc", every_point), ("voc07", eleven_points)):
        figures = evaluate(*fifteen, protocol=protocol, iou_threshold=threshold)
        for key in ("AP", "AP/person", f"AP{100 * threshold:g}", f"AP{100 * threshold:g}/person"):
            assert figures[key] == pytest.approx(expected, abs=1e-9)
    assert figures["AP50"] == pytest.approx(0.0303030303, abs=1e-9)


CATS = [
    ("voc", 0.5, 0.8958333),
    ("voc", 0.75, 0.5097222),
    ("voc07", 0.5, 0.8863636),
    ("voc07", 0.75, 0.4924242),
]


@pytest.mark.parametrize(("protocol", "threshold", "expected"), CATS)
def test_toy_cats(test_data, protocol, threshold, expected):
    folder = test_data / "oracle_voc_toy_cat"
    truth = json.loads((folder / "gts_coco_format" / "toy_example_coco.JSON").read_text())
    results = read_results(folder / "dets_coco_format" / "coco_dets.json", truth)
    assert len(results) == 12
    figures = evaluate(truth, results, protocol=protocol, iou_threshold=threshold)
    assert figures["AP/cat"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("protocol", "threshold", "expected"), CATS)
def test_toy_cats_from_their_xml_files(test_data, protocol, threshold, expected):
    """The ids of the data set are its own; the detections' file names its images.

    The detections are in the XML files' own pixels, 1-based with inclusive corners and x2 = x + w, so they
    are converted as the XML is: a pixel up and left, and a pixel larger.
    """
    from foveal.data import load

    folder = test_data / "oracle_voc_toy_cat"
    truth = load(folder, format="voc").to_coco()
    assert len(truth["images"]) == 12
    results = read_results(folder / "dets_coco_format" / "coco_dets.json", truth)
    for r in results:
        x, y, w, h = r["bbox"]
        r["bbox"] = [x - 1, y - 1, w + 1, h + 1]
    figures = evaluate(truth, results, protocol=protocol, iou_threshold=threshold)
    assert figures["AP/cat"] == pytest.approx(expected, abs=1e-6)


def test_coco_val2014(test_data):
    folder = test_data / "oracle_coco_val2014_100"
    truth = json.loads((folder / "gts" / "sampled_gts_bbox_area.json").read_text())
    results = read_results(folder / "dets" / "instances_val2014_fakebbox100_results.json", truth)
    expected = {
        "AP": 0.503647,
        "AP50": 0.696973,
        "AP75": 0.571667,
        "APsmall": 0.593252,
        "APmedium": 0.557991,
        "APlarge": 0.489363,
        "AR1": 0.386813,
        "AR10": 0.593680,
        "AR100": 0.595353,
        "ARsmall": 0.654764,
        "ARmedium": 0.603130,
        "ARlarge": 0.553744,
    }
    figures = evaluate(truth, results)
    for key, value in expected.items():
        assert figures[key] == pytest.approx(value, abs=1e-6), key
    assert (figures["images"], figures["ground_truths"], figures["detections"]) == (100, 830, 734)
    same = read_results(folder / "dets_gtstyle" / "sampled_bbox_results.json", truth)
    assert evaluate(truth, same) == figures
