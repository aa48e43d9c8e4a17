import numpy as np
import pytest
from onnx import TensorProto, helper

from foveal.images import resize
from foveal.nn.onnx import Graph, session
from foveal.nn.onnx.resizing import resized

SIZES = [(12, 12), (1, 1), (5, 40), (40, 5), (24, 24), (48, 48), (200, 300), (11, 13)]


def resizing(enlarging):
    """A session that resizes an image to so many rows and columns."""
    graph = Graph()
    pixels = graph.add("Cast", ["image"], "pixels", to=1)
    name = resized(graph, pixels, ["rows", "columns"], 3, "resized", enlarging=enlarging)
    given = [helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])]
    given += [helper.make_tensor_value_info(side, TensorProto.INT64, [1]) for side in ("rows", "columns")]
    end = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    whole = helper.make_graph(graph.nodes, "g", given, [end], graph.initializers)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    run = session(model.SerializeToString()).run

    def result(image, size):
        rows, columns = (np.array([side]) for side in size)
        batch = run(None, {"image": image, "rows": rows, "columns": columns})[0]
        assert batch.shape == (1, 3, *size)
        return batch[0].transpose(1, 2, 0)

    return result


@pytest.mark.parametrize("enlarging", ["linear", "cubic"])
def test_as_opencv_does(enlarging):
    result, rng = resizing(enlarging), np.random.default_rng(0)
    for size in SIZES:
        image = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
        cubic = enlarging == "cubic" and max(size) < 32
        expected = resize(image, (32, 32), interpolation="cubic" if cubic else "auto").astype(float)
        found = result(image, (32, 32))
        assert np.abs(found - expected).max() <= 1
        assert (found != expected).mean() <= 0.03


def test_what_is_not_reduced_is_the_same_to_the_last_bit():
    result, rng = resizing("linear"), np.random.default_rng(1)
    for _ in range(40):
        before = rng.integers(1, 90, 2)
        after = before + rng.integers(0, 120, 2) * rng.integers(0, 2, 2)
        image = rng.integers(0, 256, (*before, 3)).astype(np.uint8)
        np.testing.assert_array_equal(result(image, after.tolist()), resize(image, after.tolist()))


def test_photographs_are_reduced_alike():
    from sklearn.datasets import load_sample_images

    result = resizing("linear")
    for image in load_sample_images().images:
        image = image[:424]
        for size in ((212, 320), (106, 160), (211, 320), (101, 151), (400, 512), (400, 640)):
            found, expected = result(image, size), resize(image, size).astype(float)
            assert np.abs(found - expected).max() <= 1
            assert (found != expected).mean() <= 0.003
