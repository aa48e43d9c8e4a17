"""The page of the docs about export: its example runs on a file that was exported."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from foveal.data import load
from foveal.errors import ExportError
from foveal.features import EfficientNetLite0
from foveal.images import read
from foveal.models import FasterRCNN, FastRCNN
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.onnx.parity import check_agreement, export_detector
from foveal.models.detection.rpn.network import RPNSettings
from foveal.models.detection.rpn.proposing import ProposalSelector
from foveal.runs import export, propose

PAGE = Path(__file__).parents[4] / "docs" / "export.md"


def snippets():
    """The Python of the page."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def model():
    """A Faster R-CNN that is not trained and is sure of much."""
    backbone = EfficientNetLite0()
    levels = ("c3", "c4", "c5")
    strides = tuple(backbone.strides[name] for name in levels)
    settings = RPNSettings(
        levels=levels,
        in_channels=tuple(backbone.channels[name] for name in levels),
        channels=16,
        size=256,
        anchors=Anchors(tuple(((s, s), (s, 2.0 * s)) for s in (32.0, 64.0, 128.0)), strides),
        proposing=ProposalSelector(1000, 250, 0.8),
    )
    roi = RoISettings.faster_rcnn(2, strides, roi_size=3, hidden=32)
    model = FasterRCNN(size=256)
    model.backbone_, model.classes_ = backbone, ("cat", "dog")
    model.network_ = DetectionNetwork(settings, roi, random_state=0).eval()
    for layer, factor in [(p, 5) for p in model.network_.rpn.predictors] + [
        (model.network_.head.predictor, 30)
    ]:
        layer.weight.data *= np.float32(factor)
    model.n_images_, model.threshold_, model.resolved_, model._running = 1, 0.4, {}, None
    return model


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    model.save(path)
    return path


@pytest.fixture
def photograph():
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg")


def test_the_example_on_the_page(model, saved, photograph, tmp_path, monkeypatch, capsys):
    done = export(saved, tmp_path / "detector.onnx")
    assert done.inputs == {"image": "uint8 (height, width, 3)"}
    assert done.outputs["boxes"] == "float32 (objects, 4)"
    assert re.match(r"Checked on 2 pictures: \d+ detections agree", done.check)
    Image.fromarray(photograph).save(tmp_path / "photo.jpg", quality=95)
    code = snippets()[0]
    assert len([line for line in code.splitlines() if line]) <= 15
    monkeypatch.chdir(tmp_path)
    exec(compile(code, PAGE.name, "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    found = model.predict([tmp_path / "photo.jpg"])[0]
    sure = found[found.scores >= model.threshold_]
    assert len(lines) == len(sure) > 3
    for line, row in zip(lines, sure.to_rows(), strict=True):
        name, score, box = line.split(maxsplit=2)
        assert name == row["label"]
        assert float(score) == pytest.approx(row["score"], abs=0.006)
        np.testing.assert_allclose(json.loads(box), row["box"], atol=0.06)


def test_the_example_of_a_file_that_takes_proposals(scene_folder, tmp_path):
    """In a process that cannot import Foveal, on what ``foveal propose`` wrote."""
    features = EfficientNetLite0(levels=("c3", "c4"), grid=2, longest=192)
    model = FastRCNN(features=features, proposals="single", hidden=32, epochs=8)
    model.fit(load(scene_folder).part("train"))
    # After so few epochs it is sure of nothing.
    model.threshold_ = 0.05
    model.save(tmp_path / "model.safetensors")
    done = export(tmp_path / "model.safetensors", tmp_path / "fast.onnx")
    assert done.inputs == {
        "image": "uint8 (height, width, 3)",
        "proposals": "float32 (proposals, 4)",
    }
    # A photograph that lies on its side and says so.
    photo = Image.open(load(scene_folder).part("test")[0].path).convert("RGB").rotate(90, expand=True)
    sideways = Image.Exif()
    sideways[0x0112] = 6
    photo.save(tmp_path / "photo.jpg", quality=95, exif=sideways)
    propose([tmp_path / "photo.jpg"], tmp_path / "regions", mode="single")
    code = snippets()[1]
    assert len([line for line in code.splitlines() if line]) <= 17
    hidden = "import sys\nsys.modules.update({'foveal': None, 'cv2': None, 'onnx': None})\n"
    said = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", hidden + code],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    (found,) = model.predict([tmp_path / "photo.jpg"])
    sure = found[found.scores >= model.threshold_]
    lines = said.splitlines()
    assert len(lines) == len(sure) > 0
    for line, row in zip(lines, sure.to_rows(), strict=True):
        name, score, box = line.split(maxsplit=2)
        assert name == row["label"]
        assert float(score) == pytest.approx(row["score"], abs=0.006)
        np.testing.assert_allclose(json.loads(box), row["box"], atol=0.06)


def test_fifty_pictures_of_different_sizes(model, saved, test_data, tmp_path):
    """The exported file in plain ONNX Runtime, two threads, against ``predict``, one thread a picture."""
    import cv2

    from foveal.data import Detections

    export(saved, tmp_path / "detector.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "detector.onnx", providers=["CPUExecutionProvider"])
    paths = sorted((test_data / "voc2012_100").rglob("*.jpg"))[:50]
    rng = np.random.default_rng(0)
    pictures = [
        cv2.resize(read(path), tuple(rng.integers(40, 900, 2).tolist()), interpolation=cv2.INTER_AREA)
        for path in paths
    ]
    assert len({p.shape for p in pictures}) == 50
    names = ["boxes", "scores", "labels"]
    found = [Detections(*session.run(names, {"image": picture}), model.classes_) for picture in pictures]
    expected = model.predict(pictures)
    assert sum(map(len, expected)) > 500
    check_agreement(found, expected, box_tolerance=0.5, score_tolerance=1e-3)
    same = sum(
        len(one) == len(other)
        and np.abs(one.boxes - other.boxes).max(initial=0) <= 0.5
        and np.abs(one.scores - other.scores).max(initial=0) <= 1e-3
        for one, other in zip(found, expected, strict=True)
    )
    assert same >= 49


def test_a_file_that_differs_is_not_written(model, photograph, tmp_path, monkeypatch):
    from foveal.models.detection.onnx import parity

    def other(network, backbone, classes, **settings):
        weight = network.head.predictor.weight.data
        weight *= np.float32(1.05)
        try:
            return original(network, backbone, classes, **settings)
        finally:
            weight /= np.float32(1.05)

    original = parity.to_detector_onnx
    monkeypatch.setattr(parity, "to_detector_onnx", other)
    path = tmp_path / "detector.onnx"
    path.write_bytes(b"before")
    with pytest.raises(ExportError, match=r"detector\.onnx was not written"):
        export_detector(model.network_, model.backbone_, model.classes_, path, [photograph])
    assert path.read_bytes() == b"before"
