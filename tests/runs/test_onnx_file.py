import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

import foveal as foveal_package
from foveal import nn
from foveal.cli import main
from foveal.data import load
from foveal.errors import ExportError, ModelFileError, SettingError
from foveal.features import EfficientNetLite0
from foveal.images import read
from foveal.models import CNNClassifier, FastRCNN, LogisticClassifier, MLPClassifier, TransferClassifier
from foveal.models.exporting import export_model, exportable_names
from foveal.proposals import SelectiveSearch, SlidingWindow
from foveal.runs import export

CLASSES = ["a", "ö", "c"]


def pictures(number=40, shape=(12, 12), dtype=np.uint8):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, number)
    x = rng.integers(0, 90, (number, *shape, 3))
    x[np.arange(number), :, :, labels] += 120
    return x.astype(dtype), np.array(CLASSES)[labels]


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def outputs(path, x):
    """Of images, one after the other."""
    runner = session(path)
    return np.stack([runner.run(["probabilities"], {"image": image})[0] for image in x])


MODELS = {
    "cnn": lambda: CNNClassifier(width=4, epochs=2, random_state=0),
    "mlp": lambda: MLPClassifier(width=8, epochs=2, random_state=0),
    "logistic": lambda: LogisticClassifier(iterations=20, random_state=0),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers_give_the_same_probabilities(name, classes, tmp_path):
    x, y = pictures()
    some = np.isin(y, CLASSES[:classes])
    model = MODELS[name]().fit(x[some], y[some])
    said = export_model(model, tmp_path / "m.onnx", images=list(x))
    assert said.startswith("Checked on 40 pictures: probabilities differ from the model's by at most ")
    found, metadata = outputs(tmp_path / "m.onnx", x), session(tmp_path / "m.onnx").get_modelmeta()
    np.testing.assert_allclose(found, model.predict_proba(x), atol=2e-5)
    assert found.max() - found.min() > 0.1
    metadata = metadata.custom_metadata_map
    assert json.loads(metadata["classes"]) == sorted(CLASSES[:classes])
    assert metadata["model"] == name
    assert set(metadata) == {"classes", "model", "version"}
    # Neither a time nor a path is in the file.
    export_model(model, tmp_path / "again.onnx", images=x[:1])
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "m.onnx").read_bytes()
    assert str(tmp_path).encode() not in (tmp_path / "m.onnx").read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_classifiers_of_rows_and_of_pixels_from_0_to_1(name, tmp_path):
    rng = np.random.default_rng(1)
    rows, labels = rng.normal(3, 5, (60, 7)), rng.integers(0, 3, 60)
    model = MODELS[name]().fit(rows, labels)
    assert export_model(model, tmp_path / "rows.onnx").startswith("Checked on random rows: ")
    (found,) = session(tmp_path / "rows.onnx").run(None, {"rows": rows.astype(np.float32)})
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=2e-5)
    x, y = pictures()
    model = MODELS[name]().fit(x / 255.0, y)
    export_model(model, tmp_path / "floats.onnx", images=x[:3])
    found = outputs(tmp_path / "floats.onnx", x)
    np.testing.assert_allclose(found, model.predict_proba(x / 255.0), atol=2e-5)


SIZES = [(12, 12), (1, 1), (5, 40), (40, 5), (24, 24), (48, 48), (200, 300), (11, 13)]


@pytest.mark.parametrize("name", [*MODELS, "transfer"])
def test_images_of_any_size(name, tmp_path):
    x, y = pictures()
    model = TransferClassifier(image_size=64) if name == "transfer" else MODELS[name]()
    model.fit(x, y)
    rng = np.random.default_rng(0)
    given = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for size in SIZES]
    export_model(model, tmp_path / "m.onnx", images=given)
    found, expected = outputs(tmp_path / "m.onnx", given), model.predict_proba(given)
    np.testing.assert_allclose(found, expected, atol=1e-2)
    np.testing.assert_array_equal(found.argmax(1), expected.argmax(1))


