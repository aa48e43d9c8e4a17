import numpy as np
import pytest

from foveal import nn
from foveal.errors import ExportError
from foveal.nn.onnx import Graph, export, exporting, relative_difference, run_onnx, to_onnx


def drawn(network):
    """The network with running statistics that are not 0 and 1, in use."""
    rng = np.random.default_rng(5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean[...] = rng.normal(size=module.num_features)
            module.running_var[...] = rng.uniform(0.5, 2, module.num_features)
            if module.weight is not None:
                module.weight.data[...] = rng.normal(size=module.num_features)
                module.bias.data[...] = rng.normal(size=module.num_features)
    return network.eval()


IMAGE, ROWS = (9, 8, 6), (12,)
# Each layer with the shape it takes.
LAYERS = [
    (nn.Conv2d(6, 8, 3, random_state=0), IMAGE),
    (nn.Conv2d(6, 4, (3, 2), stride=(2, 1), padding=(1, 2), bias=False, random_state=0), IMAGE),
    (nn.Conv2d(6, 9, 3, padding=2, dilation=2, groups=3, random_state=0), IMAGE),
    (nn.Conv2d(6, 6, 3, padding=1, groups=6, random_state=0), IMAGE),
    (nn.Linear(6, 5, random_state=0), IMAGE),
    (nn.Linear(12, 5, random_state=0), ROWS),
    (nn.Linear(12, 5, bias=False, random_state=0), ROWS),
    (drawn(nn.BatchNorm2d(6)), IMAGE),
    (drawn(nn.BatchNorm2d(6, eps=0.1, affine=False)), IMAGE),
    (drawn(nn.BatchNorm1d(12)), ROWS),
    (nn.MaxPool2d(2), IMAGE),
    (nn.MaxPool2d(3, 2, 1), IMAGE),
    (nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGE),
    (nn.MaxPool2d((2, 3), 2, ceil_mode=True), IMAGE),
    (nn.MaxPool2d(3, 1, 1, 2), IMAGE),
    (nn.AvgPool2d(2), IMAGE),
    (nn.AvgPool2d(2, ceil_mode=True), IMAGE),
    (nn.AvgPool2d(3, 2, 1), IMAGE),
    (nn.AvgPool2d(3, 2, 1, count_include_pad=False), IMAGE),
    (nn.AvgPool2d(3, 2, 1, ceil_mode=True), IMAGE),
    (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), IMAGE),
    (nn.AdaptiveAvgPool2d(1), IMAGE),
    (nn.AdaptiveAvgPool2d((3, 4)), IMAGE),
    (nn.AdaptiveAvgPool2d((2, 3)), IMAGE),
    (nn.AdaptiveAvgPool2d((11, 1)), IMAGE),
    (nn.Flatten(), IMAGE),
    (nn.Flatten(), ROWS),
    (nn.Identity(), IMAGE),
    (nn.Dropout(), ROWS),
    (nn.Softmax(), IMAGE),
    (nn.Softmax(), ROWS),
    (nn.Softmax(1), IMAGE),
    (nn.Residual(nn.Conv2d(6, 6, 3, padding=1, random_state=0)), IMAGE),
    (nn.Residual(nn.Conv2d(6, 4, 1, random_state=0), nn.Conv2d(6, 4, 1, random_state=1)), IMAGE),
    (nn.Residual(nn.Identity()), ROWS),
    (nn.Upsample(3), IMAGE),
    (nn.Sequential(), IMAGE),
    (nn.Sequential(nn.Conv2d(6, 4, 3, random_state=0), nn.Flatten(), nn.Linear(168, 3)), IMAGE),
    (nn.Sequential(nn.Conv2d(6, 4, 3, 2, ((0, 1), (1, 2))), nn.Flatten(), nn.Linear(80, 3)), IMAGE),
    *(
        (layer, shape)
        for layer in (
            nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.2), nn.Sigmoid(), nn.Tanh(), nn.SiLU(), nn.GELU(),
            nn.GELU("tanh"),
        )
        for shape in (IMAGE, ROWS)
    ),
]  # fmt: skip


def names(pairs):
    return [f"{layer!r}-{len(shape)}".replace("\n", "") for layer, shape in pairs]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=names(LAYERS))
