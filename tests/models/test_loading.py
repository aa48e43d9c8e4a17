import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

import foveal
from foveal.errors import ModelFileError
from foveal.files import read_container, write_container
from foveal.models import RCNN, model_class


@pytest.fixture
def whole(scene_run):
    """The arrays and metadata of a detector's file."""
    arrays, metadata = read_container(scene_run.folder.model_file)
    return dict(arrays), json.loads(json.dumps(metadata))


def test_loads_a_file_and_a_folder(scene_run):
    for path in (scene_run.folder.path, scene_run.folder.model_file, str(scene_run.folder.model_file)):
        model = foveal.load(path)
        assert isinstance(model, RCNN)
        assert model.n_images_ == 12


def test_loads_a_classifier(color_run):
    model = foveal.load(color_run.folder.path)
    assert type(model).__name__ == "SVMClassifier"
    assert model.classes_.tolist() == ["a<b> [bold]", "green", "red"]


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelFileError, match=r"holds no model\.safetensors.*--resume"):
        foveal.load(tmp_path)
    with pytest.raises(ModelFileError, match="There is no model at"):
        foveal.load(tmp_path / "gone")


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 0.5, 0.999])
def test_a_truncated_file(scene_run, tmp_path, keep):
    content = scene_run.folder.model_file.read_bytes()
    cut = tmp_path / "model.safetensors"
    cut.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(ModelFileError, match="is not a model file"):
        foveal.load(cut)


def test_a_picture_and_noise(tmp_path):
    path = tmp_path / "model.safetensors"
    for content in (b"\xff\xd8\xff\xe0 not a model", bytes(range(256)) * 10, b"PK\x03\x04" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=r"model\.safetensors"):
            foveal.load(path)


def test_a_header_that_is_longer_than_the_file(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    with pytest.raises(ModelFileError):
        foveal.load(path)


def test_somebody_elses_safetensors(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"weight": np.zeros(3)}, path)
    with pytest.raises(ModelFileError, match="was not written by Foveal"):
        foveal.load(path)
    for text in ("no json", "[1, 2]", "3", "null"):
        save_file({"weight": np.zeros(3)}, path, metadata={"foveal": text})
        with pytest.raises(ModelFileError):
            foveal.load(path)


@pytest.mark.parametrize("kind", ["fast-rcnn-of-the-future", None, 3, "os.system"])
def test_an_unknown_kind(whole, tmp_path, kind):
    arrays, metadata = whole
    metadata["model"] = kind
    write_container(tmp_path / "m.safetensors", arrays, metadata)
    with pytest.raises(ModelFileError, match=r"m\.safetensors.*version"):
        foveal.load(tmp_path / "m.safetensors")


def test_something_is_missing(whole, tmp_path):
    arrays, metadata = whole
    path = tmp_path / "m.safetensors"
    for name in arrays:
        write_container(path, {k: v for k, v in arrays.items() if k != name}, metadata)
        with pytest.raises(ModelFileError, match=r"m\.safetensors"):
            foveal.load(path)
    for name in ("proposals", "features", "settings", "classes", "n_images"):
        write_container(path, arrays, {k: v for k, v in metadata.items() if k != name})
        with pytest.raises(ModelFileError, match=r"m\.safetensors"):
            foveal.load(path)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("features", {"kind": "clairvoyance"}),
        ("features", {"kind": "hog-color", "wings": 2}),
        ("features", {"kind": "hog-color", "size": 0}),
        ("features", 3),
        ("proposals", {"kind": "dowsing"}),
        ("proposals", {"kind": "selective-search", "mode": "slow"}),
        ("settings", {"wings": 2}),
        ("settings", [1]),
        ("classes", 3),
        ("classes", ["one"]),
        ("n_images", "many"),
    ],
)
def test_something_is_wrong(whole, tmp_path, where, value):
    arrays, metadata = whole
    metadata[where] = value
    path = tmp_path / "m.safetensors"
    write_container(path, arrays, metadata)
    with pytest.raises(ModelFileError):
        foveal.load(path)


def test_arrays_that_do_not_fit(whole, tmp_path):
    arrays, metadata = whole
    path = tmp_path / "m.safetensors"
    for name, value in arrays.items():
        write_container(path, {**arrays, name: value[..., :-1]}, metadata)
        with pytest.raises(ModelFileError, match=r"m\.safetensors"):
            foveal.load(path)


def test_a_classifiers_file_as_a_detector(color_run, tmp_path):
    arrays, metadata = read_container(color_run.folder.model_file)
    path = tmp_path / "m.safetensors"
    for kind in ("rcnn", "logistic"):
        write_container(path, arrays, {**metadata, "model": kind})
        with pytest.raises(ModelFileError):
            foveal.load(path)


def test_no_model_of_this_name():
    assert model_class("rcnn") is RCNN
    with pytest.raises(foveal.SettingError, match="Did you mean 'logistic'"):
        model_class("logistics")


def test_a_detector_of_an_older_version_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "model.safetensors"
    write_container(path, {"mean": np.zeros(3, np.float32)}, {"model": "fast-rcnn", "version": "0.1.0"})
    with pytest.raises(ModelFileError, match=r"written by Foveal 0\.1, .* train it again"):
        foveal.load(path)
