import pickle

import numpy as np
import pytest

from foveal import nn
from foveal.models import MLPClassifier
from foveal.models.classifiers import network_outputs
from foveal.models.classifiers.network_outputs import NetworkOutputs


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(network_outputs, "_WORTH_A_SESSION", 0.0)


def chosen(monkeypatch, name):
    monkeypatch.setattr(nn.Inference, "_faster", lambda self, x: name)


def network():
    layers = [nn.Conv2d(3, 8, 3, padding=1, random_state=0), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8, 4, random_state=1)).eval()


def batch(number=16):
    return np.random.default_rng(0).normal(size=(number, 6, 5, 3)).astype(np.float32)


def logits(net, x):
    with nn.no_grad():
        return net(x)


@pytest.mark.parametrize("runtime", ["engine", "onnxruntime"])
def test_logits(monkeypatch, runtime):
    chosen(monkeypatch, runtime)
    net = network()
    outputs = NetworkOutputs(net, (6, 5, 3))
    for _ in range(3):
        found = outputs(batch())
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, logits(net, batch()), atol=1e-5)
        assert set(outputs._inference.choices.values()) <= {runtime}
        # Other weights are noticed.
        net[-1].bias.data[:] += 1


def test_little_is_left_to_the_engine(monkeypatch):
    monkeypatch.setattr(network_outputs, "_WORTH_A_SESSION", 1e9)
    net = network()
    outputs = NetworkOutputs(net, (6, 5, 3))
    for _ in range(3):
        np.testing.assert_array_equal(outputs(batch()), logits(net, batch()))
    assert outputs._inference is None
    monkeypatch.setattr(network_outputs, "_WORTH_A_SESSION", 0.0)
    outputs(batch(), full=False)
    assert outputs._inference is None
    outputs(batch())
    assert outputs._inference is not None


def test_close_decisions_are_the_engines(monkeypatch):
    chosen(monkeypatch, "onnxruntime")
    net = network()
    # Two classes with the same weights: nothing but rounding could tell them apart.
    net[-1].weight.data[1], net[-1].bias.data[1] = net[-1].weight.data[0], net[-1].bias.data[0]
    net[-1].bias.data[:2] += 5
    by_session = nn.Inference._by_session

    def rounded_otherwise(self, x):
        return by_session(self, x) * np.float32([1, 1 + 4e-7, 1, 1])

    monkeypatch.setattr(nn.Inference, "_by_session", rounded_otherwise)
    outputs = NetworkOutputs(net, (6, 5, 3))
    np.testing.assert_array_equal(outputs(batch()).argmax(1), logits(net, batch()).argmax(1))
    assert "onnxruntime" in outputs._inference.choices.values()


def test_a_classifier_is_pickled_without_its_session(monkeypatch):
    chosen(monkeypatch, "onnxruntime")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 5)), np.arange(300) % 3
    model = MLPClassifier(width=8, epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    assert model._outputs._inference._session is not None
    copy = pickle.loads(pickle.dumps(model))
    assert copy._outputs._inference is None
    np.testing.assert_allclose(copy.predict_proba(X), expected, atol=1e-6)
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    # Learning on makes other weights and other outputs.
    model.partial_fit(X, y)
    assert model._outputs._inference is None
    assert not np.allclose(model.predict_proba(X), expected, atol=1e-6)
