import numpy as np
import pytest

from foveal import nn
from foveal.errors import ExportError
from foveal.nn.onnx import relative_difference


def network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, random_state=0),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(random_state=1),
        nn.Flatten(),
        nn.Linear(8 * 6 * 5, 40, random_state=2),
    )


def batch(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 6, 5, 3)).astype(np.float32)


def expected(net, x):
    with nn.no_grad():
        return net.eval()(x)


@pytest.mark.parametrize("runtime", ["auto", "engine", "onnxruntime"])
def test_outputs_are_the_networks(runtime):
    net = network().train()
    faster = nn.Inference(net, (6, 5, 3), runtime=runtime)
    for n in (1, 2, 33, 1):
        found = faster.predict(batch(n))
        assert net.training
        assert net[1].num_batches_tracked == 0
        assert relative_difference(found, expected(net, batch(n))) < 1e-5
        net.train()


def test_an_empty_batch():
    faster = nn.Inference(nn.Linear(3, 2), (3,))
    assert faster(np.zeros((0, 3), np.float32)).shape == (0, 2)


def test_images_stay_channels_last():
    net = nn.Conv2d(3, 4, 3, random_state=0)
    found = nn.Inference(net, (6, 5, 3), runtime="onnxruntime")(batch(2))
    assert relative_difference(found, expected(net, batch(2))) < 1e-5


@pytest.mark.parametrize("runtime", ["auto", "onnxruntime"])
@pytest.mark.parametrize("changed", ["0.weight", "1.running_mean", "5.weight", "5.bias"])
def test_changed_weights_are_noticed(runtime, changed):
    net = network()
    faster = nn.Inference(net, (6, 5, 3), runtime=runtime)
    for step in range(3):
        for _ in range(3):
            assert relative_difference(faster(batch(4)), expected(net, batch(4))) < 1e-5
        values = dict(net.named_buffers()) | {name: p.data for name, p in net.named_parameters()}
        # The smallest change of one weight, then a large one.
        values[changed].reshape(-1)[7] = (
            np.float32(step + 1) if step else np.nextafter(values[changed].reshape(-1)[7], np.float32(9))
        )


def test_weights_that_move_are_noticed():
    net = nn.Linear(64, 128, random_state=0)
    faster = nn.Inference(net, (64,), runtime="onnxruntime")
    x = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    faster(x)
    net.weight.data[...] = net.weight.data[::-1].copy()
    assert relative_difference(faster(x), expected(net, x)) < 1e-5


def test_the_faster_one_is_chosen_once_for_a_size(monkeypatch):
    faster = nn.Inference(network(), (6, 5, 3))
    measured = []
    monkeypatch.setattr(
        type(faster),
        "_faster",
        lambda self, x: measured.append(len(x)) or ["engine", "onnxruntime"][len(x) % 2],
    )
    for n in (1, 4, 5, 7, 8, 1):
        faster(batch(n))
    assert measured == [1, 4, 8]
    assert faster.choices == {(1, 6, 5, 3): "onnxruntime", (3, 6, 5, 3): "engine", (4, 6, 5, 3): "engine"}


def test_measuring_says_which():
    faster = nn.Inference(network(), (6, 5, 3))
    faster(batch(2))
    assert next(iter(faster.choices.values())) in ("engine", "onnxruntime")


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


def test_what_onnx_does_not_have_runs_on_the_engine():
    x = np.ones((2, 3), np.float32)
    assert nn.Inference(Doubled(), (3,))(x).tolist() == (2 * x).tolist()
    with pytest.raises(ExportError, match="Doubled"):
        nn.Inference(Doubled(), (3,), runtime="onnxruntime")


def test_double_precision_stays():
    net = nn.Linear(3, 2, random_state=0).double()
    assert nn.Inference(net, (3,))(np.ones((2, 3))).dtype == np.float64
    with pytest.raises(ExportError, match="float32"):
        nn.Inference(net, (3,), runtime="onnxruntime")


def test_a_session_that_differs_is_not_used(monkeypatch):
    net = network()
    faster = nn.Inference(net, (6, 5, 3))
    by_session = type(faster)._by_session
    monkeypatch.setattr(type(faster), "_by_session", lambda self, x: by_session(self, x) * 1.01)
    np.testing.assert_array_equal(faster(batch(3)), expected(net, batch(3)))
    assert faster.choices == {}


def test_an_unknown_runtime():
    with pytest.raises(ValueError, match="runtime"):
        nn.Inference(network(), (6, 5, 3), runtime="torch")


def test_a_network_that_is_not_watched_keeps_its_session():
    network = nn.Sequential(nn.Linear(4, 2, random_state=0))
    x = np.ones((3, 4), np.float32)
    inference = nn.Inference(network, (4,), runtime="onnxruntime", watch=False)
    before = inference.predict(x)
    network[0].weight.data[...] = 0
    np.testing.assert_array_equal(inference.predict(x), before)