def test_photographs(test_data, tmp_path):
    paths = sorted((test_data / "caltech101_8" / "test").rglob("*.jpg"))[::10]
    images, y = [read(path) for path in paths], [path.parent.name for path in paths]
    model = CNNClassifier(width=8, epochs=5, random_state=0).fit(images, y)
    export_model(model, tmp_path / "m.onnx", images=images[:4])
    found, expected = outputs(tmp_path / "m.onnx", images), model.predict_proba(images)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    np.testing.assert_array_equal(found.argmax(1), expected.argmax(1))


@pytest.mark.parametrize("channels", [1, 2])
def test_images_of_other_channels(channels, tmp_path):
    x, y = pictures(shape=(20, 20))
    x = x[..., :channels]
    model = MODELS["cnn"]().fit(x, y)
    colors, _ = pictures(5, (30, 25))
    export_model(model, tmp_path / "m.onnx", images=colors)
    given = colors if channels == 1 else colors[..., :2]
    np.testing.assert_allclose(outputs(tmp_path / "m.onnx", given), model.predict_proba(given), atol=1e-2)


def test_the_network_of_a_classifier_is_left_as_it_was(tmp_path):
    x, y = pictures()
    model = MODELS["cnn"]().fit(x, y)
    before = model.predict_proba(x)
    network, shape = model.as_network()
    assert shape == (12, 12, 3)
    with nn.no_grad():
        np.testing.assert_allclose(network(x.astype(np.float32)), before, atol=1e-5)
    np.testing.assert_array_equal(model.predict_proba(x), before)


def test_what_cannot_be_exported(color_run, scene_run, tmp_path):
    with pytest.raises(
        ExportError, match=r"svm cannot be exported: .*no network\. What can: logistic, mlp, cnn"
    ):
        export(color_run.folder.path, tmp_path / "m.onnx")
    with pytest.raises(ExportError, match=r"rcnn cannot be exported: its support .*, fast-rcnn, "):
        export(scene_run.folder.path, tmp_path / "m.onnx")
    x, y = pictures(shape=(16, 16))
    model = LogisticClassifier(features="hog+color", image_size=16, iterations=5, random_state=0).fit(x, y)
    with pytest.raises(ExportError, match=r"features=pixels"):
        export_model(model, tmp_path / "m.onnx", images=x)
    assert not (tmp_path / "m.onnx").exists()
    assert {"logistic", "mlp", "cnn"} <= set(exportable_names())
    assert not {"svm", "rcnn"} & set(exportable_names())


def test_what_differs_is_not_written(tmp_path, monkeypatch):
    x, y = pictures()
    model = MODELS["mlp"]().fit(x, y)
    other = MODELS["mlp"]().set_params(epochs=1).fit(x, y)
    monkeypatch.setattr(model, "as_network", other.as_network)
    with pytest.raises(ExportError, match=r"probabilities differ by .*m\.onnx was not written"):
        export_model(model, tmp_path / "m.onnx", images=x)
    assert list(tmp_path.iterdir()) == []


def test_the_verb(tmp_path, monkeypatch, capsys):
    x, y = pictures(12)
    for i, (picture, name) in enumerate(zip(x, y, strict=True)):
        (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "data" / name / f"{i}.png")
    MODELS["cnn"]().fit(x, y).save(tmp_path / "model.safetensors")

    def foveal(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", "export", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    run = tmp_path / "model.safetensors"
    status, said, remarks = foveal(run, tmp_path / "m.onnx")
    assert status == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines == ["in image: uint8 (height, width, 3)", "out probabilities: float32 (3,)"]
    assert "Checked on 2 pictures" in remarks
    onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)
    found = json.loads(foveal(run, tmp_path / "n.onnx", "--json")[1])
    assert found["model"] == "cnn"
    assert found["bytes"] == (tmp_path / "n.onnx").stat().st_size
    assert found["inputs"] == {"image": "uint8 (height, width, 3)"}
    for words, sentence in (
        ([run, tmp_path / "m.onnx"], "m.onnx exists, and nothing is overwritten"),
        ([run, tmp_path / "m.pt"], "a name that ends with .onnx"),
        ([tmp_path / "gone", tmp_path / "x.onnx"], "There is no model at"),
    ):
        status, said, remarks = foveal(*words)
        assert (status, said) == (2, "")
        assert sentence in remarks.splitlines()[-1]


