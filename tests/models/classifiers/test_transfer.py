"""Pretrained features with a linear classifier."""

import json
import pickle

import numpy as np
import pytest

import foveal
from foveal import nn
from foveal.errors import ModelFileError, SettingError
from foveal.features import EfficientNetLite0
from foveal.files import read_container
from foveal.models import TransferClassifier, class_activation_maps, occlusion_map, stage_maps
from foveal.models.classifiers import transfer


def shapes(number=24, side=40, seed=0, classes=2):
    """Discs, squares and stripes of any colour at any place."""
    import cv2

    rng = np.random.default_rng(seed)
    images, labels = [], np.array(["disc", "square", "stripes"])[np.arange(number) % classes]
    for label in labels:
        image = rng.integers(0, 60, (side, side, 3)).astype(np.uint8)
        color = [int(c) for c in rng.integers(120, 256, 3)]
        x, y = (int(v) for v in rng.integers(14, side - 14, 2))
        if label == "disc":
            cv2.circle(image, (x, y), 10, color, -1)
        elif label == "square":
            cv2.rectangle(image, (x - 9, y - 9), (x + 9, y + 9), color, -1)
        else:
            image[::4] = color
        images.append(image)
    return np.stack(images), labels


def quick(**settings):
    return TransferClassifier(**{"image_size": 64, "random_state": 0, **settings})


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request):
    X, y = shapes(classes=request.param)
    return quick().fit(X, y), X, y


def test_learns(fitted):
    model, X, y = fitted
    assert model.score(X, y) == 1
    new, labels = shapes(seed=1, classes=len(model.classes_))
    assert model.score(new, labels) >= 0.9
    assert model.coef_.shape == (1 if len(model.classes_) == 2 else 3, 1280)
    assert sum(seen["chosen"] for seen in model.cv_results_) == 1


def test_answers_agree(fitted):
    model, X, _ = fitted
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(1)], model.predict(X))
    # Lists, one array, and what the network sees, get the same answers.
    np.testing.assert_array_equal(model.predict_proba(list(X)), probabilities)
    seen = model.as_seen(X)
    assert seen.shape == (len(X), 64, 64, 3)
    np.testing.assert_allclose(model.predict_proba(seen), probabilities, atol=1e-6)
    assert model.predict_proba(X[:0]).shape == (0, len(model.classes_))


def test_against_scikit_learn(fitted):
    from sklearn.linear_model import LogisticRegression

    model, X, y = fitted
    both = np.concatenate([X, X[:, :, ::-1]])
    features = EfficientNetLite0()
    rows = features.pooled(np.stack(list(model.as_seen(both))))
    mean, scale = rows.mean(0), rows.std(0)
    scale[scale < 1e-6] = 1
    theirs = LogisticRegression(C=model.C_ / 1280, max_iter=5000, tol=1e-6)
    theirs.fit((rows - mean) / scale, np.tile(y, 2))
    expected = theirs.predict_proba((rows[: len(X)] - mean) / scale)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=5e-3)


def test_the_whole_network_says_the_same(fitted):
    model, X, _ = fitted
    with nn.no_grad():
        logits = model.network_(model.prepare(X[:3]))
    np.testing.assert_allclose(nn.softmax(logits), model.predict_proba(X[:3]), atol=1e-4)


def test_explanations(fitted):
    model, X, _ = fitted
    # Zhou et al. 2016, equation 2: the last map weighted by the class's row.
    found = class_activation_maps(model, X[:2], [0, 1])
    features = EfficientNetLite0()
    network = features.network(folded=True)
    c5 = features.maps(model.as_seen(X[:2]), ("c5",))["c5"]
    with nn.no_grad():
        maps = network.head(c5)
    weights = model.network_[-1].weight.data
    for place in (0, 1):
        expected = np.maximum(maps[place] @ weights[place], 0) / maps[place][..., 0].size
        np.testing.assert_allclose(found[place], expected, atol=1e-4 * max(1, np.abs(expected).max()))
    assert {maps.shape[1] for maps in stage_maps(model, X[:1]).values()} == {32, 16, 8, 4, 2}
    assert occlusion_map(model, X[0], steps=3).shape == (64, 64)


