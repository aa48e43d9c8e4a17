import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal import parallel
from foveal.boxes import iou
from foveal.data import Dataset, Sample, load, partition
from foveal.data.formats.crops import safe_name
from foveal.errors import DataError, SettingError
from foveal.images import read, warp
from foveal.proposals import SelectiveSearch, SlidingWindow, prepare
from foveal.proposals.prepare import spread

WINDOWS = SlidingWindow(sizes=(0.3, 0.5), ratios=(1.0,), stride=0.2)
SINGLE = SelectiveSearch("single")


def sample_of(path, boxes, labels, split="train", difficult=(), crowd=(), seed=0):
    """A picture of noise with one bright rectangle an object, written to the path."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
    for (x1, y1, x2, y2), label in zip(boxes, labels, strict=True):
        image[y1:y2, x1:x2] = [(230, 200, 10), (10, 220, 240), (250, 60, 200)][label % 3]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    number = len(boxes)
    return Sample(
        path, seed + 1, 80, 60,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        labels=np.array(labels, np.int64),
        difficult=np.array([i in difficult for i in range(number)], bool),
        crowd=np.array([i in crowd for i in range(number)], bool),
        areas=np.ones(number),
        split=split,
    )  # fmt: skip


def dataset_of(root, samples, classes=("cat", "dog")):
    return Dataset(root, "voc", "detection", tuple(classes), tuple(samples))


@pytest.fixture
def small(tmp_path):
    """Six training, two validation and two test images with one or two objects each; one has none."""
    boxes = [[10, 10, 40, 40], [50, 20, 75, 50]]
    samples = []
    for i in range(10):
        count = 0 if i == 3 else 1 + i % 2
        split = "train" if i < 6 else "val" if i < 8 else "test"
        path = tmp_path / "data/pictures" / f"{i}.png"
        samples.append(sample_of(path, boxes[:count], [i % 2, 1][:count], split, seed=i))
    return dataset_of(tmp_path / "data", samples)


def manifest(folder):
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def box_of(row):
    return [float(row[key]) for key in ("x1", "y1", "x2", "y2")]


def test_what_is_written(small, tmp_path):
    out = tmp_path / "out"
    prepared = prepare(small, out, proposer=WINDOWS, size=24)
    header = (out / "manifest.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "file,split,source,x1,y1,x2,y2,iou,label"
    rows = manifest(out)
    found = {path.relative_to(out).as_posix() for path in out.rglob("*.png")}
    assert found == {row["file"] for row in rows}
    assert len(found) == len(rows)
    assert not list(out.rglob(".*"))
    truth = {f"pictures/{s.name}": s for s in small}
    for row in rows:
        sample = truth[row["source"]]
        assert row["split"] == sample.split != "test"
        crop = read(out / row["file"])
        np.testing.assert_array_equal(crop, warp(read(sample.path), [box_of(row)], 24)[0])
        overlaps = iou([box_of(row)], sample.boxes)[0]
        best = overlaps.max(initial=0)
        assert float(row["iou"]) == pytest.approx(best, abs=6e-5)
        if row["label"] == "negative":
            assert row["file"].startswith("negative/")
            assert best < 0.3
        else:
            assert row["file"].startswith(f"positive/{row['label']}/")
            assert best >= 0.7
            assert row["label"] == small.classes[sample.labels[overlaps.argmax()]]
    counted = Counter((row["split"], row["label"]) for row in rows)
    assert prepared.counts == {
        split: {label: counted[split, label] for label in ("cat", "dog", "negative")}
        for split in ("train", "val")
    }
    assert prepared.folder == out
    assert prepared.images == {"train": 6, "val": 2}
    assert prepared.skipped == {}


def test_it_is_a_data_set(small, tmp_path):
    prepared = prepare(small, tmp_path / "out", proposer=WINDOWS, size=16)
    crops = load(tmp_path / "out")
    assert (crops.format, crops.task) == ("crops", "classification")
    assert crops.classes == ("cat", "dog", "negative")
    assert crops.splits == {"train", "val"}
    assert crops.findings == ()
    assert len(crops) == sum(sum(counts.values()) for counts in prepared.counts.values())
    for split, counts in prepared.counts.items():
        assert Counter(crops.classes[s.label] for s in crops.part(split)) == counts


def test_balance(small, tmp_path):
    for ratio in (0.0, 0.5, 1.0, 2.0):
        counts = prepare(small, tmp_path / f"{ratio}", proposer=WINDOWS, negatives_per_positive=ratio).counts
        for number in counts.values():
            assert number.get("negative", 0) == round(ratio * (number.get("cat", 0) + number.get("dog", 0)))


def test_negatives_come_from_all_images(small, tmp_path):
    prepare(small, tmp_path / "out", proposer=WINDOWS)
    rows = [r for r in manifest(tmp_path / "out") if r["label"] == "negative" and r["split"] == "train"]
    per_image = Counter(row["source"] for row in rows)
    assert len(per_image) == 6
    assert max(per_image.values()) - min(per_image.values()) <= 1


def test_too_few_negatives_are_told(small, tmp_path):
    events = []
    settings = {"size": 8, "max_proposals": 30, "negatives_per_positive": 1000}
    prepare(small, tmp_path / "out", proposer=WINDOWS, callbacks=[events.append], **settings)
    assert any("negatives fewer" in event.get("text", "") for event in events)


def test_difficult_negatives(small, tmp_path):
    prepare(small, tmp_path / "out", proposer=WINDOWS, difficult=True)
    negatives = [float(r["iou"]) for r in manifest(tmp_path / "out") if r["label"] == "negative"]
    assert negatives
    assert all(0.2 <= value <= 0.5 for value in negatives)


def test_annotated_boxes(small, tmp_path):
    annotated = {(f"pictures/{s.name}", *box) for s in small if s.split != "test" for box in s.boxes.tolist()}
    prepare(small, tmp_path / "with", proposer=WINDOWS)
    rows = manifest(tmp_path / "with")
    whole = {(r["source"], *box_of(r)) for r in rows if r["iou"] == "1.0000"}
    assert whole == annotated
    prepare(small, tmp_path / "without", proposer=WINDOWS, with_objects=False, positive=0.5)
    without = {(r["source"], *box_of(r)) for r in manifest(tmp_path / "without")}
    assert without
    assert not annotated & without


def test_near_repetitions_are_dropped(small, tmp_path):
    prepare(small, tmp_path / "out", proposer=WINDOWS, duplicate=0.5, positive=0.5, negatives_per_positive=9)
    groups = {}
    for row in manifest(tmp_path / "out"):
        groups.setdefault((row["source"], row["label"]), []).append(box_of(row))
    assert max(map(len, groups.values())) > 3
    for boxes in groups.values():
        overlaps = iou(boxes, boxes)
        assert (overlaps[~np.eye(len(boxes), dtype=bool)] <= 0.5).all()


def test_difficult_and_crowd_objects_count_neither_way(tmp_path):
    boxes = [[10, 10, 40, 40], [45, 10, 75, 40]]
    for name, flags in (("difficult", {"difficult": [1]}), ("crowd", {"crowd": [1]})):
        samples = [sample_of(tmp_path / name / f"{i}.png", boxes, [0, 1], seed=i, **flags) for i in range(3)]
        out = tmp_path / f"{name}-out"
        prepare(dataset_of(tmp_path / name, samples), out, proposer=WINDOWS, negatives_per_positive=50)
        rows = manifest(out)
        assert {row["label"] for row in rows} == {"cat", "negative"}
        assert all(iou([box_of(row)], [boxes[1]]).max() < 0.3 for row in rows)


def test_the_held_out_images_are_not_touched(small, tmp_path):
    for sample in small.part("test"):
        sample.path.unlink()
    assert prepare(small, tmp_path / "out", proposer=WINDOWS).skipped == {}


def test_without_splits_the_parts_are_those_of_partition(small, tmp_path):
    samples = [Sample(**{**vars(s), "split": None}) for s in small]
    dataset = dataset_of(small.root, samples)
    parts = partition(dataset, random_state=3)
    prepared = prepare(dataset, tmp_path / "out", proposer=WINDOWS, random_state=3)
    rows = manifest(tmp_path / "out")
    for split, part in (("train", parts.train), ("val", parts.validation)):
        sources = {Path(row["source"]).name for row in rows if row["split"] == split}
        assert sources <= {sample.name for sample in part}
    assert prepared.origin == parts.origin


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_whatever_the_number_of_threads(small, tmp_path, monkeypatch):
    prepare(small, tmp_path / "a", proposer=SINGLE, random_state=1)
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    prepare(small, tmp_path / "b", proposer=SINGLE, random_state=1)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_another_seed_draws_others(small, tmp_path):
    prepare(small, tmp_path / "a", proposer=WINDOWS)
    prepare(small, tmp_path / "b", proposer=WINDOWS, random_state=1)
    drawn = [
        {(r["source"], *box_of(r)) for r in manifest(tmp_path / name) if r["label"] == "negative"}
        for name in "ab"
    ]
    assert drawn[0] != drawn[1]


def test_odd_class_names(tmp_path):
    classes = (
        "cat/dog",
        "cat dog",
        "Cat_Dog",
        "#1=best",
        "猫",
        "犬",
        "café",
        "negative",
        "con",
        "..",
        'a,"b',
    )
    samples = [
        sample_of(tmp_path / "data" / f"{label}.png", [[10, 10, 40, 40]], [label], seed=label)
        for label in range(len(classes))
    ]
    out = tmp_path / "out put"
    prepared = prepare(dataset_of(tmp_path / "data", samples, classes), out, proposer=WINDOWS, size=8)
    folders = [path.name for path in (out / "positive").iterdir()]
    assert len({name.lower() for name in folders}) == len({row["label"] for row in manifest(out)}) - 1
    assert all(name.isascii() and name == safe_name(name) for name in folders)
    labels = {label for counts in prepared.counts.values() for label in counts}
    assert {"negative", "negative (object)"} <= labels
    held_out = {classes[s.labels[0]] for s in partition(dataset_of(tmp_path, samples, classes)).test}
    expected = (set(classes) - {"negative"}) | {"negative (object)", "negative"}
    assert labels <= expected
    # All samples name the split train: no class is held out but what the seeded cut took.
    assert labels >= expected - held_out - {"negative (object)"}
    crops = load(out)
    assert set(crops.classes) == labels
    truth = {row["file"]: row["label"] for row in manifest(out)}
    assert all(crops.classes[s.label] == truth[s.path.relative_to(out).as_posix()] for s in crops)


def test_odd_and_equal_file_names(tmp_path):
    names = ["a/1.png", "b/1.png", "b/1.jpg", "c/ü #=1.png", "c/u_1.png", "c/U_1.png", "d/-.png"]
    samples = [
        sample_of(tmp_path / "data" / name, [[10, 10, 40, 40]], [0], seed=i) for i, name in enumerate(names)
    ]
    samples += [
        sample_of(tmp_path / "data/v.png", [], [], "val"),
        sample_of(tmp_path / "data/t.png", [], [], "test"),
    ]
    prepare(dataset_of(tmp_path / "data", samples), tmp_path / "out", proposer=WINDOWS)
    rows = manifest(tmp_path / "out")
    assert len({row["file"].lower() for row in rows}) == len(rows)
    assert {row["source"] for row in rows} == set(names)
    assert all((tmp_path / "out" / row["file"]).is_file() for row in rows)
    assert all(row["file"].isascii() and " " not in row["file"] for row in rows)


def test_unreadable_images_are_left_out_and_told(small, tmp_path):
    broken = small.root / "pictures/2.png"
    broken.write_bytes(broken.read_bytes()[:300])
    (small.root / "pictures/6.png").write_bytes(b"")
    events = []
    prepared = prepare(small, tmp_path / "out", proposer=WINDOWS, callbacks=[events.append])
    assert set(prepared.skipped) == {"pictures/2.png", "pictures/6.png"}
    assert prepared.images == {"train": 5, "val": 1}
    notes = [event["text"] for event in events if event["event"] == "note"]
    for name, reason in prepared.skipped.items():
        assert name.rpartition("/")[2] in reason
        assert any(reason in note for note in notes)
    sources = {row["source"] for row in manifest(tmp_path / "out")}
    assert not sources & set(prepared.skipped)


def test_what_the_reader_could_not_open_is_told_too(tmp_path, small):
    from foveal.data import write_voc

    write_voc(small, tmp_path / "voc")
    (tmp_path / "voc/images/4.png").write_bytes(b"no picture")
    prepared = prepare(tmp_path / "voc", tmp_path / "out", proposer=WINDOWS)
    assert list(prepared.skipped) == ["images/4.png"]


def test_events(small, tmp_path):
    events = []
    prepare(small, tmp_path / "out", proposer=WINDOWS, callbacks=[events.append])
    stages = [event["stage"] for event in events if event["event"] == "stage_start"]
    assert stages == ["proposals", "crops"]
    done = [e["done"] for e in events if e["event"] == "progress" and e["stage"] == "proposals"]
    assert done == list(range(1, 9))
    assert {e["total"] for e in events if e["event"] == "progress" and e["stage"] == "proposals"} == {8}


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_the_manifest_comes_last(small, tmp_path):
    def interrupt(event):
        if event["event"] == "progress" and event["stage"] == "crops":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(small, tmp_path / "out", proposer=WINDOWS, callbacks=[interrupt])
    assert not (tmp_path / "out/manifest.csv").exists()
    # A thread may still be at work: what it writes has a hidden name until it is whole.
    for path in (tmp_path / "out").rglob("[!.]*.png"):
        assert read(path).shape == (128, 128, 3)


def test_a_folder_that_holds_something_is_refused(small, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(SettingError, match=r"out exists and is not an empty folder"):
        prepare(small, out, proposer=WINDOWS)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    with pytest.raises(SettingError, match="not an empty folder"):
        prepare(small, out / "mine.txt", proposer=WINDOWS)
    (out / "mine.txt").unlink()
    prepare(small, out, proposer=WINDOWS)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"positive": 0.2}, "positive=0.2"),
        ({"size": 0}, "got 0"),
        ({"negatives_per_positive": -1}, "got -1"),
        ({"negatives_per_positive": float("nan")}, "got nan"),
        ({"duplicate": 0}, "got 0"),
        ({"max_proposals": 0}, "got 0"),
    ],
)
def test_impossible_settings(small, tmp_path, wrong, named):
    with pytest.raises(SettingError, match=named):
        prepare(small, tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_data_sets_without_objects_to_cut_out(small, tmp_path):
    images = Dataset(tmp_path, "folders", "classification", ("a",), (Sample(tmp_path / "a.png", 1, label=0),))
    with pytest.raises(DataError, match=r"for classification.*Pascal VOC, COCO, YOLO, LabelMe"):
        prepare(images, tmp_path / "out")
    empty = dataset_of(tmp_path, [sample_of(tmp_path / "b.png", [], [])])
    with pytest.raises(DataError, match="no object to learn from"):
        prepare(empty, tmp_path / "out")
    hard = dataset_of(tmp_path, [sample_of(tmp_path / "c.png", [[0, 0, 30, 30]], [0], difficult=[0])])
    with pytest.raises(DataError, match="no object to learn from"):
        prepare(hard, tmp_path / "out")
    with pytest.raises(DataError, match="with_objects"):
        prepare(small, tmp_path / "out", proposer=WINDOWS, with_objects=False, positive=1.0)
    assert not (tmp_path / "out").exists()


def test_boxes_that_stick_out_are_cut_at_the_image(tmp_path):
    samples = [sample_of(tmp_path / f"data/{i}.png", [], [], seed=i) for i in range(2)]
    samples[0] = Sample(
        **{**vars(samples[0]),
           "boxes": np.array([[60, 40, 95, 70], [79, 0, 90, 30]], np.float32),
           "labels": np.array([0, 1]), "difficult": np.zeros(2, bool), "crowd": np.zeros(2, bool)}
    )  # fmt: skip
    prepare(dataset_of(tmp_path / "data", samples[:1]), tmp_path / "out", proposer=WINDOWS)
    annotated = [row for row in manifest(tmp_path / "out") if row["iou"] == "1.0000"]
    assert [box_of(row) for row in annotated] == [[60, 40, 80, 60]]  # the other is 1 pixel wide


def test_spread():
    rng = np.random.default_rng(0)
    assert spread([], 3, rng) == []
    assert spread([2, 0, 5], 100, rng) == [2, 0, 5]
    assert spread([9, 9, 9], 0, rng) == [0, 0, 0]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        available = rng.integers(0, 12, 8).tolist()
        wanted = int(rng.integers(0, sum(available) + 1))
        quotas = spread(available, wanted, rng)
        assert sum(quotas) == wanted
        assert all(q <= a for q, a in zip(quotas, available, strict=True))
        # Whoever could give more gives at least as much as anybody else, but one.
        able = [q for q, a in zip(quotas, available, strict=True) if q < a]
        assert not able or min(able) >= max(quotas) - 1


def test_photographs(test_data, tmp_path):
    dataset = load(test_data / "voc2012_100", format="voc").select(range(0, 24, 3))
    prepared = prepare(dataset, tmp_path / "out", proposer=SINGLE)
    crops = load(tmp_path / "out")
    assert crops.splits == {"train", "val"}
    assert {(s.width, s.height) for s in crops} == {(128, 128)}
    positives = sum(n for label, n in prepared.counts["train"].items() if label != "negative")
    assert positives == prepared.counts["train"]["negative"] >= 8


def test_the_second_time_nothing_is_searched(small, tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    broken = small.root / "pictures/2.png"
    broken.write_bytes(broken.read_bytes()[:300])
    told = []
    prepare(small, tmp_path / "first", proposer=SINGLE)
    with monkeypatch.context() as patch:
        patch.setattr(SelectiveSearch, "propose", None)
        again = prepare(small, tmp_path / "second", proposer=SINGLE, callbacks=[told.append])
    assert list(again.skipped) == ["pictures/2.png"]
    notes = [event["text"] for event in told if event["event"] == "note"]
    assert f"Proposals: 7 of 7 pictures from the cache in {tmp_path / 'cache'}." in notes
    for path in (tmp_path / "first").rglob("*.*"):
        other = tmp_path / "second" / path.relative_to(tmp_path / "first")
        assert path.read_bytes() == other.read_bytes()


def test_names_of_any_letters_come_back(tmp_path):
    """The manifest is data: nothing is put before a formula, and a line ends at its end alone."""
    names = (
        "=cmd()", "-1", "\x1b[31mred", "a\u2028b", "a\x85b", "\x85c ", "d\re", "d\ne", '"f,g"',
        "h\x1ci", "\u202ej",
    )  # fmt: skip
    samples = [
        sample_of(tmp_path / "data" / f"{i}.png", [[10, 10, 40, 40]] * 2, [i, (i + 1) % len(names)], seed=i)
        for i in range(len(names))
    ]
    prepare(dataset_of(tmp_path / "data", samples, names), tmp_path / "out", proposer=WINDOWS, size=8)
    again = load(tmp_path / "out")
    assert set(again.classes) == {*names, "negative"}
    assert not [finding for finding in again.findings if finding.kind == "broken-object"]
    assert {row["label"] for row in manifest(tmp_path / "out")} == {*names, "negative"}
