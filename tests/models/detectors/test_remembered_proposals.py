"""Detectors and the cache of proposals."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from foveal.data import load
from foveal.features import HogColor
from foveal.files import user_cache
from foveal.images import read
from foveal.models import RCNN
from foveal.models.detection.region_bank import RegionBank
from foveal.proposals import SelectiveSearch

FEATURES = HogColor(size=24, cell=8, grid=2, bins=4)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, for this test alone."""
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    return user_cache()


@pytest.fixture
def searched(monkeypatch):
    """How many pictures were really searched, as the length of a list."""
    calls = []
    propose = SelectiveSearch.propose

    def counted(self, image):
        calls.append(image.shape)
        return propose(self, image)

    monkeypatch.setattr(SelectiveSearch, "propose", counted)
    return calls


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return load(scene_folder)


def entries(cache):
    return len(list(cache.folder.rglob("*.safetensors")))


def small():
    return RCNN(
        proposals="single", features=FEATURES, max_proposals=100, mining_rounds=1, calibration_folds=2
    )


def test_a_bank_is_the_same_from_the_cache(cache, scenes, searched):
    part = scenes.part("train")
    banks = [RegionBank(part, SelectiveSearch("single"), FEATURES, max_proposals=n) for n in (50, 50)]
    assert len(searched) == entries(cache) == len(part)
    for cold, warm in zip(banks[0].images, banks[1].images, strict=True):
        for name in ("boxes", "objects", "labels", "ignored"):
            np.testing.assert_array_equal(getattr(cold, name), getattr(warm, name))
    # The entries hold all proposals, whatever was asked for.
    more = RegionBank(part, SelectiveSearch("single"), FEATURES, max_proposals=200)
    assert len(searched) == len(part)
    assert len(more.images[0].boxes) > 50


def test_training_gives_the_same_bytes_with_and_without(cache, scenes, searched, tmp_path, monkeypatch):
    part = scenes.part("train")
    models = []
    for name in ("cold", "warm"):
        models.append(small().fit(part).save(tmp_path / name).read_bytes())
    assert len(searched) == len(part)
    monkeypatch.setenv("FOVEAL_CACHE", "off")
    models.append(small().fit(part).save(tmp_path / "off").read_bytes())
    assert len(searched) == 2 * len(part)
    assert models[0] == models[1] == models[2]


def test_predicting_finds_what_was_proposed_and_keeps_nothing(cache, scenes, searched):
    model = small().fit(scenes.part("train"))
    shutil.rmtree(cache.folder)
    searched.clear()
    paths = [s.path for s in scenes.part("test")]
    cold = model.predict(paths)
    assert not cache.folder.exists()
    assert len(searched) == len(paths)
    told = []
    proposed = model.propose_all(paths, callbacks=[told.append])
    assert len(searched) == 2 * len(paths)
    assert entries(cache) == len(paths)
    warm = model.predict(paths)
    again = model.propose_all([str(p) for p in paths], callbacks=[told.append])
    assert len(searched) == 2 * len(paths)
    notes = [e["text"] for e in told if e["event"] == "note"]
    assert notes == [f"Proposals: {len(paths)} of {len(paths)} pictures from the cache in {cache.folder}."]
    images = [read(p) for p in paths]
    for a, b, c in zip(cold, warm, model.predict(images), strict=True):
        for name in ("boxes", "scores", "labels", "decision_values"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
            np.testing.assert_array_equal(getattr(a, name), getattr(c, name))
    for a, b, c in zip(proposed, again, model.propose_all(images), strict=True):
        np.testing.assert_array_equal(a.boxes, b.boxes)
        np.testing.assert_array_equal(a.boxes, c.boxes)
        assert len(a) <= 100
    assert entries(cache) == len(paths)


def test_a_run_searches_every_picture_once(cache, scene_folder, small_settings, searched, tmp_path):
    from foveal.runs import train

    runs = [
        train(scene_folder, model="rcnn", out=tmp_path / name, settings=small_settings) for name in ("a", "b")
    ]
    assert len(searched) == entries(cache) == len(load(scene_folder))
    first, second = (Path(run.folder.path) for run in runs)
    for name in ("model.safetensors", "metrics.json", "predictions.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
