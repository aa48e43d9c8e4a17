import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

import foveal
from foveal import nn
from foveal.errors import ImageError
from foveal.models import CNNClassifier


def quick(**settings):
    return CNNClassifier(**{"width": 4, "epochs": 12, "batch_size": 8, "random_state": 0, **settings})


def stripes(number=40, side=(12, 12), seed=0):
    """Images striped across and along, which a mean over the image cannot tell apart."""
    rng = np.random.default_rng(seed)
    labels = np.array(["across", "along"])[np.arange(number) % 2]
    x = rng.integers(0, 90, (number, *side, 3))
    for image, label in zip(x, labels, strict=True):
        offset = rng.integers(2)
        (image if label == "across" else image.transpose(1, 0, 2))[offset::2] += 120
    return x.astype(np.uint8), labels


@pytest.mark.slow
def test_digits():
    digits = load_digits()
    order = np.random.default_rng(0).permutation(1797)
    X, y = digits.images[order], digits.target[order]
    assert CNNClassifier(random_state=0).fit(X[:1437], y[:1437]).score(X[1437:], y[1437:]) >= 0.985


def test_learns_what_is_not_in_the_mean():
    X, y = stripes()
    assert quick(augmentation="none").fit(X, y).score(*stripes(seed=1)) == 1


@pytest.mark.parametrize(
    "shape",
    [
        (1, 1, 5),
        (1, 7, 2),
        (2, 2, 1),
        (3, 5, 3),
        (8, 8, 1),
        (17, 9, 4),
        (33, 64, 3),
        (64, 64, 3),
        (128, 100, 1),
    ],
)
def test_any_size(shape):
    rng = np.random.default_rng(0)
    X, y = rng.random((9, *shape)), np.arange(9) % 3
    size = None if max(shape[:2]) <= 64 else 128
    model = quick(epochs=1, image_size=size).fit(X, y)
    assert model.image_shape_ == (shape if size is None else (128, 128, 1))
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (9, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-9)
    assert model.predict_proba(X[:0]).shape == (0, 3)


def test_depth_and_width():
    X, y = stripes(side=(16, 16))
    for depth, width in ((0, 3), (2, 5)):
        model = quick(epochs=1, depth=depth, width=width).fit(X, y)
        assert sum(isinstance(layer, nn.Residual) for layer in model.network_) == depth * 2
        assert model.network_[0].out_channels == width
        assert model.network_[-1].in_features == width * 4


def test_rows_are_folded():
    X, y = stripes()
    folded = quick(image_shape=(12, 12, 3), augmentation="none").fit(X.reshape(len(X), -1).astype(float), y)
    assert folded.image_shape_ == (12, 12, 3)
    assert folded.n_features_in_ == 432
    images = quick(augmentation="none").fit(X, y)
    np.testing.assert_allclose(
        folded.predict_proba(X.reshape(len(X), -1)), images.predict_proba(X), atol=2e-3
    )
    with pytest.raises(ValueError, match=r"image_shape is .* whose product is 432"):
        quick(image_shape=(12, 12, 1)).fit(X.reshape(len(X), -1), y)
    with pytest.raises(ValueError, match="fitted on rows of 432 numbers"):
        folded.predict(X)


def test_array_list_and_paths_are_the_same(tmp_path):
    X, y = stripes()
    paths = []
    for i, image in enumerate(X):
        paths.append(str(tmp_path / f"{i}.png"))
        cv2.imwrite(paths[-1], image[..., ::-1])
    models = [quick(epochs=2).fit(kind, y) for kind in (X, list(X), paths, np.array(paths))]
    expected = models[0].predict_proba(X)
    for model in models:
        np.testing.assert_array_equal(model.predict_proba(paths), expected)
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(ImageError, match="empty"):
        models[0].predict([empty])


def test_grey_and_floating_point():
    X, y = stripes()
    grey = X[..., 0]
    model = quick(epochs=2).fit(grey, y)
    assert model.image_shape_ == (12, 12, 1)
    expected = model.predict_proba(grey)
    np.testing.assert_array_equal(model.predict_proba(grey[..., None]), expected)
    np.testing.assert_array_equal(model.predict_proba(list(grey)), expected)
    # Three equal channels are as grey.
    np.testing.assert_allclose(model.predict_proba(np.repeat(grey[..., None], 3, 3)), expected, atol=1e-6)
    from_0_to_1 = quick(epochs=2, augmentation="none").fit(grey / 255, y)
    as_bytes = quick(epochs=2, augmentation="none").fit(grey, y)
    np.testing.assert_allclose(from_0_to_1.predict_proba(grey), as_bytes.predict_proba(grey), atol=1e-3)
    # Any other range is a range as well.
    around_0 = quick(epochs=2, augmentation="none").fit((grey - 100.0) / 50, y)
    np.testing.assert_allclose(
        around_0.predict_proba((grey - 100.0) / 50), as_bytes.predict_proba(grey), atol=1e-3
    )
    with pytest.raises(ValueError, match="These images have 2 channels; they must have 1"):
        model.predict(X[..., :2])
    with pytest.raises(ValueError, match="finite"):
        model.predict(np.full((1, 12, 12), np.nan))
    with pytest.raises(ValueError, match="from 0 to 255"):
        quick().fit(X.astype(int) * 3, y)


