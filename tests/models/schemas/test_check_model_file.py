"""What a model file may not say: each was believed once, and filled the memory or ended the process."""

import json
from pathlib import Path

import numpy as np
import pytest

import foveal
from foveal import nn
from foveal.errors import ModelFileError
from foveal.files import read_container, write_container

FOLDER = Path(__file__).parents[1] / "files_of_0_2"
NAMES = sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def content(name):
    arrays, metadata = read_container(FOLDER / f"{name}.safetensors")
    return dict(arrays), json.loads(json.dumps(metadata))


def put(metadata, place, value):
    """Set what lies at a dotted place; numbers are places in lists."""
    *way, last = place.split(".")
    for key in way:
        metadata = metadata[int(key)] if isinstance(metadata, list) else metadata[key]
    metadata[int(last) if isinstance(metadata, list) else last] = value


def loaded(tmp_path, arrays, metadata):
    path = tmp_path / "model.safetensors"
    write_container(path, arrays, metadata)
    return foveal.load(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_whole_is_read(name, tmp_path):
    assert loaded(tmp_path, *content(name)).name == name


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        ("mlp", "learned.layout.depth", 10**9, r"layout\.depth.*1000"),
        ("mlp", "learned.layout.depth", 900, "901 layers with weights, and the file those of 3"),
        ("mlp", "learned.layout.width", 60_000, "do not fit the network"),
        ("mlp", "learned.layout.seed", -1, r"layout\.seed"),
        ("cnn", "learned.layout.widths", [4] * 500, r"layout\.widths"),
        ("cnn", "learned.layout.pooling", [True, True], "as many widths as poolings"),
        ("cnn", "preprocessing.image_shape", [8, 8, 10**8], "do not have the shape"),
        ("cnn", "classes", ["nothing", "nothing"], "there is one twice"),
        ("cnn", "classes", "square", r"classes cannot be: .*array"),
        ("cnn", "classes_dtype", "<U999999999", "classes_dtype"),
        ("cnn", "classes_dtype", "<U3", "not what they were written as"),
        ("cnn", "classes_dtype", "<i8", "not all of the type"),
        ("logistic", "config.iterations", "many", r"config\.iterations"),
        ("logistic", "config.momentum", 7.5, r"config\.momentum.*7\.5"),
        ("logistic", "preprocessing.features.size", 10**6, r"features\.size is 1000000"),
        ("logistic", "preprocessing.features.size", 5, "its features have 75 numbers"),
        ("logistic", "preprocessing.features", {"kind": "pickle"}, "'pickle' are unknown"),
        ("logistic", "preprocessing.n_features", 10**400, "preprocessing"),
        ("logistic", "learned.candidates.0.chosen", "yes", "candidates"),
        ("svm", "learned.kernel", "sigmoid", r"learned\.kernel"),
        ("svm", "learned.gamma", -1.0, r"learned\.gamma"),
        ("transfer", "preprocessing.image_side", 10**7, "image_side"),
        ("transfer", "preprocessing.features.sha256", "0" * 64, "other weights"),
        ("transfer", "learned.fine_tuned", True, "do not fit"),
        ("rcnn", "settings.kernel", "rbf", "its kernel 'rbf'"),
        ("rcnn", "proposals.working_size", 10**7, "working_size"),
        ("rcnn", "proposals.k", [1.0] * 40, "proposals.k has 40 values"),
        ("rcnn", "threshold", 2.0, "threshold"),
        ("fast-rcnn", "settings.hidden", 10**6, r"settings\.hidden"),
        ("fast-rcnn", "settings.hidden", 60_000, "do not fit the network"),
        ("fast-rcnn", "features.grid", 64, "do not fit the network"),
        ("fast-rcnn", "classes", [], "classes"),
        ("faster-rcnn", "rpn.anchors.sizes", [[[1e30, 1e30]]] * 3, "sides that are not between"),
        ("faster-rcnn", "rpn.anchors.sizes", [[], [], []], "anchors are none"),
        ("faster-rcnn", "rpn.anchors.strides", [0, 0, 0], "strides"),
        ("faster-rcnn", "rpn.in_channels", [40, 112, 10**5], "in_channels"),
        ("faster-rcnn", "rpn.size", 100, "no multiple of 32"),
        ("faster-rcnn", "roi.sampling.number", 10**7, r"sampling\.number"),
        ("faster-rcnn", "roi.pooling.size", 10**6, r"pooling\.size"),
        ("faster-rcnn", "roi.n_classes", 3, "n_classes is 3"),
        ("faster-rcnn", "kind", "rpn", "kind is 'rpn'"),
        ("faster-rcnn", "finetuned", True, "do not fit the network"),
        ("rpn", "rpn.proposing.pre_nms", 10**12, "pre_nms"),
        ("rpn", "settings.scale", [-1.0, 1.0], "scale"),
        ("rpn", "n_images", float(10**300), "n_images"),
        ("rpn", "version", "\x1b[31m", "version"),
    ],
)
def test_what_is_refused(name, place, value, said, tmp_path):
    arrays, metadata = content(name)
    put(metadata, place, value)
    with pytest.raises(ModelFileError, match=said) as caught:
        loaded(tmp_path, arrays, metadata)
    assert str(tmp_path / "model.safetensors") in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_are_nested_without_end(name, tmp_path):
    arrays, metadata = content(name)
    deep = []
    for _ in range(500):
        deep = [deep]
    metadata["settings" if "settings" in metadata else "config"] = {"random_state": deep}
    with pytest.raises(ModelFileError):
        loaded(tmp_path, arrays, metadata)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(name, value, tmp_path):
    arrays, metadata = content(name)
    weights = [n for n in arrays if arrays[n].dtype.kind == "f" and "history" not in n and "curves" not in n]
    for weight in weights:
        broken = {**arrays, weight: arrays[weight].copy()}
        broken[weight].flat[-1] = value
        with pytest.raises(
            ModelFileError, match=rf"its .*{weight.split('.')[-1]} holds 1 numbers that are inf"
        ):
            loaded(tmp_path, broken, metadata)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_do_not_fit(name, tmp_path):
    arrays, metadata = content(name)
    for place in arrays:
        others = {n: a for n, a in arrays.items() if n != place}
        # An array of floats has another type as integers, and of integers as floats.
        for wrong in (
            {},
            {place: arrays[place].astype(np.float16)},
            {place: np.zeros((3, 1, 2), np.float32)},
        ):
            with pytest.raises(ModelFileError):
                loaded(tmp_path, {**others, **wrong}, metadata)
    with pytest.raises(ModelFileError, match="'more' is unknown"):
        loaded(tmp_path, {**arrays, "more": np.zeros(1)}, metadata)


