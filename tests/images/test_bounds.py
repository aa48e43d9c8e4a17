"""Image files that are made to be too much: one sentence each, whatever a decoder would raise."""

import io
import os
import struct
import sys
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

import image_files
from image_files import chunk, png

from foveal.errors import ImageError
from foveal.images import _opening, _rgb, probe, read, reading, used_bits


def refused(path, pattern):
    for function in (read, probe):
        with pytest.raises(ImageError, match=pattern) as caught:
            function(path)
        assert os.fspath(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def saved(path, format="PNG", **options):
    Image.new("RGB", (8, 6), (9, 99, 199)).save(path, format, **options)
    return path


@pytest.mark.parametrize("name", list(image_files.seeds()))
def test_an_image_is_the_same_in_one_piece_and_in_many(tmp_path, monkeypatch, name):
    path = tmp_path / "a"
    path.write_bytes(image_files.seeds()[name])
    whole, bits = read(path), used_bits(path)
    for band in (1, 5 * whole.shape[1]):
        monkeypatch.setattr(_rgb, "_BAND", band)
        np.testing.assert_array_equal(read(path), whole)
        assert used_bits(path) == bits


@pytest.mark.parametrize(
    ("width", "height"), [(100_000_000, 1), (1, 100_000_000), (200_001, 1), (2**31 - 1, 1)]
)
def test_sides_are_bounded_as_areas_are(tmp_path, width, height):
    (tmp_path / "a.png").write_bytes(png(width, height, 8, 2, b""))
    refused(tmp_path / "a.png", "no side may be longer than 200,000")


def test_a_long_side_within_the_bound_is_read(tmp_path):
    Image.new("L", (200_000, 2), 7).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape == (2, 200_000, 3)


def test_a_file_of_20_gigabytes_is_not_read(tmp_path):
    path = saved(tmp_path / "a.png")
    os.truncate(path, 20 * 10**9)
    refused(path, "has 20 GB, and no image more than 16")


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/version", "/proc/self/mem"])
def test_links_to_devices_and_to_what_the_system_makes_up(tmp_path, target):
    if not os.path.exists(target):  # noqa: PTH110
        pytest.skip(f"the system has no {target}")
    (tmp_path / "a.png").symlink_to(target)
    refused(tmp_path / "a.png", "is not a regular file, it is a ")


def test_a_link_to_an_image_is_read(tmp_path):
    (tmp_path / "a.png").symlink_to(saved(tmp_path / "b.png"))
    assert read(tmp_path / "a.png").shape == (6, 8, 3)


def test_a_pipe_in_place_of_the_file_is_not_waited_for(tmp_path, monkeypatch):
    if not hasattr(os, "mkfifo"):
        pytest.skip("the system has no pipes among its files")
    os.mkfifo(tmp_path / "a.png")
    # As if it had been put there after the file was looked at.
    monkeypatch.setattr(_opening, "_refuse_no_file", lambda path: None)
    refused(tmp_path / "a.png", "it is a pipe")


ERRORS = [
    MemoryError(), RecursionError("x"), SyntaxError("x"), struct.error("x"), OverflowError("x"),
    KeyError("x"), zlib.error("x"), SystemError("x"), AssertionError(), ZeroDivisionError(),
    TypeError("x"), EOFError(),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
def test_whatever_a_decoder_raises_is_an_image_error(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    pattern = "cannot be decoded|is truncated"
    path = saved(tmp_path / "a.png")
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    with pytest.raises(ImageError, match=pattern) as caught:
        read(path)
    assert os.fspath(path) in str(caught.value)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "_open", fail)
    refused(path, pattern)


def test_want_of_memory_is_told_as_that(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(_rgb, "to_rgb", fail)
    with pytest.raises(ImageError, match="there is too little memory for it"):
        read(saved(tmp_path / "a.png"))


def test_a_header_without_end_is_given_up(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "JPEG")
    content = buffer.getvalue()
    segment = b"\xff\xe5" + struct.pack(">H", 60_002) + b"\0" * 60_000
    path = tmp_path / "a.jpg"
    path.write_bytes(content[:2] + segment * 100 + content[2:])
    assert read(path).shape == (6, 8, 3)
    path.write_bytes(content[:2] + segment * 300 + content[2:])
    refused(path, "its header is larger than that of any image")


def test_a_chunk_as_large_as_the_file_is_not_taken_in(tmp_path):
    path = tmp_path / "a.png"
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 6, 8, 2, 0, 0, 0))
    path.write_bytes(head + struct.pack(">I", 2**31 - 1) + b"eXIf")
    os.truncate(path, 3 * 10**9)
    refused(path, "its header is larger than that of any image")


def test_formats_that_are_read_whole_are_read_up_to_a_bound(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.webp", "WEBP")
    assert read(path).shape == (6, 8, 3)
    monkeypatch.setitem(_opening._HEADERS, "WEBP", 20)
    refused(path, "its header is larger than that of any image")


def test_exif_behind_the_pixels_is_not_looked_for_without_end(tmp_path, monkeypatch):
    exif = image_files.exif().tobytes()[len(b"Exif\0\0") :]
    chunks = [chunk(b"teSt", b"")] * 50
    rows = b"\0\1\2\3" * 2
    path = tmp_path / "a.png"
    path.write_bytes(
        png(1, 2, 8, 2, rows)[:-12] + b"".join([*chunks, chunk(b"eXIf", exif), chunk(b"IEND", b"")])
    )
    assert probe(path).orientation == 6
    monkeypatch.setattr(reading, "_MOST_EXIF", 9)
    assert probe(path).orientation == 1
    monkeypatch.setattr(reading, "_MOST_EXIF", 999)
    monkeypatch.setattr(reading, "_MOST_CHUNKS", 20)
    assert probe(path).orientation == 1


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_texts_and_profiles_that_inflate_do_not(tmp_path, name):
    before = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[name]
    bomb = chunk(name, before + zlib.compress(b"\0" * 30_000_000))
    (tmp_path / "a.png").write_bytes(png(1, 2, 8, 2, b"\0\1\2\3" * 2, bomb))
    # It is given up or passed over, and never held.
    tracemalloc.start()
    with suppress(ImageError):
        read(tmp_path / "a.png")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
def test_exif_in_many_segments_that_speaks_of_itself(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "JPEG")
    content = buffer.getvalue()
    # Each entry has the whole of the rest for its value.
    entries = b"".join(struct.pack("<HHII", tag, 7, 60_000, 8) for tag in range(1000, 6000))
    body = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    path = tmp_path / "a.jpg"
    path.write_bytes(content[:2] + segment * 10 + content[2:])
    assert read(path).shape == (6, 8, 3)
    # Pillow would copy what it has once more for each of them.
    path.write_bytes(content[:2] + segment * 100 + content[2:])
    refused(path, "its header is larger than that of any image")


def test_a_damaged_second_frame_is_a_further_one(tmp_path):
    path = saved(tmp_path / "a.gif", "GIF", save_all=True, append_images=[Image.new("RGB", (8, 6))])
    content = path.read_bytes()
    second = content.rindex(b"\x2c")
    path.write_bytes(content[: second + 9])
    assert probe(path).animated
    assert read(path).shape == (6, 8, 3)
