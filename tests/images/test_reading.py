import contextlib
import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from foveal.errors import ImageError
from foveal.images import EXTENSIONS, _opening, probe, read, used_bits


def gradient(width=40, height=30):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 3], axis=2).astype(np.uint8)


def saved(path, image, format=None, **options):
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(path, format, **options)
    return path


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, bits, color, rows, *late):
    """A PNG made by hand, for the kinds that Pillow does not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + b"".join(late) + chunk(b"IEND", b"")


def check(image, shape):
    assert image.dtype == np.uint8
    assert image.shape == shape
    assert image.flags.c_contiguous
    assert image.flags.writeable


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "ppm"])
def test_lossless_formats_come_back_as_they_were(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    image = read(saved(tmp_path / f"a.{suffix}", gradient(), **options))
    check(image, (30, 40, 3))
    np.testing.assert_array_equal(image, gradient())
    assert f".{suffix}" in EXTENSIONS


@pytest.mark.parametrize(
    "name", ["ünï cödé 画像.png", "a b.png", "a#b=c&d?.png", "a%20b.png", "no suffix", ".png"]
)
def test_any_name(tmp_path, name):
    path = saved(tmp_path / name, gradient(), "PNG")
    np.testing.assert_array_equal(read(path), gradient())
    np.testing.assert_array_equal(read(str(path)), gradient())
    assert probe(path).format == "PNG"


def test_the_content_decides_not_the_name(tmp_path):
    path = saved(tmp_path / "a.jpg", gradient(), "PNG")
    np.testing.assert_array_equal(read(path), gradient())
    assert probe(path).format == "PNG"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(tmp_path, orientation, format):
    exif = Image.Exif()
    exif[274] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(format, {})
    path = saved(tmp_path / "a", gradient(), format, exif=exif, **options)
    expected = np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    # The test's own idea of it, for the one that phones write.
    if orientation == 6 and format != "JPEG":
        np.testing.assert_array_equal(expected, np.rot90(gradient(), -1))
    image = read(path)
    np.testing.assert_array_equal(image, expected)
    check(image, expected.shape)
    info = probe(path)
    assert (info.height, info.width) == image.shape[:2]
    assert info.orientation == orientation


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    content = exif.tobytes()[len(b"Exif\0\0") :]
    path = tmp_path / "late.png"
    path.write_bytes(png(2, 1, 8, 2, [bytes([255, 0, 0, 0, 0, 255])], chunk(b"eXIf", content)))
    assert read(path).tolist() == [[[255, 0, 0]], [[0, 0, 255]]]
    info = probe(path)
    assert (info.width, info.height, info.orientation) == (1, 2, 6)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"", b"MM\0*" + b"\xff" * 30]
)
def test_damaged_exif_does_not_hide_the_image(tmp_path, exif):
    path = saved(tmp_path / "a.jpg", gradient(), exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read(path).shape == (30, 40, 3)
        assert probe(path).orientation == 1


def test_orientation_out_of_range_is_none(tmp_path):
    exif = Image.Exif()
    exif[274] = 77
    assert probe(saved(tmp_path / "a.jpg", gradient(), exif=exif)).orientation == 1


def test_grey_and_black_and_white(tmp_path):
    grey = gradient()[..., 0]
    np.testing.assert_array_equal(read(saved(tmp_path / "l.png", grey)), np.stack([grey] * 3, axis=2))
    black_and_white = Image.fromarray(grey > 99)
    assert black_and_white.mode == "1"
    np.testing.assert_array_equal(
        read(saved(tmp_path / "1.png", black_and_white))[..., 1], (grey > 99) * np.uint8(255)
    )


def test_palettes(tmp_path):
    image = Image.fromarray(gradient()).quantize(16)
    expected = np.array(image.convert("RGB"))
    np.testing.assert_array_equal(read(saved(tmp_path / "p.png", image)), expected)
    np.testing.assert_array_equal(read(saved(tmp_path / "p.gif", image)), expected)
    index = int(np.array(image)[0, 0])
    clear = read(saved(tmp_path / "t.png", image, transparency=index))
    where = np.array(image) == index
    assert (clear[where] == 255).all()
    np.testing.assert_array_equal(clear[~where], expected[~where])


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.dstack([gradient(), np.full((30, 40), 255, np.uint8)])
    rgba[0, 0] = (10, 20, 30, 0)
    rgba[0, 1] = (0, 0, 0, 128)
    image = read(saved(tmp_path / "a.png", rgba))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[0, 1].tolist() == [127, 127, 127]
    np.testing.assert_array_equal(image[1:], gradient()[1:])
    la = Image.fromarray(rgba).convert("LA")
    assert read(saved(tmp_path / "la.png", la))[0, :2].tolist() == [[255] * 3, [127] * 3]
    assert read(saved(tmp_path / "a.webp", rgba, lossless=True))[0, 0].tolist() == [255, 255, 255]


def test_one_transparent_colour(tmp_path):
    flat = np.zeros((2, 2, 3), np.uint8)
    flat[0, 0] = (1, 2, 3)
    image = read(saved(tmp_path / "a.png", flat, transparency=(0, 0, 0)))
    assert image.reshape(-1, 3).tolist() == [[1, 2, 3], [255] * 3, [255] * 3, [255] * 3]
    grey = read(saved(tmp_path / "g.png", flat[..., 0], transparency=0))
    assert grey.reshape(-1, 3).tolist() == [[1] * 3, [255] * 3, [255] * 3, [255] * 3]


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk(tmp_path, suffix):
    inks = {(0, 255, 255, 0): (255, 0, 0), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0),
            (0, 0, 0, 0): (255, 255, 255), (0, 0, 0, 127): (128, 128, 128)}  # fmt: skip
    for ink, expected in inks.items():
        # Pillow writes CMYK JPEGs as Photoshop does: inverted, with Adobe's marker.
        path = saved(tmp_path / f"a.{suffix}", Image.new("CMYK", (16, 16), ink))
        assert probe(path).mode == "CMYK"
        np.testing.assert_allclose(read(path)[8, 8].astype(int), expected, atol=3)


def test_ycck_jpeg(tmp_path):
    # A CMYK file whose Adobe marker is changed to say YCCK.
    buffer = io.BytesIO()
    Image.new("CMYK", (16, 16), (255 - 200, 127, 127, 0)).save(buffer, "JPEG", quality=100, subsampling=0)
    content = buffer.getvalue()
    at = content.index(b"Adobe")
    path = tmp_path / "ycck.jpg"
    path.write_bytes(content[: at + 11] + b"\x02" + content[at + 12 :])
    image = read(path)[8, 8].astype(int)
    # Stored are Y 200, Cb 128, Cr 128, K 255; that is C = M = Y = 55 inverted: 200 of ink, and no black.
    assert np.ptp(image) <= 3
    assert image.mean() == pytest.approx(255 - 200, abs=4)


def test_sixteen_bit_grey_keeps_its_full_range(tmp_path):
    values = np.array([[0, 257, 32896, 65535], [100, 128, 129, 1000]], np.uint16)
    for suffix in ("png", "tif"):
        path = saved(tmp_path / f"a.{suffix}", values)
        assert read(path)[..., 0].tolist() == [[0, 1, 128, 255], [0, 0, 1, 4]]
        assert probe(path).bits == 16
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 4 2 65535\n" + values.astype(">u2").tobytes())
    assert read(path)[..., 2].tolist() == [[0, 1, 128, 255], [0, 0, 1, 4]]
    assert probe(path).bits == 16


def test_big_endian_sixteen_bit_tiff(tmp_path):
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">2H", 257, 65535))
    assert read(saved(tmp_path / "a.tif", image))[0, :, 0].tolist() == [1, 255]


def test_sixteen_bit_colour_png(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, 16, 2, [struct.pack(">6H", 0, 32896, 65535, 257 * 10, 257 * 20, 257 * 30)]))
    assert read(path).tolist() == [[[0, 128, 255], [10, 20, 30]]]
    assert probe(path).bits == 16
    path.write_bytes(png(1, 2, 16, 6, [struct.pack(">4H", 0, 0, 0, 0), struct.pack(">4H", 0, 0, 0, 65535)]))
    assert read(path)[:, 0].tolist() == [[255] * 3, [0] * 3]
    path.write_bytes(png(1, 1, 16, 4, [struct.pack(">2H", 257 * 9, 65535)]))
    assert read(path).tolist() == [[[9] * 3]]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_png_of_few_bits(tmp_path, bits):
    path = tmp_path / "a.png"
    path.write_bytes(png(8 // bits, 1, bits, 0, [b"\xff"]))
    assert (read(path) == 255).all()
    assert probe(path).bits == bits


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([[0, 0.5, 1]]), [0, 128, 255]),
        (np.float32([[0, 100, 255]]), [0, 100, 255]),
        (np.float32([[-10, 0, 10]]), [0, 128, 255]),
        (np.float32([[np.nan, 0.5, np.inf]]), [0, 128, 0]),
        (np.float32([[np.nan] * 3]), [0, 0, 0]),
        (np.float32([[-5, -5, -5]]), [0, 0, 0]),
        (np.int32([[0, 100, 255]]), [0, 100, 255]),
        (np.int32([[0, 257, 65535]]), [0, 1, 255]),
        (np.int32([[-1000, 0, 1000]]), [0, 128, 255]),
        (np.int32([[0, 2**30, 2**31 - 1]]), [0, 128, 255]),
    ],
)
def test_thirty_two_bits(tmp_path, values, expected):
    path = saved(tmp_path / "a.tif", values)
    assert read(path)[0, :, 0].tolist() == expected
    assert probe(path).bits == 32


def test_animations_and_pages_give_the_first(tmp_path):
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "lime", "blue")]
    for suffix, options in (("gif", {}), ("tif", {}), ("png", {}), ("webp", {"lossless": True})):
        path = saved(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:], **options)
        assert (read(path) == [255, 0, 0]).all()
        assert probe(path).animated
        assert not probe(saved(tmp_path / f"b.{suffix}", frames[0])).animated


def test_an_mpo_is_a_jpeg(tmp_path):
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "blue")]
    path = saved(tmp_path / "a.jpg", frames[0], "MPO", save_all=True, append_images=frames[1:])
    info = probe(path)
    assert (info.format, info.animated) == ("JPEG", False)
    assert read(path)[0, 0, 0] > 240


def test_one_pixel(tmp_path):
    assert read(saved(tmp_path / "a.png", np.uint8([[[1, 2, 3]]]))).tolist() == [[[1, 2, 3]]]


def test_six_thousand_by_four_thousand(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.new("RGB", (6000, 4000), (10, 200, 30)))
    check(read(path), (4000, 6000, 3))


# What cannot be read: one sentence each that names the file.


def refused(path, pattern, **options):
    with pytest.raises(ImageError, match=pattern) as caught:
        read(path, **options)
    assert os.fspath(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folder_empty_and_pipe(tmp_path):
    refused(tmp_path / "no.jpg", "There is no image file")
    refused(saved(tmp_path / "a.png", gradient()) / "b.png", "There is no image file")
    refused(tmp_path, "is a folder")
    (tmp_path / "empty.jpg").write_bytes(b"")
    refused(tmp_path / "empty.jpg", r"is empty \(0 bytes\)")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        refused(tmp_path / "pipe.jpg", "not a regular file")
    with pytest.raises(ImageError, match="cannot be the name of a file"):
        read("a\0b.jpg")
    with pytest.raises(ImageError, match="cannot be the name of a file"):
        read("a" * 5000)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden(tmp_path):
    path = saved(tmp_path / "a.png", gradient())
    path.chmod(0)
    refused(path, "may not be read")


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        ("Nothing to see here. Ä" * 100, "it is text"),
        ("ä" * 400 + "x", "it is text"),
        ("x" + "ä" * 400, "it is text"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "it is an SVG drawing"),
        (b"%PDF-1.7 \xff\xfe", "it is a PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "it is a HEIC photograph"),
        (b"\x80\x81\0\x02" * 50, "it is none of JPEG, PNG"),
        (b"\0" * 5000, "it is none of"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "it is a PostScript drawing"),
    ],
)
def test_what_is_no_image(tmp_path, monkeypatch, content, pattern):
    monkeypatch.setattr(_opening, "_has_heif", lambda: False)
    path = tmp_path / "a.jpg"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    refused(path, f"is not an image that can be read: {pattern}")
    with pytest.raises(ImageError, match=pattern):
        probe(path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9])
def test_truncated(tmp_path, format, part):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    path = saved(tmp_path / "a.jpg", noise, format)
    content = path.read_bytes()
    path.write_bytes(content[: max(12, int(len(content) * part))])
    message = refused(path, "truncated|cannot be decoded|not an image|no pixels")
    if part == 0.9 and format in ("JPEG", "PNG", "GIF", "BMP", "PPM"):
        assert "is truncated, its end is missing" in message


def test_hardly_a_byte(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff")
    assert "is truncated, its end is missing" in refused(path, "truncated")
    path.write_bytes(b"x\n")
    assert "it is text" in refused(path, "text")


def test_damaged_pixels(tmp_path):
    path = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = b"\0" * 200
    path.write_bytes(content)
    refused(path, "cannot be decoded|truncated")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_random_damage_raises_nothing_else(tmp_path, format):
    generator = np.random.default_rng(1)
    path = saved(tmp_path / "a", gradient(), format)
    content = np.frombuffer(path.read_bytes(), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(40):
            damaged = content.copy()
            damaged[generator.integers(0, min(len(damaged), 400), 6)] = generator.integers(0, 256, 6)
            path.write_bytes(damaged.tobytes())
            for function in (probe, lambda p: read(p, max_pixels=10**6)):
                with contextlib.suppress(ImageError):
                    function(path)


def test_truncated_files_stay_refused_where_the_process_lets_pillow_fill_them_up(tmp_path, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    path = saved(tmp_path / "a.jpg", gradient(400, 300), quality=95)
    path.write_bytes(path.read_bytes()[:-2000])
    with ThreadPoolExecutor(4) as pool:
        errors = [attempt.exception() for attempt in [pool.submit(read, path) for _ in range(16)]]
    assert all(isinstance(error, ImageError) and "truncated" in str(error) for error in errors)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    path = saved(tmp_path / "a.png", gradient())
    message = refused(path, "more than the limit", max_pixels=1199)
    assert "40 x 30" in message
    assert "raise max_pixels" in message
    assert read(path, max_pixels=1200).shape == (30, 40, 3)


@pytest.mark.parametrize("side", [10_000, 30_000, 60_000])
def test_a_decompression_bomb_has_our_message_and_no_warning_of_pillow(tmp_path, side):
    # A header without the pixels: if anything were decoded, it would be called truncated.
    path = tmp_path / "bomb.png"
    path.write_bytes(png(side, side + 1, 8, 2, [b""]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(path, "more than the limit of 100 million; make it smaller or raise max_pixels")
        assert probe(path).width == side
        if side == 10_000:
            refused(path, "truncated|cannot be decoded", max_pixels=100_010_000)
    assert Image.MAX_IMAGE_PIXELS is not None


def test_threads(tmp_path):
    paths = []
    for i in range(12):
        value = np.full((50, 60, 3), i * 20, np.uint8)
        paths.append(saved(tmp_path / f"{i}.png", value))
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(read, paths * 10))
    assert all((image == i % 12 * 20).all() for i, image in enumerate(images))


def test_real_photographs(test_data):
    files = [
        file
        for folder in ("fruit", "raccoon", "caltech101_8", "coco128", "oracle_voc_toy_cat")
        for file in sorted((test_data / folder).rglob("*"))
        if file.suffix.lower() in EXTENSIONS
    ]
    assert len(files) > 200
    unlike = 0
    for file in files[::9]:
        info, image = probe(file), read(file)
        assert image.shape == (info.height, info.width, 3)
        check(image, image.shape)
        assert image.std() > 1
        unlike += info.format != "JPEG"
        if info.mode == "RGB":
            np.testing.assert_array_equal(image, np.array(ImageOps.exif_transpose(Image.open(file))))
    for file in sorted((test_data / "fruit" / "images").rglob("*.jpg")):
        unlike += probe(file).format == "PNG"
    assert unlike >= 22


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_twelve_bits_in_sixteen_are_scaled_by_their_own_range(tmp_path, suffix):
    values = np.linspace(0, 4095, 64).astype(np.uint16).reshape(8, 8)
    path = saved(tmp_path / f"a.{suffix}", values)
    expected = np.rint(values / 4095 * 255)
    np.testing.assert_array_equal(read(path)[..., 0], expected)
    assert used_bits(path) == 12
    # A picture that is dark, but uses more than an eighth of the range, stays dark.
    path = saved(tmp_path / f"b.{suffix}", values * 2 + 10)
    assert read(path).max() == 32
    assert used_bits(path) == 16
    # Values of 8 bits are what they are; noise in the lowest bits is not blown up.
    path = saved(tmp_path / f"c.{suffix}", values % 7)
    np.testing.assert_array_equal(read(path)[..., 1], values % 7)


def test_twelve_bit_colour(tmp_path):
    import cv2

    values = np.random.default_rng(0).integers(0, 4096, (6, 5, 3), dtype=np.uint16)
    for suffix in ("png", "tiff"):
        path = tmp_path / f"a.{suffix}"
        cv2.imwrite(str(path), values)
        np.testing.assert_array_equal(read(path), np.rint(values[..., ::-1] / 4095 * 255))
        assert used_bits(path) == 12


def test_mpo_by_its_suffix(tmp_path):
    frames = [Image.fromarray(gradient()), Image.fromarray(gradient()[::-1])]
    path = tmp_path / "a.mpo"
    frames[0].save(path, "MPO", save_all=True, append_images=frames[1:], quality=95)
    assert path.suffix in EXTENSIONS
    assert np.abs(read(path).astype(int) - gradient()).mean() < 8


def test_raw_photographs_are_not_their_previews(tmp_path):
    path = saved(tmp_path / "a.tif", gradient())
    for suffix in ("nef", "DNG", "arw"):
        raw = path.rename(tmp_path / f"a.{suffix}")
        with pytest.raises(ImageError, match="raw photograph of a camera; develop it"):
            read(raw)
        path = raw
    path.write_bytes(b"II*\0\x10\0\0\0CR\x02\0" + b"\0" * 600)
    with pytest.raises(ImageError, match="raw photograph"):
        read(path.rename(tmp_path / "a.tiff"))


@pytest.mark.parametrize(("content", "words"), [
    (b"8BPS\0\x01" + b"\0" * 40, "a Photoshop file"), (b"\0\0\0\x20ftypisom\0\0\x02\0", "a video"),
    (b"\x1a\x45\xdf\xa3\x01", "a video"), (b"\0\0\0\x18ftypcrx ", "a raw photograph"),
    (b"PK\x03\x04\x14\0", "an archive; unpack it"), (b"<!DOCTYPE html><html>", "a web page"),
    (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"), (b"ab", "text"),
])  # fmt: skip
def test_what_is_named_with_the_way_out(tmp_path, content, words):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=words):
        read(path)


def test_avif_without_a_decoder(tmp_path, monkeypatch):
    monkeypatch.setattr(_opening, "_formats", lambda: ("JPEG", "PNG"))
    path = tmp_path / "a.avif"
    path.write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf" + b"\0" * 100)
    with pytest.raises(
        ImageError, match="it is an AVIF picture; convert it to JPEG or PNG, or install Pillow"
    ):
        read(path)


def test_heic(tmp_path):
    path = tmp_path / "a.heic"
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(gradient())).save(path, quality=95)
    assert probe(path).format == "HEIF"
    assert np.abs(read(path).astype(int) - gradient()).mean() < 8


def test_heic_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(_opening, "_has_heif", lambda: False)
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    with pytest.raises(ImageError, match=r"HEIC photograph; convert it to JPEG, or install foveal\[heic\]"):
        read(path)
