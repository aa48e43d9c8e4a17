import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError
from foveal.images import resize
from foveal.models import (
    CNNClassifier,
    MLPClassifier,
    class_activation_maps,
    feature_maps,
    first_layer_filters,
    input_gradients,
)


def shapes(number=64, side=32, seed=0):
    """A square or a cross somewhere on noise, and where it is."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 110, (number, side, side, 3))
    labels = np.array(["cross", "square"])[np.arange(number) % 2]
    boxes = np.empty((number, 4), np.int64)
    for image, label, box in zip(x, labels, boxes, strict=True):
        top, left = rng.integers(0, side - 9, 2)
        box[:] = left, top, left + 9, top + 9
        place = image[top : top + 9, left : left + 9]
        if label == "square":
            place[:] = 230
        else:
            place[4], place[:, 4] = 230, 230
    return x.astype(np.uint8), labels, boxes


@pytest.fixture(scope="module")
def model():
    X, y, _ = shapes()
    return CNNClassifier(width=8, epochs=25, augmentation="none", random_state=0).fit(X, y)


def share_inside(maps, boxes, side=32):
    """The part of each map's mass within four pixels of the object, and that of the area."""
    shares, areas = [], []
    for small, (x1, y1, x2, y2) in zip(maps, boxes, strict=True):
        large = resize(np.maximum(small, 0)[..., None].astype(np.float32), (side, side))[..., 0]
        near = np.zeros((side, side), bool)
        near[max(y1 - 4, 0) : y2 + 4, max(x1 - 4, 0) : x2 + 4] = True
        shares.append(large[near].sum() / large.sum())
        areas.append(near.mean())
    return np.mean(shares), np.mean(areas)


def test_finds_the_object(model):
    X, y, boxes = shapes(24, seed=1)
    assert model.score(X, y) == 1
    maps = class_activation_maps(model, X)
    assert maps.dtype == np.float32
    assert maps.shape == (24, 4, 4)
    assert maps.min() >= 0
    lit = maps.sum((1, 2)) > 0
    assert lit.mean() > 0.7
    share, area = share_inside(maps[lit], boxes[lit])
    assert area < 0.3
    assert share > 2 * area, (share, area)


def test_is_the_two_equations(model):
    X, _, _ = shapes(3, seed=2)
    network, x = model.network_, model.prepare(X)
    place = next(i for i, layer in enumerate(network) if isinstance(layer, nn.AdaptiveAvgPool2d))
    maps = feature_maps(model, X)
    assert maps.shape == (3, 4, 4, 64)
    # Behind the maps are a mean and a linear layer: the gradient is a row of weights over the places.
    rows = network[-1].weight.data[[1, 0, 1]] / 16
    by_hand = np.maximum((maps * rows[:, None, None]).sum(3), 0)
    found = class_activation_maps(model, X, [1, 0, 1])
    np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(found, class_activation_maps(model, X, [1, 0, 1], layer=place - 1))
    np.testing.assert_array_equal(
        found, class_activation_maps(model, X, [1, 0, 1], layer=place - 1 - len(network))
    )
    np.testing.assert_allclose(network(x).argmax(1), network[place:](maps).argmax(1))


def test_the_gradient_is_that_of_differences():
    # Noise, since among equal pixels the pooling's maximum has no derivative.
    X, y = np.random.default_rng(0).random((16, 12, 12, 3)), np.arange(16) % 2
    model = CNNClassifier(width=2, depth=0, epochs=2, random_state=0).fit(X, y)
    model.network_.double()
    gradient = input_gradients(model, X[:2], [1, 0])
    x = model.prepare(X[:2]).astype(np.float64)
    for n, (row, column) in ((0, (3, 5)), (1, (8, 2))):
        slopes = []
        for channel in range(3):
            logits = []
            for step in (1e-6, -1e-6):
                moved = x.copy()
                moved[n, row, column, channel] += step
                logits.append(model.network_(moved)[n, 1 - n])
            slopes.append(abs(logits[0] - logits[1]) / 2e-6)
        assert max(slopes) > 0
        np.testing.assert_allclose(gradient[n, row, column], max(slopes), rtol=1e-4)


def test_earlier_layers_are_finer(model):
    X, _, _ = shapes(2, seed=3)
    assert class_activation_maps(model, X, layer=2).shape == (2, 32, 32)
    assert feature_maps(model, X, layer=0).shape == (2, 32, 32, 8)
    assert feature_maps(model, X, layer=-1).shape == (2, 2)


def test_nothing_is_changed(model):
    X, _, _ = shapes(5, seed=4)
    before = model.network_.state_dict()
    batch, single = class_activation_maps(model, X), class_activation_maps(model, X[2:3])
    np.testing.assert_allclose(single, batch[2:3], rtol=1e-4, atol=1e-6)
    after = model.network_.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    assert all(p.requires_grad for p in model.network_.parameters())
    model.network_.zero_grad()
    class_activation_maps(model, X)
    assert all(p.grad is None for p in model.network_.parameters())


def test_no_images(model):
    X, _, _ = shapes(2)
    assert class_activation_maps(model, X[:0]).shape == (0, 4, 4)
    assert input_gradients(model, X[:0]).shape == (0, 32, 32)
    assert feature_maps(model, X[:0]).shape == (0, 4, 4, 64)


def test_mistakes(model):
    X, y, _ = shapes(16)
    with pytest.raises(ValueError, match="one each"):
        class_activation_maps(model, X, [0])
    with pytest.raises(ValueError, match="2 classes"):
        class_activation_maps(model, X[:1], [2])
    with pytest.raises(SettingError, match="no layer 99"):
        class_activation_maps(model, X, layer=99)
    with pytest.raises(SettingError, match="before the last"):
        class_activation_maps(model, X, layer=-1)
    rows = MLPClassifier(width=4, epochs=1, random_state=0).fit(X, y)
    with pytest.raises(SettingError, match="use a cnn"):
        class_activation_maps(rows, X)
    with pytest.raises(SettingError, match="keeps no places"):
        class_activation_maps(rows, X, layer=0)
    assert first_layer_filters(rows) is None
    assert input_gradients(rows, X[:2]).shape == (2, 32, 32)


def test_filters(model):
    weights = first_layer_filters(model)
    assert weights.shape == (8, 3, 3, 3)
    weights[:] = 0
    assert model.network_[0].weight.data.any()