def test_every_layer_under_onnx_runtime(layer, shape, layout, tmp_path):
    # With zeros, ties and both ends of ReLU6.
    x = np.random.default_rng(0).normal(0, 4, (3, *shape)).astype(np.float32)
    difference = export(layer, tmp_path / "net.onnx", input_shape=shape, example=x, layout=layout)
    assert difference <= 1e-5
    content = (tmp_path / "net.onnx").read_bytes()
    with nn.no_grad():
        expected = layer.eval()(x[:1])
    assert relative_difference(run_onnx(content, x[:1], layout), expected) <= 1e-5


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=names(LAYERS))
def test_every_layer_under_opencv(layer, shape):
    cv2 = pytest.importorskip("cv2")
    x = np.random.default_rng(0).normal(0, 4, (1, *shape)).astype(np.float32)
    content = to_onnx(layer.eval(), shape).SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x)
    found = net.forward()
    with nn.no_grad():
        expected = layer(x)
    if expected.ndim == 4:
        expected = expected.transpose(0, 3, 1, 2)
    assert relative_difference(found, expected) <= 1e-5


def cnn():
    return drawn(
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False, random_state=0),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Residual(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, random_state=1), nn.BatchNorm2d(8))),
            nn.ReLU6(),
            nn.Dropout(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 4, random_state=2),
            nn.Softmax(),
        )
    )


def test_open_sizes(tmp_path):
    network = cnn()
    export(network, tmp_path / "net.onnx", input_shape=(None, None, 3))
    content = (tmp_path / "net.onnx").read_bytes()
    for shape in [(1, 8, 8, 3), (5, 21, 14, 3)]:
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        assert relative_difference(run_onnx(content, x), network(x)) < 1e-5


def test_a_network_in_training_is_exported_as_in_use_and_left_in_training(tmp_path):
    network = cnn().train()
    network[1].eval()
    before = network.state_dict()
    export(network, tmp_path / "net.onnx", input_shape=(8, 8, 3))
    assert network.training
    assert network[6].training
    assert not network[1].training
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_what_differs_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"before")
    run = exporting.run_onnx
    monkeypatch.setattr(exporting, "run_onnx", lambda *args: run(*args) * 1.001)
    with pytest.raises(ExportError, match=r"differ by 0\.001 of the"):
        export(cnn(), path, input_shape=(8, 8, 3))
    assert path.read_bytes() == b"before"
    monkeypatch.setattr(exporting, "run_onnx", lambda *args: run(*args) * np.nan)
    with pytest.raises(ExportError, match="nan"):
        export(cnn(), path, input_shape=(8, 8, 3))
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]
    monkeypatch.undo()
    with pytest.raises(ExportError, match="tolerance"):
        export(cnn(), path, input_shape=(8, 8, 3), tolerance=-1)
    export(cnn(), path, input_shape=(8, 8, 3))


def test_the_same_network_gives_the_same_bytes():
    a, b = (to_onnx(cnn(), (8, 8, 3)).SerializeToString(deterministic=True) for _ in range(2))
    assert a == b


def test_names_in_the_file():
    model = to_onnx(cnn(), (8, 9, 3))
    assert {"0.weight", "1.running_mean", "4.body.0.bias", "9.weight"} <= {
        w.name for w in model.graph.initializer
    }
    axes = model.graph.input[0].type.tensor_type.shape.dim
    assert [axis.dim_param or axis.dim_value for axis in axes] == ["batch", 3, 8, 9]
    assert model.graph.output[0].name == "output"


class Unknown(nn.Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (Unknown(), (3,), "Unknown"),
        (nn.Sequential(nn.ReLU(), Unknown()), (3,), r"Unknown \(1\)"),
        (nn.BatchNorm2d(3, track_running_stats=False), (4, 4, 3), "track_running_stats"),
        (nn.AdaptiveAvgPool2d(2), (None, 4, 3), "one size"),
        (nn.Conv2d(3, 3, 1), (3,), "takes images"),
        (nn.ReLU(), (3, None), "end with"),
        (nn.Linear(3, 2), (5, 3), "rows and images"),
    ],
)
def test_what_cannot_be_written(layer, shape, words, tmp_path):
    with pytest.raises(ExportError, match=words):
        export(layer, tmp_path / "net.onnx", input_shape=shape)
    assert not list(tmp_path.iterdir())


def test_a_large_array_is_held_once_however_often_it_is_used():
    rng = np.random.default_rng(0)
    graph, large, small = Graph(), rng.normal(size=(40, 40)), rng.normal(size=3)
    names = [graph.weight(name, large) for name in ("a", "b", "a")]
    assert names == ["a", "a", "a"]
    assert graph.weight("c", large, np.float64) == "c"
    assert graph.weight("d", large.reshape(20, 80)) == "d"
    assert graph.weight("e", large + 1) == "e"
    assert [graph.weight(name, small) for name in ("f", "g")] == ["f", "g"]
    assert [array.name for array in graph.initializers] == ["a", "c", "d", "e", "f", "g"]


def test_wrong_words():
    with pytest.raises(ExportError, match="layout"):
        to_onnx(nn.ReLU(), (3,), layout="HWC")
    with pytest.raises(ExportError, match="opset"):
        to_onnx(nn.ReLU(), (3,), opset=9)