def test_the_file(fitted, tmp_path):
    model, X, _ = fitted
    file = model.save(tmp_path / "model.safetensors")
    again = foveal.load(file)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.save(tmp_path / "again").read_bytes() == file.read_bytes()
    assert quick().fit(*fitted[1:]).save(tmp_path / "third").read_bytes() == file.read_bytes()
    # The weights of the backbone are named, not stored.
    assert file.stat().st_size < 200_000
    arrays, metadata = read_container(file)
    assert metadata["preprocessing"]["features"]["sha256"] == EfficientNetLite0.sha256
    assert set(arrays) == {"coef", "intercept"}
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("change", ["features", "coef"])
def test_a_file_that_does_not_fit(change, fitted, tmp_path):
    from foveal.files import write_container

    arrays, metadata = read_container(fitted[0].save(tmp_path / "m.safetensors"))
    if change == "coef":
        arrays["coef"] = arrays["coef"][:, :5]
    else:
        metadata = json.loads(json.dumps(metadata))
        metadata["preprocessing"]["features"]["sha256"] = "0" * 64
    write_container(tmp_path / "m.safetensors", arrays, metadata)
    with pytest.raises(ModelFileError):
        foveal.load(tmp_path / "m.safetensors")


@pytest.fixture(scope="module")
def tuned():
    X, y = shapes(classes=2)
    events = []
    model = quick(fine_tune=3).fit(X, y, callbacks=[events.append])
    return model, X, y, events


def test_fine_tuning(tuned, tmp_path):
    model, X, y, events = tuned
    assert sum(event["event"] == "epoch" for event in events) == 3
    assert len(model.history_["loss"]) == 3
    assert np.isfinite(model.history_["validation_loss"]).all()
    frozen = quick().fit(X, y)
    assert np.abs(model.predict_proba(X) - frozen.predict_proba(X)).max() > 1e-6
    assert model.score(X, y) >= 0.9
    with nn.no_grad():
        logits = model.network_(model.prepare(X))
    np.testing.assert_allclose(nn.softmax(logits), model.predict_proba(X), atol=1e-4)
    # What was learnt is in the file.
    file = model.save(tmp_path / "model.safetensors")
    again = foveal.load(file)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.save(tmp_path / "again").read_bytes() == file.read_bytes()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_fine_tuning_is_the_same_every_time(tuned, tmp_path):
    model, X, y, _ = tuned
    again = quick(fine_tune=3).fit(X, y)
    assert again.save(tmp_path / "a").read_bytes() == model.save(tmp_path / "b").read_bytes()


def test_validation_chooses(fitted):
    _, X, y = fitted
    new = shapes(12, seed=2, classes=len(np.unique(y)))
    model = quick(C=(0.1, 10.0)).fit(X, y, validation=new)
    assert [seen["C"] for seen in model.cv_results_] == [0.1, 10.0]
    with pytest.raises(ValueError, match="not in the training data"):
        quick().fit(X, y, validation=(X[:1], ["cat"]))


def test_images_of_any_kind(tmp_path):
    from PIL import Image

    X, y = shapes(8)
    paths = []
    for place, image in enumerate(X):
        paths.append(tmp_path / f"{place}.png")
        Image.fromarray(image).save(paths[-1])
    model = quick(C=(1.0,)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(paths), model.predict_proba(X))
    grey = X[..., 0]
    assert quick(C=(1.0,)).fit(grey / 255.0, y).predict(grey[:2] / 255.0).shape == (2,)
    large = [np.zeros((300, 200, 3), np.uint8), X[0]]
    assert model.predict(large).shape == (2,)
    assert quick(image_size=65, C=(1.0,)).fit(X, y).image_side_ == 96
    assert quick(image_size=None, C=(1.0,)).fit(X, y).image_side_ == 160
    with pytest.raises(ValueError, match="features"):
        model.predict(np.zeros((2, 3)))


