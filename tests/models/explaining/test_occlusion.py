import cv2
import numpy as np
import pytest

from foveal.models import (
    CNNClassifier,
    LogisticClassifier,
    MLPClassifier,
    SVMClassifier,
    occlusion_map,
)
from foveal.models.explaining.occlusion import _places


def corners(number=40, side=24, scale=1, seed=0):
    """A red or a blue square near one corner of grey images."""
    rng = np.random.default_rng(seed)
    x = rng.integers(100, 130, (number, side, side, 3))
    labels = np.array(["blue", "red"])[np.arange(number) % 2]
    for image, label in zip(x, labels, strict=True):
        image[3:9, 3:9] = (230, 20, 20) if label == "red" else (20, 20, 230)
    return (x * scale).astype(np.uint8 if scale == 1 else np.float32), labels


MODELS = [
    SVMClassifier(random_state=0),
    LogisticClassifier(iterations=100, random_state=0),
    MLPClassifier(width=16, depth=1, epochs=15, augmentation="none", random_state=0),
    CNNClassifier(width=4, depth=0, epochs=15, augmentation="none", random_state=0),
]


@pytest.mark.parametrize("scale", [1, 1 / 255])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_finds_what_the_answer_hangs_on(model, scale):
    X, y = corners(scale=scale)
    model.fit(X, y)
    lost = occlusion_map(model, X[1])
    height, width = lost.shape
    assert np.abs(lost).max() <= 1
    row, column = np.unravel_index(lost.argmax(), lost.shape)
    assert row < height / 2
    assert column < width / 2
    square = lost[height // 6 : height // 3, width // 6 : width // 3].mean()
    far = np.abs(lost[height // 2 :, width // 2 :]).mean()
    # A very sure answer loses little, but there.
    assert square > 4 * far
    assert square > 0
    # There are two classes: what the one loses the other gains.
    np.testing.assert_allclose(occlusion_map(model, X[1], label=0), -lost, atol=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_what_is_seen_gets_the_same_answer(model, tmp_path):
    X, y = corners(scale=1 / 255)
    model.fit(X, y)
    large = np.kron(corners(2)[0], np.ones((1, 3, 2, 1), np.uint8))
    file = tmp_path / "image.png"
    cv2.imwrite(str(file), large[1][..., ::-1])
    for images in (X[:2], [file, large[0]], [X[0], large[1]]):
        seen = model.as_seen(images)
        np.testing.assert_allclose(
            model.predict_proba(images), model.predict_proba(seen), rtol=1e-4, atol=1e-6
        )
        np.testing.assert_array_equal(model.as_seen(seen), seen)


def test_every_pixel_is_hidden():
    for side, patch, steps in ((24, 6, 12), (7, 3, 1), (5, 5, 4), (64, 1, 2), (3, 2, 50)):
        places = _places(side, patch, steps)
        assert len(places) <= max(steps, -(-side // patch) + 1)
        hidden = {p + i for p in places for i in range(patch)}
        assert hidden == set(range(side))


def test_all_hidden_is_one_number():
    X, y = corners()
    model = MODELS[1].fit(X, y)
    lost = occlusion_map(model, X[1], patch=1.0, value=0)
    answer = model.predict_proba(np.stack([X[1], 0 * X[1]]))[:, 1]
    np.testing.assert_allclose(lost, answer[0] - answer[1], atol=1e-6)


def test_mistakes():
    X, y = corners()
    model = MODELS[1].fit(X, y)
    for wrong, words in (
        ({"patch": 0}, "share"),
        ({"steps": 0}, "whole number"),
        ({"label": 2}, "2 classes"),
    ):
        with pytest.raises(ValueError, match=words):
            occlusion_map(model, X[0], **wrong)
    for rows in (MODELS[1], MODELS[2]):
        rows.fit(X.reshape(len(X), -1).astype(float), y)
        with pytest.raises(ValueError, match="fitted on images"):
            occlusion_map(rows, X[0])