def test_a_scale_of_nothing(tmp_path):
    for name in ("mlp", "svm", "fast-rcnn"):
        arrays, metadata = content(name)
        arrays["scale"] = np.zeros_like(arrays["scale"])
        with pytest.raises(ModelFileError, match="scale holds 0; all of it has to be above 0"):
            loaded(tmp_path, arrays, metadata)


def test_auto_is_saved_as_what_it_chose(tmp_path):
    arrays, metadata = content("mlp")
    metadata["model"] = "auto"
    with pytest.raises(ModelFileError, match="model"):
        loaded(tmp_path, arrays, metadata)


@pytest.mark.parametrize("kind", [None, 3, ["mlp"], {"a": 1}, "mlp\n", "x" * 10**5])
def test_kinds_that_are_none(kind, tmp_path):
    arrays, metadata = content("mlp")
    metadata["model"] = kind
    with pytest.raises(ModelFileError) as caught:
        loaded(tmp_path, arrays, metadata)
    assert len(str(caught.value)) < 1000


def test_a_network_without_values_costs_no_memory():
    with nn.unfilled():
        network = nn.Sequential(nn.Linear(10**6, 10**6), nn.BatchNorm2d(10**9))
    shapes = network.state_shapes()
    assert shapes["0.weight"][1] == (10**6, 10**6)
    with pytest.raises(ValueError, match="do not fit"):
        network.load_state_dict({"0.weight": np.zeros(1)})


def test_a_network_without_values_takes_those_of_another():
    made = nn.Sequential(nn.Conv2d(3, 4, 3, random_state=0), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    with nn.unfilled():
        empty = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    empty.load_state_dict(made.state_dict())
    for (name, one), (_, other) in zip(made.named_parameters(), empty.named_parameters(), strict=True):
        assert one.data.strides == other.data.strides, name
        np.testing.assert_array_equal(one.data, other.data)
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(made.eval()(x), empty.eval()(x))
    empty.train()(x)


def test_a_file_of_a_newer_version(tmp_path):
    arrays, metadata = content("mlp")
    metadata |= {"version": "0.31.0", "colour": "green"}
    with pytest.raises(ModelFileError, match=r"colour.* by Foveal 0\.31\.0, and this is .* install -U"):
        loaded(tmp_path, arrays, metadata)
    assert loaded(tmp_path, *content("mlp")).name == "mlp"
