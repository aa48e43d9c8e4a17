import json
import os

import numpy as np
import pytest

from foveal.errors import ModelFileError
from foveal.files import content_digest, read_container, write_container

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


def test_a_bit_that_has_turned_is_told(tmp_path):
    write_container(tmp_path / "whole", ARRAYS, METADATA)
    content = (tmp_path / "whole").read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.choice(len(content), 200, replace=False).tolist():
        turned = bytearray(content)
        turned[at] ^= 1 << int(rng.integers(8))
        (tmp_path / "turned").write_bytes(turned)
        with pytest.raises(
            ModelFileError, match=r"turned (is not a model file|was not written|is damaged|has no)"
        ):
            read_container(tmp_path / "turned")


def test_a_file_without_a_digest_is_refused(tmp_path):
    from safetensors.numpy import save_file

    for digest in ({}, {"digest": None}, {"digest": 3}):
        save_file({"a": ARRAYS["a"]}, tmp_path / "old", metadata={"foveal": json.dumps({"k": 1, **digest})})
        with pytest.raises(ModelFileError, match="old has no digest"):
            read_container(tmp_path / "old")
    for digest in ("", "0" * 64, "\u00e9"):
        text = json.dumps({"k": 1, "digest": digest})
        save_file({"a": ARRAYS["a"]}, tmp_path / "other", metadata={"foveal": text})
        with pytest.raises(ModelFileError, match="other is damaged"):
            read_container(tmp_path / "other")


def test_the_digest_is_of_everything():
    digest = content_digest(ARRAYS, METADATA)
    assert digest == content_digest(dict(reversed(ARRAYS.items())), {**METADATA, "digest": "any"})
    for name, array in ARRAYS.items():
        others = {n: a for n, a in ARRAYS.items() if n != name}
        for changed in (others, {**others, name + "x": array}, {**others, name: array.reshape(-1, 1)}):
            assert content_digest(changed, METADATA) != digest
        if array.dtype.kind in "if" and array.size:
            assert content_digest({**others, name: array + 1}, METADATA) != digest
    assert content_digest(ARRAYS, {**METADATA, "rate": 0.2}) != digest
    with pytest.raises(TypeError, match="objects"):
        content_digest({"a": np.array([{}], object)}, {})


def test_metadata_that_no_reader_gets_to_the_end_of(tmp_path):
    from safetensors.numpy import save_file

    for text in (
        "[" * 100_000,
        '{"a":' * 50_000,
        "NaN",
        '{"a": NaN}',
        '{"a": 1e999, "digest": "x"}',
        "1" * 9000,
    ):
        save_file({"a": ARRAYS["a"]}, tmp_path / "deep", metadata={"foveal": text})
        with pytest.raises(ModelFileError, match=r"deep (was not written by Foveal|is damaged)"):
            read_container(tmp_path / "deep")


def test_what_is_no_regular_file_or_too_large(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match=r"pipe cannot be read \(it is a pipe"):
        read_container(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match=r"There is no model file .*: it is a folder"):
        read_container(tmp_path)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(20 * 2**30)
    with pytest.raises(
        ModelFileError, match=r"sparse cannot be read \(it has 21\.5 GB, and no such file more"
    ):
        read_container(tmp_path / "sparse")
    for name in ("a" * 5000, "a\0b"):
        with pytest.raises(ModelFileError):
            read_container(tmp_path / name)