def test_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), np.arange(40) % 2
    X[y == 1] += 2
    model = TransferClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    assert not hasattr(model, "network_")
    with pytest.raises(ValueError, match="such rows instead of images"):
        model.predict(np.zeros((1, 8, 8, 3), np.uint8))


@pytest.mark.parametrize(
    "settings",
    [
        {"backbone": "resnet"},
        {"C": ()},
        {"C": (0.0,)},
        {"folds": 1},
        {"fine_tune": -1},
        {"learning_rate": 0},
        {"validation_size": 1.0},
        {"image_size": 0},
    ],
)
def test_impossible_settings(settings):
    with pytest.raises(SettingError):
        quick(**settings).fit(*shapes(4))


@pytest.mark.parametrize(
    ("number", "accuracy", "side", "epochs"),
    [
        (500, 0.8, 224, 2),
        (499, 0.8, 224, 0),
        (500, 0.95, 224, 0),
        (50_000, 0.8, 224, 0),
        (5_000, 0.8, 160, 2),
    ],
)
def test_fine_tuned_where_it_is_worth_it(number, accuracy, side, epochs):
    model = TransferClassifier()
    model.features_, model.image_side_ = EfficientNetLite0(), side
    model.cv_results_ = [{"accuracy": 0.99, "chosen": False}, {"accuracy": accuracy, "chosen": True}]
    assert model._epochs_of_tuning(number) == epochs
    if side == 224 and number == 500:
        # With minutes whatever is not named rightly is worth it.
        assert model._epochs_of_tuning(number, timed=True) == 12


def test_minutes_settle_how_long_it_is_fine_tuned(tmp_path):
    X, y = shapes(150)
    y = np.where(np.arange(150) < 20, np.roll(y, 1), y)  # some are wrong: there is something to gain
    events = []
    model = quick(minutes=0.4, validation_size=0.3).fit(X, y, callbacks=[events.append])
    epochs = model.resolved_["fine_tune"]
    assert model.resolved_ == {"minutes": None, "fine_tune": epochs}
    assert (model.tail_ is not None) == (epochs > 0)
    assert epochs or any(
        "left out" in e["text"] or "no time" in e["text"] for e in events if e["event"] == "note"
    )
    again = quick(validation_size=0.3, **model.resolved_).fit(X, y)
    assert again.save(tmp_path / "a").read_bytes() == model.save(tmp_path / "b").read_bytes()


def test_minutes_that_hold_no_fine_tuning():
    X, y = shapes(150)
    y = np.where(np.arange(150) < 20, np.roll(y, 1), y)
    events = []
    model = quick(minutes=1.0).fit(X, y, callbacks=[events.append], spent=3600.0)
    assert model.tail_ is None
    assert model.resolved_["fine_tune"] == 0
    notes = [e["text"] for e in events if e["event"] == "note"]
    assert any("will not do to look at all 150 pictures" in text for text in notes)
    assert any(text.startswith("1 minute leaves no time to fine-tune") for text in notes)


def test_what_decides_on_a_fine_tuning_has_not_been_learnt_from(monkeypatch):
    given = {}

    def tuned(backbone, maps, labels, linear, *, validation, **options):
        given.update(linear=linear, trained=len(labels), judged=len(validation[1]))
        raise transfer.TooShort(0.1, 1.0)

    monkeypatch.setattr(transfer, "fine_tune", tuned)
    X, y = shapes(60)
    model = quick(fine_tune=2, minutes=1.0).fit(X, y, validation=shapes(20, seed=1))
    assert (given["trained"], given["judged"]) == (60, 20)
    # The classifier that is left has learnt from the validation too.
    assert np.abs(given["linear"][0] - model.coef_).max() > 1e-9