def test_images_of_different_sizes():
    X, y = stripes()
    mixed = [x[: 8 + i % 4] for i, x in enumerate(X)]
    assert quick(epochs=1).fit(mixed, y).image_shape_ == (64, 64, 3)
    model = quick(image_size=12, augmentation="none").fit(mixed, y)
    assert model.image_shape_ == (12, 12, 3)
    assert model.predict([np.zeros((50, 30, 3), np.uint8)]).shape == (1,)
    large = np.zeros((4, 70, 70, 3), np.uint8)
    assert quick(epochs=1).fit(large, [0, 1, 0, 1]).image_shape_ == (64, 64, 3)
    assert quick(epochs=1, image_size=70).fit(large, [0, 1, 0, 1]).image_shape_ == (70, 70, 3)


def test_few_and_unbalanced():
    X, y = stripes()
    labels = np.where(np.arange(40) == 7, "rare", y)
    model = quick(early_stopping=True).fit(X, labels)
    assert list(model.classes_) == ["across", "along", "rare"]
    assert quick().fit(X[:2], y[:2]).predict(X[:2]).shape == (2,)
    # Nine images in batches of eight would leave a batch of one, which has no variance.
    assert quick(epochs=2).fit(X[:9, :1, :1], y[:9]).predict(X[:9, :1, :1]).shape == (9,)
    with pytest.raises(ValueError, match="at least 2 classes; there is only one class here, 'along'"):
        quick().fit(X, ["along"] * 40)
    with pytest.raises(ValueError, match="40 images and 39 labels"):
        quick().fit(X, y[1:])
    with pytest.raises(ValueError, match="y to be passed"):
        quick().fit(X, None)


def test_prediction_does_not_depend_on_its_batches():
    X, y = stripes()
    model = quick(epochs=2).fit(X, y)
    together = model.predict_proba(np.concatenate([X] * 8))
    np.testing.assert_array_equal(together[:40], together[40:80])
    alone = np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(alone, together[:40], atol=1e-6)


def test_prepared_input_and_network_are_the_model():
    X, y = stripes()
    model = quick(epochs=2).fit(X, y)
    x = model.prepare(X)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std((0, 1, 2)), 1, atol=1e-5)
    with nn.no_grad():
        logits = model.network_(x)
    np.testing.assert_allclose(nn.softmax(logits.astype(float)), model.predict_proba(X), atol=1e-6)


def test_file(tmp_path):
    X, y = stripes()
    files = [quick(epochs=2).fit(X, y).save(tmp_path / name) for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()
    model, loaded = quick(epochs=2).fit(X, y), foveal.load(files[0])
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.get_params() == model.get_params()


def test_checkpoint(tmp_path):
    X, y = stripes()
    whole = quick(epochs=4).fit(X, y)

    class Stopped(Exception):  # noqa: N818
        pass

    def stop(event):
        if event["event"] == "epoch" and event["epoch"] == 3:
            raise Stopped

    checkpoint = nn.Checkpoint(tmp_path / "checkpoint", every_steps=2)
    with pytest.raises(Stopped):
        quick(epochs=4).fit(X, y, callbacks=[stop], checkpoint=checkpoint)
    resumed = quick(epochs=4).fit(X, y, checkpoint=tmp_path / "checkpoint")
    assert resumed.save(tmp_path / "a").read_bytes() == whole.save(tmp_path / "b").read_bytes()


def test_minutes():
    X, y = stripes()
    told = []
    model = quick(epochs=None, minutes=0.02).fit(X, y, callbacks=[told.append])
    (chosen,) = [e for e in told if e["event"] == "schedule"]
    assert model.n_epochs_ == pytest.approx(chosen["epochs"])
    assert quick(epochs=2, minutes=10).fit(X, y).n_epochs_ == 2


def test_partial_fit():
    X, y = stripes(number=80)
    model = quick(augmentation="none", learning_rate=0.02)
    for _ in range(10):
        model.partial_fit(X, y, classes=["across", "along"])
    assert model.score(*stripes(seed=1)) > 0.9


def test_minutes_that_are_few_or_gone():
    x, y = np.random.default_rng(0).integers(0, 256, (64, 8, 8)).astype(np.uint8), np.arange(64) % 2
    notes = []
    model = CNNClassifier(width=4, minutes=1.0, random_state=0)
    model.fit(x, y, spent=70.0, callbacks=[lambda e: notes.append(e.get("text"))])
    assert model.resolved_["epochs"] < 1
    (told,) = [text for text in notes if text and "which is little" in text]
    assert told.startswith("1 minute holds only 0.12 epochs")
    assert "about 1.2 minutes would hold 10." in told
