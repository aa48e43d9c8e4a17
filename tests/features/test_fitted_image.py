from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, helper

from foveal.features import EfficientNetLite0, stack_images
from foveal.features.fitted_image import fit_image
from foveal.images import working_image, working_size
from foveal.nn.onnx import Graph, session


def run(graph, image, results):
    """The values of some results of a graph for an image."""
    start = helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "fit", [start], ends, graph.initializers),
        opset_imports=[helper.make_opsetid("", 18)],
    )
    model.ir_version = 9
    return session(model.SerializeToString()).run(results, {"image": image})


def weights_of(given, wanted):
    """The matrix of linear interpolation with a window that widens where the side shrinks."""
    scale = given / wanted
    centre = (np.arange(wanted) + 0.5) * scale - 0.5
    reach = int(np.ceil(max(scale, 1)))
    places = np.arange(-reach, given + reach)
    weights = np.maximum(1 - np.abs(places - centre[:, None]) / max(scale, 1), 0)
    # Beyond the border its pixels are repeated.
    matrix = np.zeros((wanted, given))
    np.add.at(matrix.T, places.clip(0, given - 1), weights.T)
    return matrix / matrix.sum(1, keepdims=True)


@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (37, 91), (20, 11), (300, 7), (1, 1), (200, 333)])
def test_fit_image(shape):
    image = np.random.default_rng(7).integers(0, 256, (*shape, 3), dtype=np.uint8)
    graph = Graph()
    fitted = fit_image(graph, "image", "fit", longest=64, backbone=EfficientNetLite0())
    batch, edges, factors, own = run(
        graph, image, [fitted.batch, fitted.edges, fitted.factors, fitted.own_edges]
    )
    height, width = working_size(shape, 64)
    assert max(height, width) == 64
    assert batch.shape == (1, 3, -(-height // 32) * 32, -(-width // 32) * 32)
    np.testing.assert_array_equal(edges, [width, height] * 2)
    np.testing.assert_array_equal(own, [*shape[::-1]] * 2)
    np.testing.assert_allclose(factors, [shape[1] / width, shape[0] / height] * 2, rtol=1e-6)
    rows, columns = weights_of(shape[0], height), weights_of(shape[1], width)
    expected = np.einsum("hi,wj,ijc->chw", rows, columns, image)
    np.testing.assert_allclose(batch[0, :, :height, :width] * 128 + 127, expected, atol=0.02)
    assert not batch[0, :, height:].any()
    assert not batch[0, :, :, width:].any()


@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (20, 11), (100, 77), (300, 7), (1, 1), (128, 96)])
def test_as_the_images_that_are_trained_on(shape):
    image = np.random.default_rng(7).integers(0, 256, (*shape, 3), dtype=np.uint8)
    graph = Graph()
    fitted = fit_image(graph, "image", "fit", longest=64, backbone=EfficientNetLite0(), how="areas")
    batch, edges = run(graph, image, [fitted.batch, fitted.edges])
    small = working_image(image, 64)
    expected = stack_images([small], EfficientNetLite0())
    np.testing.assert_array_equal(edges, [small.shape[1], small.shape[0]] * 2)
    pixels = batch[0].transpose(1, 2, 0) * 128 + 127
    assert np.abs(pixels - expected[0]).max() <= 1
    assert (pixels != expected[0]).mean() <= (0.002 if max(shape) > 64 else 0)


def test_working_size_rounds_halves_to_even():
    assert working_size((1, 1), 512) == (512, 512)
    assert working_size((5000, 2), 512) == (512, 1)
    assert working_size((3, 1024), 512) == (2, 512)
    assert working_size((5, 1024), 512) == (2, 512)
    graph = Graph()
    fitted = fit_image(graph, "image", "fit", longest=512, backbone=EfficientNetLite0())
    for height in (3, 5, 7):
        image = np.zeros((height, 1024, 3), np.uint8)
        (edges,) = run(graph, image, [fitted.edges])
        assert edges[1] == working_size((height, 1024), 512)[0]


def test_another_networks_normalization_and_padding():
    backbone = SimpleNamespace(
        pixel_mean=(10.0, 20.0, 30.0), pixel_std=(2.0, 4.0, 5.0), pad_value=200, size_divisibility=24
    )
    image = np.random.default_rng(7).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    graph = Graph()
    (batch,) = run(graph, image, [fit_image(graph, "image", "fit", longest=64, backbone=backbone).batch])
    assert batch.shape == (1, 3, 48, 72)
    padded = np.full((48, 72, 3), 200.0)
    padded[:40, :64] = image
    expected = (padded - backbone.pixel_mean) / backbone.pixel_std
    np.testing.assert_allclose(batch[0].transpose(1, 2, 0), expected, rtol=1e-5, atol=1e-5)
