"""A model that was saved and loaded gives the same answers, bit for bit, on every processor."""

import numpy as np
import pytest

import foveal
from foveal.data import load
from foveal.features import EfficientNetLite0, HogColor
from foveal.files import read_container, write_container
from foveal.images import read
from foveal.models import MODELS, model_class
from foveal.models.contracts import is_choosing, is_classifier, is_detector

SMALL_RPN = {"size": 128, "epochs": 1, "channels": 8, "finetune_fraction": 0, "passes_per_view": 1}
HOG = HogColor(size=24, cell=8, grid=2, bins=4)
SMALL_RCNN = {"proposals": "single", "features": HOG, "max_proposals": 100}
# For each model settings that make a small one; some of them several, where another path would be taken.
SETTINGS = {
    "auto": [{"recipe": "mlp(width=16, epochs=2)"}, {"recipe": "svm(features=pixels)"}],
    "logistic": [{"iterations": 20}, {"iterations": 20, "features": "hog+color", "image_size": 16}],
    "mlp": [{"width": 16, "epochs": 2}],
    "cnn": [{"width": 4, "epochs": 2}],
    "svm": [{"features": "pixels"}, {"linear_C": (), "rbf_C": (1.0,), "image_size": 16}],
    "transfer": [{"image_size": 32}, {"image_size": 32, "fine_tune": 1, "mirror": False}],
    "rcnn": [{**SMALL_RCNN, "kernel": "linear"}, {**SMALL_RCNN, "kernel": "intersection"}],
    "fast-rcnn": [
        {
            "proposals": "single",
            "features": EfficientNetLite0(levels=("c3", "c4"), grid=2, longest=128),
            "hidden": 16,
            "epochs": 1,
            "max_proposals": 100,
        }
    ],
    "faster-rcnn": [{**SMALL_RPN, "hidden": 16, "roi_size": 3}],
    "rpn": [{**SMALL_RPN, "max_proposals": 50}],
}
CASES = [(name, settings) for name, several in SETTINGS.items() for settings in several]


def images(number=60):
    """Noisy squares in one of three corners."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, (number, 16, 16, 3)).astype(np.uint8)
    labels = np.arange(number) % 3
    for image, label in zip(X, labels, strict=True):
        image[8 * (label // 2) :][:8, 8 * (label % 2) :][:, :8] += 100
    return X, np.array(["a", "b", "c"])[labels]


def answers(model, X):
    """All that a classifier says of inputs, as arrays."""
    found = [model.predict_proba(X), model.predict(X)]
    return [*found, model.decision_function(X)] if hasattr(model, "decision_function") else found


def detected(model, images):
    """All that a detector or proposer says of images, as arrays."""
    found = [(p.boxes, p.scores) for p in map(model.propose, images)]
    if is_detector(model):
        found += [(d.boxes, d.scores, d.labels) for d in model.predict(images)]
    return [array for arrays in found for array in arrays]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert len(one)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


def loaded(model, folder):
    """The model from its file; a second file is the same bytes."""
    path = model.save(folder / "model.safetensors")
    again = foveal.load(path)
    assert again.save(folder / "again.safetensors").read_bytes() == path.read_bytes()
    return again


def test_every_model_is_here():
    assert set(SETTINGS) == set(MODELS)


@pytest.mark.parametrize(("name", "settings"), [c for c in CASES if is_classifier(model_class(c[0]))])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier(name, settings, n_classes, tmp_path):
    X, y = images()
    chosen = np.isin(y, ["a", "b", "c"][:n_classes])
    X, y = X[chosen], y[chosen]
    model = model_class(name)(**settings, random_state=0).fit(X, y)
    again = loaded(model, tmp_path)
    if is_choosing(model):
        np.testing.assert_array_equal(model.predict(X), model.best_.predict(X))
        model = model.best_
    for some in (X, X[:1], list(X[:7])):
        assert_same(answers(again, some), answers(model, some))


@pytest.mark.parametrize("name", [name for name in SETTINGS if is_classifier(model_class(name))])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_classifier_of_rows_in_another_order_of_memory(name, dtype, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(90, 37)).astype(dtype)
    y = np.arange(90) % 3
    rows[:, :3] += 2 * np.eye(3)[y]
    quick = {"mlp": {"epochs": 2}, "cnn": {"epochs": 2}, "logistic": {"iterations": 20}}
    settings = {**quick, "auto": SETTINGS["auto"][0]}.get(name, {})
    wide = np.zeros((180, 74), dtype)
    wide[::2, ::2] = rows
    orders = [rows, np.asfortranarray(rows), wide[::2, ::2]]
    models = [model_class(name)(**settings, random_state=0).fit(X, y) for X in orders]
    expected = answers(models[0], rows)
    for model in models:
        again = loaded(model, tmp_path)
        for X in orders:
            assert_same(answers(model, X), expected)
            assert_same(answers(again, X), expected)


@pytest.mark.parametrize("name", [name for name in SETTINGS if is_classifier(model_class(name))])
def test_a_classifier_of_transposed_images(name, tmp_path):
    X, y = images()
    settings = SETTINGS[name][0]
    turned = np.ascontiguousarray(X.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    assert not turned.flags.c_contiguous
    model = model_class(name)(**settings, random_state=0).fit(turned, y)
    again = loaded(model, tmp_path)
    expected = answers(model, X)
    for some in (X, turned, list(turned)):
        assert_same(answers(again, some), expected)


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return load(scene_folder)


@pytest.mark.parametrize(("name", "settings"), [c for c in CASES if not is_classifier(model_class(c[0]))])
def test_a_detector(name, settings, scenes, tmp_path):
    train = scenes.part("train")
    options = {"validation": train.select([])} if model_class(name).validates else {}
    model = model_class(name)(**settings, random_state=0).fit(train, **options)
    again = loaded(model, tmp_path)
    images = [read(sample.path) for sample in scenes.part("test")][:3]
    expected = detected(model, images)
    assert_same(detected(again, images), expected)
    assert_same(detected(again, [np.asfortranarray(image) for image in images]), expected)


def test_arrays_of_a_file_are_aligned_and_their_own(tmp_path):
    rng = np.random.default_rng(0)
    # A name and a number of bytes that put what follows at odd places of the file.
    arrays = {
        "a": rng.integers(0, 9, 3).astype(np.int8),
        "b": rng.normal(size=(5, 3)),
        "c": np.asfortranarray(rng.normal(size=(4, 7)).astype(np.float32)),
        "d": np.zeros((0, 4)),
    }
    write_container(tmp_path / "file", arrays, {})
    for name, array in read_container(tmp_path / "file")[0].items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.flags.owndata
        assert array.flags.aligned
        assert array.flags.writeable
        assert array.flags.c_contiguous
