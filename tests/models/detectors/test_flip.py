"""Detectors learn from mirrored images only where these mean the same."""

import pytest

import foveal
from foveal.data import load
from foveal.features import HogColor
from foveal.models import RCNN, RPN, FasterRCNN, FastRCNN
from foveal.models.detectors import object_detector

MODELS = {
    "rcnn": lambda: RCNN(
        proposals="single",
        features=HogColor(size=32),
        max_proposals=100,
        mining_rounds=0,
        calibration_folds=2,
    ),
    "fast-rcnn": lambda: FastRCNN(proposals="single", hidden=8, epochs=0.2, max_proposals=100),
    "faster-rcnn": lambda: FasterRCNN(size=96, epochs=0.2, channels=8, hidden=8),
}


@pytest.fixture
def unlike(monkeypatch):
    """Objects whose mirror images are others."""
    monkeypatch.setattr(object_detector, "objects_may_be_mirrored", lambda dataset, random_state: False)


def flip_of(model):
    return model.resolved_["flip"] if isinstance(model, FasterRCNN) else model.flip_


@pytest.mark.parametrize("name", MODELS)
def test_what_was_decided_is_told_and_kept(unlike, scene_folder, tmp_path, name):
    told = []
    train = load(scene_folder).part("train")
    model = MODELS[name]().fit(train, callbacks=[told.append])
    assert flip_of(model) is False
    assert any("no image is mirrored" in e.get("text", "") for e in told)
    again = foveal.load(model.save(tmp_path / "model.safetensors"))
    assert flip_of(again) is False
    assert again.get_params()["flip"] is False


def test_who_says_so_gets_mirror_images(unlike, scene_folder):
    told = []
    train = load(scene_folder).part("train")
    model = MODELS["faster-rcnn"]().set_params(flip=True).fit(train, callbacks=[told.append])
    assert flip_of(model) is True
    # What proposes and no more does not tell classes apart.
    rpn = RPN(size=96, epochs=0.2, channels=8).fit(train, callbacks=[told.append])
    assert rpn.resolved_["flip"] is True
    assert not any("mirrored" in e.get("text", "") for e in told)
