import hashlib
from pathlib import Path

import pytest

from foveal.files import digest_bytes, digest_file, digest_json, distinct_names, readable
from foveal.files.names import file_named, names_a_path, path_in_words


def test_a_file_is_sha256_of_its_content(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert digest_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    (tmp_path / "b").write_bytes(b"")
    # The digest of nothing, as FIPS 180-4's implementations give it.
    assert digest_file(tmp_path / "b") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        digest_file(tmp_path / "a")


def test_parts_do_not_run_together():
    digests = {
        digest_bytes(*parts) for parts in [(), (b"",), (b"", b""), (b"ab",), (b"a", b"b"), (b"b", b"a")]
    }
    assert len(digests) == 6
    assert all(len(digest) == 64 for digest in digests)
    assert digest_bytes(b"a", b"b") == digest_bytes(b"a", b"b")


def test_json():
    assert digest_json({"a": [1, {"x": 2, "y": 3}]}) == digest_json({"a": [1, {"y": 3, "x": 2}]})
    assert digest_json([1, 2]) != digest_json([2, 1])
    assert digest_json({"a": 1}) != digest_json({"a": "1"})
    assert digest_json({"a": None}) != digest_json({})


@pytest.mark.parametrize("word", ["fast", "my run", "a.b", "x.safetensors.txt", "safetensors", "...", ""])
def test_words(word):
    assert not names_a_path(word, ".safetensors")
    assert names_a_path(path_in_words(word))


@pytest.mark.parametrize(
    "word", ["./fast", "runs/rpn", "/x", "..", ".", "rpn/", "x.safetensors", "X.SafeTensors"]
)
def test_paths(word):
    assert names_a_path(word, ".safetensors")


def test_paths_stay_as_they_are_said(tmp_path):
    assert path_in_words("runs/rpn") == "runs/rpn"
    assert path_in_words(tmp_path) == str(tmp_path)


def test_a_file_is_found_by_its_readable_name(tmp_path):
    odd = tmp_path / "caf\udce9 \x1b.png"
    odd.touch()
    assert file_named(readable(str(odd))) == odd
    literal = tmp_path / r"caf\xe9 b.png"
    literal.touch()
    assert file_named(str(literal)) == literal
    for text in (r"no\xe9", "a" * 5000, "a\0b"):
        assert str(file_named(text)) == text


def test_files_of_one_name_are_called_by_their_folders_too():
    named = ("train/cat/1.png", "test/cat/1.png", "test/dog/1.png", "test/dog/2.png")
    paths = [Path("d", name) for name in named]
    assert list(distinct_names([*paths, paths[0]]).values()) == [
        "train/cat/1.png", "test/cat/1.png", "dog/1.png", "2.png",
    ]  # fmt: skip
    assert distinct_names([]) == {}
    assert list(distinct_names([Path("a.png"), Path("b/a.png"), Path("/a.png")]).values()) == [
        "a.png", "b/a.png", "/a.png",
    ]  # fmt: skip
