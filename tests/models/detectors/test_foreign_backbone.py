"""A network that Foveal has never seen, with other channels, normalisation and padding, in every detector."""

from itertools import pairwise

import numpy as np
import pytest

import foveal
from foveal import nn
from foveal.data import load
from foveal.errors import ModelFileError, SettingError
from foveal.features import Backbone, BackboneNetwork, register_features, stack_images
from foveal.features.base import _registered
from foveal.images import working_image
from foveal.models import RCNN, RPN, FasterRCNN, FastRCNN
from foveal.models.exporting import export_model

CHANNELS = {"c3": 6, "c4": 9, "c5": 7}
STRIDES = {"c3": 8, "c4": 16, "c5": 32}


class TinyLayers:
    """Three random convolutions with rectifiers."""

    def __init__(self):
        sizes = [3, *CHANNELS.values()]
        steps = [8, 2, 2]
        self._stages = {
            level: nn.Sequential(
                nn.Conv2d(inputs, outputs, step, stride=step, random_state=place), nn.ReLU()
            ).eval()
            for place, (level, (inputs, outputs), step) in enumerate(
                zip(CHANNELS, pairwise(sizes), steps, strict=True)
            )
        }

    def stage(self, start, end):
        levels = ["image", *CHANNELS]
        return nn.Sequential(
            *(self._stages[level] for level in levels[levels.index(start) + 1 : levels.index(end) + 1])
        )

    def modules(self):
        return [module for stage in self._stages.values() for module in stage.modules()]


class TinyBackbone:
    """Everything that :class:`foveal.features.Backbone` asks for, and nothing else."""

    name = "tiny"
    channels, strides, n_pooled = CHANNELS, STRIDES, CHANNELS["c5"]
    pixel_mean, pixel_std = (90.0, 110.0, 130.0), (40.0, 55.0, 70.0)
    pad_value, size_divisibility = 210, 64

    def maps(self, images, levels=None, *, threads=None):
        assert images.shape[1] % 64 == images.shape[2] % 64 == 0
        x = ((images - np.float32(self.pixel_mean)) / np.float32(self.pixel_std)).astype(np.float32)
        layers, found, start = self.network(), {}, "image"
        with nn.no_grad():
            for level in CHANNELS:
                x = found[level] = layers.stage(start, level)(x)
                start = level
        return {level: found[level] for level in levels or CHANNELS}

    def pooled(self, images, *, threads=None):
        return self.maps(images, ("c5",))["c5"].mean(axis=(1, 2))

    def network(self, *, folded=False):
        return TinyLayers()

    def get_config(self):
        return {"kind": "tiny"}


@pytest.fixture(scope="module")
def scenes(scene_folder):
    data = load(scene_folder)
    return data.part("train").select(range(8)), data.part("test").select(range(3))


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr("foveal.features.base._registered", dict(_registered))
    register_features("tiny", TinyBackbone)


MODELS = {
    "faster-rcnn": lambda: FasterRCNN(
        features=TinyBackbone(), size=128, epochs=6, finetune_fraction=0.5, channels=16, hidden=32
    ),
    "rpn": lambda: RPN(features=TinyBackbone(), size=128, epochs=4, max_proposals=50),
    "fast-rcnn": lambda: FastRCNN(features=TinyBackbone(), proposals="single", epochs=3, hidden=32),
    "rcnn": lambda: RCNN(features=TinyBackbone(), proposals="single", max_proposals=200, mining_rounds=1),
}


def test_it_is_a_backbone():
    assert isinstance(TinyBackbone(), Backbone)
    assert isinstance(TinyBackbone().network(), BackboneNetwork)


@pytest.mark.parametrize("name", MODELS)
def test_a_detector_on_it(name, scenes, registered, tmp_path):
    train, test = scenes
    model = MODELS[name]().fit(train)
    paths = [sample.path for sample in test]
    again = foveal.load(model.save(tmp_path / "model.safetensors"))
    for ours, theirs in zip(model.propose_all(paths), again.propose_all(paths), strict=True):
        np.testing.assert_array_equal(ours.boxes, theirs.boxes)
    if name != "rpn":
        for ours, theirs in zip(model.predict(paths), again.predict(paths), strict=True):
            np.testing.assert_array_equal(ours.boxes, theirs.boxes)
            np.testing.assert_array_equal(ours.scores, theirs.scores)
        trace = model.trace(paths[0])
        assert len(trace.detections) == len(trace.answer_kept)


def test_its_exported_file_agrees_with_its_own_maps(scenes, tmp_path):
    train, test = scenes
    model = MODELS["faster-rcnn"]().fit(train)
    images = [foveal.images.read(sample.path) for sample in test]
    assert "agree" in export_model(model, tmp_path / "model.onnx", images=images)
    # The graph sees what the backbone sees, padding included.
    image = working_image(images[0], 128)
    trace = model.trace(images[0])
    (found,) = model.predict([image])
    np.testing.assert_allclose(found.boxes, trace.detections.boxes, atol=0.05)
    np.testing.assert_allclose(found.scores, trace.detections.scores, atol=1e-4)
    batch = stack_images([image], model.backbone_)
    assert batch.shape[1:3] == (128, 128)
    if image.shape[:2] != (128, 128):
        assert batch[0, -1, -1].tolist() == [210] * 3


def test_its_exported_file_takes_proposals(scenes, tmp_path):
    train, test = scenes
    model = MODELS["fast-rcnn"]().fit(train)
    images = [foveal.images.read(sample.path) for sample in test]
    assert "agree" in export_model(model, tmp_path / "model.onnx", images=[*images, images[0][:40, :110]])


def test_what_it_cannot_be(scenes, tmp_path):
    train, _ = scenes
    with pytest.raises(SettingError, match="size is a multiple of 64, such as 1024; got 96"):
        FasterRCNN(features=TinyBackbone(), size=96).fit(train)
    path = MODELS["rpn"]().set_params(epochs=1).fit(train).save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="'tiny' are unknown"):
        foveal.load(path)
