import json
import shutil

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.runs import compare


def copy(run, path, edit=None, **config):
    """A run of the same kind with another seed, settings or predictions."""
    folder = shutil.copytree(run.folder.path, path)
    text = (folder / "config.toml").read_text()
    for old, new in config.items():
        assert old in text
        text = text.replace(f"{old} = ", f"{old} = {new} # ", 1)
    (folder / "config.toml").write_text(text)
    if edit is not None:
        edit(folder)
    return folder


def half_lost(folder):
    """Only every second detection is left."""
    file = folder / "predictions.json"
    file.write_text(json.dumps(json.loads(file.read_text())[::2]))


def nothing_found(folder):
    (folder / "predictions.json").write_text("[]")


def test_two_detectors(scene_run, tmp_path, check_page):
    other = copy(scene_run, tmp_path / "worse", nothing_found, C="0.5")
    told = compare([scene_run.folder.path, other], tmp_path / "out")
    assert [side.name for side in told.record.sides] == ["rcnn, C 0.01", "rcnn, C 0.5"]
    assert list(told.record.settings) == ["C"]
    figures = told.record.comparison.intervals
    assert figures[0]["AP50"].value == pytest.approx(scene_run.metrics["AP50"])
    assert figures[1]["AP50"].value == 0
    assert "more than chance. rcnn, C 0.01 is better." in told.verdicts[0]
    assert "Each side is one training" in told.verdicts[1]
    page = told.page.read_text(encoding="utf-8")
    check_page(page)
    for words in (
        "Is it chance?",
        "Settings that differ",
        "rcnn, C 0.01 does better",
        "found by rcnn, C 0.01 alone",
    ):
        assert words in page
    assert "There is no image on which rcnn, C 0.5 is better" in page
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    (ap50,) = [d for d in written["differences"] if d["figure"] == "AP50"]
    assert ap50["more_than_chance"]
    assert ap50["low"] > 0
    assert written["images"] == written["images_of_all"] == 6
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["comparison.json", "report.html"]


def test_seeds_of_the_same_settings_are_taken_together(scene_run, tmp_path, check_page):
    seeds = [copy(scene_run, tmp_path / f"s{i}", half_lost if i == 2 else None, seed=i) for i in range(3)]
    others = [copy(scene_run, tmp_path / f"o{i}", half_lost, seed=i, C="0.5") for i in range(2)]
    told = compare([*seeds[::-1], *others], tmp_path / "out")
    first, second = told.record.sides
    assert [run.seed for run in first.runs] == [0, 1, 2]
    assert [run.seed for run in second.runs] == [0, 1]
    assert "(mean of 3 trainings)" in told.verdicts[0]
    assert len(told.record.comparison.values[0]["AP50"]) == 3
    check_page(told.page.read_text(encoding="utf-8"))


def test_the_same_settings_alone(scene_run, tmp_path):
    again = copy(scene_run, tmp_path / "again", seed=1)
    told = compare([scene_run.folder.path, again], tmp_path / "out")
    assert "the same on every image" in told.verdicts[0]
    assert "they differ by their seeds alone" in told.verdicts[1]


def test_three_sides_and_the_same_bytes_again(scene_run, tmp_path, check_page):
    runs = [scene_run.folder.path]
    runs += [copy(scene_run, tmp_path / f"r{c}", nothing_found, C=str(c)) for c in (0.5, 0.7)]
    pages = [compare(runs, tmp_path / name).page.read_text(encoding="utf-8") for name in "ab"]
    assert pages[0] == pages[1]
    check_page(pages[0])
    assert "Bonferroni" in pages[0]
    assert "Where they differ most" in pages[0]


def test_two_classifiers(color_run, tmp_path, check_page):
    def wrong(folder):
        rows = (folder / "predictions.csv").read_text().splitlines()
        # The probabilities of the classes, the other way round.
        turned = [",".join([*r.split(",")[:3], *r.split(",")[:2:-1]]) for r in rows[1:]]
        (folder / "predictions.csv").write_text("\n".join([rows[0], *turned]) + "\n")

    other = copy(color_run, tmp_path / "other", wrong, image_size=4)
    told = compare([color_run.folder.path, other], tmp_path / "out")
    accuracy = [found["accuracy"].value for found in told.record.comparison.intervals]
    assert accuracy[0] == pytest.approx(color_run.metrics["accuracy"])
    assert accuracy[1] < accuracy[0]
    assert "is right on all 6 images" in told.verdicts[1]
    page = told.page.read_text(encoding="utf-8")
    check_page(page)
    assert "McNemar" in page
    assert "named rightly by all" in page


def test_what_cannot_be_compared(scene_run, color_run, scene_folder, tmp_path):
    run, out = scene_run.folder.path, tmp_path / "out"
    unfinished = copy(scene_run, tmp_path / "a", lambda folder: (folder / "metrics.json").unlink())
    proposer = copy(scene_run, tmp_path / "b", lambda folder: (folder / "predictions.json").unlink())
    changed = copy(scene_run, tmp_path / "c", digest='"0"')
    strange = copy(color_run, tmp_path / "d", lambda f: (f / "predictions.csv").write_text("file\nx,y\n"))
    for runs, why in (
        ([run], "two runs or more"),
        ([run, run], "named twice"),
        ([run, tmp_path / "gone"], "is not a run folder"),
        ([run, unfinished], "is not finished: foveal train --resume"),
        ([run, proposer], "says where objects may be"),
        ([run, changed], "has changed since"),
        ([color_run.folder.path, strange], "not the predictions.csv"),
        ([run, color_run.folder.path], "Runs of one task"),
    ):
        with pytest.raises(FovealError, match=why):
            compare(runs, out)
        assert not out.exists()


def test_other_held_out_images_count_for_their_own_run(scene_run, tmp_path):
    def without_two(folder):
        text = (folder / "config.toml").read_text()
        start = text.index("test = [")
        ids = text[start : text.index("]", start)].split("[")[1].replace(",", " ").split()
        fewer = text[:start] + f"test = [{', '.join(ids[2:])}" + text[text.index("]", start) :]
        (folder / "config.toml").write_text(fewer)
        rows = json.loads((folder / "predictions.json").read_text())
        kept = [row for row in rows if str(row["image_id"]) in ids[2:]]
        (folder / "predictions.json").write_text(json.dumps(kept))

    fewer = copy(scene_run, tmp_path / "fewer", without_two, C="0.5")
    told = compare([scene_run.folder.path, fewer], tmp_path / "out")
    comparison = told.record.comparison
    assert (comparison.n_images, comparison.n_shared) == (6, 4)
    assert any("not held out on the same images" in sentence for sentence in told.verdicts)
    assert np.isfinite(comparison.difference(0, 1, "AP50").interval.low)