@pytest.fixture(scope="module")
def guided(scene_folder):
    """A Fast R-CNN that has learned next to nothing."""
    features = EfficientNetLite0(levels=("c4",), grid=1, longest=96)
    model = FastRCNN(proposals="single", features=features, hidden=16, epochs=1, max_proposals=100)
    return model.fit(load(scene_folder).part("train").select(range(4)))


def test_the_verb_says_where_proposals_come_from(guided, tmp_path, monkeypatch, capsys):
    guided.save(tmp_path / "model.safetensors")
    monkeypatch.chdir(tmp_path)

    def foveal(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", "export", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return capsys.readouterr()

    said, remarks = foveal("model.safetensors", "fast.onnx")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[:2] == ["in image: uint8 (height, width, 3)", "in proposals: float32 (proposals, 4)"]
    remarks = " ".join(remarks.split())
    assert "The file takes proposals beside the image." in remarks
    assert "foveal propose IMAGE --mode single --json." in remarks
    note = json.loads(foveal("model.safetensors", "again.onnx", "--json")[0])["note"]
    assert note in remarks
    # Every way that is named is one, and gives what the model is given.
    image = read_photograph()
    expected = guided.propose(image).boxes
    named = re.search(r"foveal\.load\(.*?\.boxes", note)[0]
    np.testing.assert_array_equal(eval(named, {"foveal": foveal_package, "image": image}), expected)
    named = re.search(r"foveal\.proposals\..*?\.boxes", note)[0]
    found = eval(named, {"foveal": foveal_package, "image": image})
    np.testing.assert_array_equal(found[:100], expected)


@pytest.mark.parametrize(
    ("proposer", "end"),
    [
        (
            SelectiveSearch("single", sigma=0.5),
            "so do the settings of selective search that its metadata name.",
        ),
        (SlidingWindow(), "propose(image).boxes gives them."),
    ],
    ids=["settings", "another-method"],
)
def test_proposals_of_other_methods(proposer, end, guided, tmp_path, monkeypatch):
    monkeypatch.setattr(guided, "proposer_", proposer)
    guided.save(tmp_path / "model.safetensors")
    note = export(tmp_path / "model.safetensors", tmp_path / "fast.onnx").note
    assert note.endswith(end)
    assert note.count(".boxes") == 1
    known = session(tmp_path / "fast.onnx").get_modelmeta().custom_metadata_map
    assert json.loads(known["proposals"]) == json.loads(json.dumps(proposer.get_config()))


def read_photograph():
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg")


def test_mistakes(tmp_path):
    with pytest.raises(ModelFileError):
        export(tmp_path, tmp_path / "m.onnx")
    with pytest.raises(SettingError):
        export(tmp_path, tmp_path / "m")


def test_detectors_are_checked_on_held_out_pictures(scene_run, scene_folder, tmp_path, monkeypatch):
    from foveal.models.detection.onnx import parity as detectors
    from foveal.runs import onnx_file as module

    seen = []

    def write(network, backbone, classes, path, images, threshold):
        seen[:] = images
        path.write_bytes(onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])).SerializeToString())
        return 7

    model = SimpleNamespace(
        name="faster-rcnn",
        answers="detections",
        proposes_itself=True,
        not_exportable=None,
        network_=None,
        classes_=("a",),
        threshold_=0.3,
        backbone_=SimpleNamespace(network=lambda folded: None),
    )
    monkeypatch.setattr(module, "load", lambda run: model)
    monkeypatch.setattr(detectors, "export_detector", write)
    done = export(scene_run.folder.path, tmp_path / "m.onnx")
    assert done.check == "Checked on 4 pictures: 7 detections agree with the training engine's."
    held = [read(p) for p in sorted((scene_folder / "images" / "test").iterdir())]
    for picture in seen:
        assert any(np.array_equal(picture, other) for other in held)
    # A model file alone has no data.
    export(scene_run.folder.path / "model.safetensors", tmp_path / "n.onnx")
    assert [p.shape for p in seen] == [(427, 640, 3)] * 2


def test_what_is_not_quantized(color_run, tmp_path):
    with pytest.raises(ExportError, match="--quantize is for faster-rcnn"):
        export(color_run.folder.path, tmp_path / "int8.onnx", quantize=True)
    assert not (tmp_path / "int8.onnx").exists()
