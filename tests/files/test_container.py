import json

import numpy as np
import pytest

from foveal.errors import ModelFileError
from foveal.files import read_container, write_container

ARRAYS = {
    "b/weights": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
    "a": np.arange(5, dtype=np.int64),
    "mask": np.array([True, False]),
    "bytes": np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
    "none": np.zeros((0, 4), np.float64),
    "one": np.array(3.5),
}
METADATA = {"classes": ["猫", "dog"], "rate": 0.1, "nested": {"b": None, "a": [1, True]}}


def test_round_trip(tmp_path):
    write_container(tmp_path / "m.safetensors", ARRAYS, METADATA)
    arrays, metadata = read_container(tmp_path / "m.safetensors")
    assert metadata == METADATA
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].size == array.size
        np.testing.assert_array_equal(arrays[name].reshape(array.shape), array)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    write_container(tmp_path / "a", ARRAYS, METADATA)
    write_container(
        tmp_path / "b", dict(reversed(ARRAYS.items())), json.loads(json.dumps(METADATA, sort_keys=True))
    )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_arrays_of_any_layout(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_container(tmp_path / "a", {"x": array.T, "y": array[::2, ::-1]}, {})
    arrays, _ = read_container(tmp_path / "a")
    np.testing.assert_array_equal(arrays["x"], array.T)
    np.testing.assert_array_equal(arrays["y"], array[::2, ::-1])


def test_what_is_read_may_be_changed_and_the_file_replaced(tmp_path):
    write_container(tmp_path / "a", ARRAYS, {})
    arrays, _ = read_container(tmp_path / "a")
    write_container(tmp_path / "a", {"a": ARRAYS["a"] + 1}, {})
    arrays["a"][0] = 7
    assert arrays["a"].tolist() == [7, 1, 2, 3, 4]


def test_numbers_that_json_has_no_word_for(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_container(tmp_path / "a", {}, {"x": float("nan")})
    assert not (tmp_path / "a").exists()


def test_foreign_files_are_refused(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(ModelFileError, match="There is no model file"):
        read_container(tmp_path / "missing")
    with pytest.raises(ModelFileError, match="There is no model file"):
        read_container(tmp_path)
    (tmp_path / "text").write_bytes(b"hello " * 100)
    (tmp_path / "empty").write_bytes(b"")
    write_container(tmp_path / "whole", ARRAYS, METADATA)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-9])
    for name in ("text", "empty", "cut"):
        with pytest.raises(ModelFileError, match=f"{name} is not a model file"):
            read_container(tmp_path / name)
    save_file({"a": ARRAYS["a"]}, tmp_path / "other")
    save_file({"a": ARRAYS["a"]}, tmp_path / "tagged", metadata={"format": "pt"})
    save_file({"a": ARRAYS["a"]}, tmp_path / "broken", metadata={"foveal": "{"})
    save_file({"a": ARRAYS["a"]}, tmp_path / "list", metadata={"foveal": "[1]"})
    for name in ("other", "tagged", "broken", "list"):
        with pytest.raises(ModelFileError, match=f"{name} was not written by Foveal"):
            read_container(tmp_path / name)
