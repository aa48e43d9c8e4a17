"""The whole way, with made-up peers; nothing is said about how long anything takes."""

import json

import pytest
from PIL import Image

from foveal.benchmark import benchmark_selective_search
from foveal.errors import SettingError

NAMES = ["Foveal fast", "OpenCV fast", "dlib", "dlib min_size=500"]
SEGMENTERS = ["Foveal segment", "OpenCV GraphSegmentation", "scikit-image felzenszwalb"]


@pytest.fixture(scope="module")
def measured(boxed, make_python, tmp_path_factory):
    # The made-up dlib and OpenCV find this object.
    folder = tmp_path_factory.mktemp("measured")
    data = boxed(folder / "data", {"train": [[(0, 10, 20, 40, 35)], [(0, 10, 20, 40, 35)], []]})
    events = []
    result = benchmark_selective_search(
        data, modes=["fast"], peers_python=make_python(), callbacks=[events.append]
    )
    return result, events


def test_a_run_with_peers(measured, tmp_path):
    result, events = measured
    figures = {p.speed.method.name: p for p in result.proposals}
    assert [n for n in figures if not n.endswith("threads")] == NAMES
    assert (result.images, result.objects, result.size) == (3, 2, (50, 60))
    assert (result.absent, result.notes) == ({}, ())
    assert all(f.speed.images == 3 and f.speed.seconds > 0 for f in figures.values())
    assert figures["Foveal fast"].speed.ratio == 1
    assert figures["OpenCV fast"].speed.version == "9.9"
    dlib = figures["dlib"]
    assert dlib.boxes == 2
    assert dlib.quality.mabo[-1] == 1
    segments = {s.speed.method.name: s for s in result.segmentations}
    assert list(segments) == SEGMENTERS
    assert segments["scikit-image felzenszwalb"].segments == 3000
    stages = [e["stage"] for e in events if e["event"] == "stage_end"]
    assert stages == ["looking for peers", "warming up", "measuring"]
    assert [e["done"] for e in events if e["event"] == "progress" and e["stage"] == "measuring"] == [1, 2, 3]

    said = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert {p["method"] for p in said["proposals"]} == set(figures)
    assert list(said["proposals"][0]["mabo"]) == ["100", "500", "1000", "2000", "all"]
    for key in (
        "ratio",
        "seconds",
        "peak_memory",
        "threads",
        "version",
        "recall50",
        "recall70",
        "mabo_at_ours",
    ):
        assert said["proposals"][1][key] is not None
    assert set(said["machine"]) >= {"cpu", "cores", "load_before", "load_after", "other_processes_cores"}

    titles = [table.title.split(" (")[0] for table in result.tables()]
    assert titles == [
        "Speed",
        "MABO of the first so many boxes",
        "Recall at IoU 0.7 of the first so many boxes",
        "Recall at IoU 0.5 of the first so many boxes",
        "Segmentation alone",
    ]
    mabo = result.tables()[1]
    assert [row[0] for row in mabo.rows] == NAMES
    assert mabo.rows[NAMES.index("dlib")][-2:] == ("1.000", "1.000")
    assert all(len(row) == len(table.columns) for table in result.tables() for row in table.rows)

    result.write(tmp_path / "out")
    files = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert files == ["benchmark.json", "benchmark.md", "quality.png", "quality.svg", "speed.png", "speed.svg"]
    assert json.loads((tmp_path / "out" / "benchmark.json").read_text()) == said
    assert (tmp_path / "out" / "benchmark.md").read_text() == result.to_markdown()
    for name in ("speed", "quality"):
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.width > 600
        assert "<svg" in (tmp_path / "out" / f"{name}.svg").read_text()


def test_a_peer_that_crashes_on_a_image(boxed, make_python, tmp_path, monkeypatch):
    data = boxed(tmp_path / "data", {"train": [[(0, 10, 20, 40, 35)], []]})
    # The first image's call is the warm-up's second: it dies in every call but a process's first.
    dying = """
        import os
        calls = []
        def find_candidate_object_locations(image, rects, min_size=20):
            calls.append(1)
            if len(calls) > 1: os._exit(7)
    """
    peers = make_python({"dlib.py": dying})
    monkeypatch.setattr("foveal.parallel.cores", lambda: 1)
    result = benchmark_selective_search(data, modes=["fast"], peers_python=peers)
    assert {p.speed.method.threads for p in result.proposals} == {1}
    dlib = next(p for p in result.proposals if p.speed.method.name == "dlib")
    assert (dlib.speed.images, dlib.speed.failures) == (0, 2)
    assert any(
        n.startswith("dlib failed on 2 pictures, the first") and "ended with status 7" in n
        for n in result.notes
    )
    assert any("ended with status 7" in sentence for sentence in result.describe())
    assert "–" in next(row for row in result.tables()[0].rows if row[0] == "dlib")
    result.write(tmp_path / "out")


def test_without_data_or_peers(monkeypatch, tmp_path):
    from foveal.benchmark import selective_search

    monkeypatch.setattr("foveal.parallel.cores", lambda: 1)
    monkeypatch.setattr(selective_search, "find_packages", lambda python: {"numpy": "2"})
    result = benchmark_selective_search(modes=["single"], images=1)
    assert {p.speed.method.package for p in result.proposals} == {"foveal"}
    assert list(result.absent) == ["opencv-contrib-python-headless", "selectivesearch", "scikit-image"]
    assert any("selectivesearch is not installed (pip install" in s for s in result.describe())
    assert [t.title.split(" ")[0] for t in result.tables()] == ["Speed", "Segmentation"]
    result.write(tmp_path)
    assert not (tmp_path / "quality.png").exists()


@pytest.mark.parametrize("wrong", [{"images": 0}, {"quality_images": 0}, {"repeats": -1}])
def test_impossible_numbers(wrong):
    with pytest.raises(SettingError, match=f"{next(iter(wrong))} is at least 1"):
        benchmark_selective_search(**wrong)


def test_warnings_come_first(measured):
    from dataclasses import replace

    result = measured[0]
    busy = replace(result, machine=replace(result.machine, load_before=3.0, others=0.0))
    assert busy.describe()[0].startswith("Warning: The load average was 3.00")
    assert busy.to_json()["warnings"] == busy.warnings != []
    calm = replace(result, machine=replace(result.machine, load_before=0.0, others=0.0))
    assert not any("Warning" in sentence for sentence in calm.describe())


def test_real_peers_agree_about_where_things_are():
    """A bright rectangle: whoever is installed finds it, to within two pixels."""
    import sys

    import numpy as np

    from foveal.benchmark.methods import methods_for, place
    from foveal.benchmark.processes import Worker, find_packages
    from foveal.boxes import iou

    rng = np.random.default_rng(0)
    image = rng.integers(0, 20, (90, 120, 3)).astype(np.uint8)
    image[30:70, 40:100] = (230, 120, 40)
    placed, _ = place(methods_for(["fast"]), {sys.executable: find_packages(sys.executable)}, sys.executable)
    for method, python in placed.items():
        if method.mode is None or method.threads > 1:
            continue
        worker = Worker(method.name, python, method.task, dict(method.options), method.threads)
        answer = worker.measure(image)
        worker.close()
        assert not isinstance(answer, str), answer
        assert iou(answer[1], [[40, 30, 100, 70]]).max() > 0.9, method.name
