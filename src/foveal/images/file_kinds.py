"""Files that hold pictures and cannot be read here: what they are, and the way out."""

import os

_RAW = "a raw photograph of a camera; develop it, and save it as JPEG"
_VIDEO = "a video; save its frames as JPEG, with `ffmpeg -i FILE frames/%05d.jpg`"
_OTHER = "save it as JPEG or PNG"

_RAWS = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)  # fmt: skip
_VIDEOS = (
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".webm",
    ".wmv",
)  # fmt: skip

#: Suffixes in lower case of files that show something and are not read: what they are, and the way out.
UNREAD: dict[str, str] = {
    **dict.fromkeys(_RAWS, _RAW),
    **dict.fromkeys(_VIDEOS, _VIDEO),
    ".psd": f"a Photoshop file; {_OTHER}",
    ".psb": f"a Photoshop file; {_OTHER}",
    ".xcf": f"a GIMP file; {_OTHER}",
    ".kra": f"a Krita file; {_OTHER}",
    ".jxl": f"a JPEG XL picture; {_OTHER}",
    ".jxr": f"a JPEG XR picture; {_OTHER}",
    ".exr": f"an OpenEXR picture; {_OTHER}",
    ".hdr": f"a Radiance picture; {_OTHER}",
    ".tga": f"a Targa picture; {_OTHER}",
    ".dds": f"a DirectDraw texture; {_OTHER}",
    ".ico": f"an icon; {_OTHER}",
    ".icns": f"an icon; {_OTHER}",
    ".pcx": f"a PCX picture; {_OTHER}",
    ".dcm": "a DICOM picture; export it as PNG",
    ".dicom": "a DICOM picture; export it as PNG",
    ".nii": "a NIfTI volume; export its slices as PNG",
    ".svs": "a slide of a microscope; export tiles of it as PNG",
    ".ndpi": "a slide of a microscope; export tiles of it as PNG",
    ".czi": "a file of a microscope; export its pictures as PNG",
    ".lif": "a file of a microscope; export its pictures as PNG",
    ".svg": f"an SVG drawing; {_OTHER}",
    ".svgz": f"an SVG drawing; {_OTHER}",
    ".eps": f"a PostScript drawing; {_OTHER}",
    ".ai": f"an Illustrator drawing; {_OTHER}",
    ".pdf": "a PDF; save its pages as JPEG or PNG, with `pdftoppm -png FILE page`",
    ".djvu": f"a DjVu document; {_OTHER}",
}

#: Those that are no pictures themselves: drawings, documents and films, which lie in many a folder.
NO_PHOTOGRAPHS = frozenset({*_VIDEOS, ".svg", ".svgz", ".eps", ".ai", ".pdf", ".djvu", ".ico", ".icns"})

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_VIDEO_BRANDS = (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4", b"3gp5", b"dash")
_HEIC = "a HEIC photograph; convert it to JPEG, or install foveal[heic] (the package pillow-heif)"
_AVIF = "an AVIF picture; convert it to JPEG or PNG, or install Pillow 11.3 or later, which reads it"
_ARCHIVE = "an archive; unpack it"

# By their first bytes.
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", UNREAD[".pdf"]),
    (b"8BPS", UNREAD[".psd"]),
    (b"gimp xcf", UNREAD[".xcf"]),
    (b"\xff\x0a", UNREAD[".jxl"]),
    (b"\0\0\0\x0cJXL ", UNREAD[".jxl"]),
    (b"v/1\x01", UNREAD[".exr"]),
    (b"#?RADIANCE", UNREAD[".hdr"]),
    (b"DDS ", UNREAD[".dds"]),
    (b"\0\0\x01\0", UNREAD[".ico"]),
    (b"%!PS", UNREAD[".eps"]),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"IIRO", _RAW),
    (b"IIU\0", _RAW),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
    (b"PK\x03\x04", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
)


def unread(name: str) -> str:
    """What a file is by its suffix, and the way out; ``""`` where it is none of :data:`UNREAD`.

    Examples
    --------
    >>> unread("a/IMG_1.CR2")
    'a raw photograph of a camera; develop it, and save it as JPEG'
    """
    return UNREAD.get(os.path.splitext(name)[1].lower(), "")  # noqa: PTH122


def is_heic(head: bytes) -> bool:
    """Whether these are the first bytes of a HEIC photograph."""
    # AVIF has the general brands too.
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS and b"avif" not in head[16:64]


def what_it_is(head: bytes, name: str = "") -> str:
    """What a file is by its first bytes, then by its name, and the way out; ``""`` where nothing tells."""
    if is_heic(head):
        return _HEIC
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis") or b"avif" in head[16:64]:
            return _AVIF
        return _RAW if brand == b"crx " else _VIDEO if brand in _VIDEO_BRANDS else unread(name)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _VIDEO
    if head[128:132] == b"DICM":
        return UNREAD[".dcm"]
    for sign, what in _SIGNS:
        if head.startswith(sign):
            return what
    if is_text(head):
        lower = head.lower()
        if b"<svg" in lower:
            return UNREAD[".svg"]
        page = b"<html" in lower or b"<!doctype html" in lower
        if page:
            return "a web page, as servers send it where a picture is gone; load the picture again"
        if lower.startswith(b"version https://git-lfs"):
            return "a pointer of Git LFS; fetch the picture with `git lfs pull`"
        return "text; save it as JPEG or PNG, or delete it"
    return unread(name)


def is_raw(head: bytes, name: str) -> bool:
    """Whether a file is a camera's raw photograph in TIFF's clothes, whose first image is a preview."""
    if head[:4] not in (b"II*\0", b"MM\0*"):
        return False
    return head[8:10] == b"CR" or os.path.splitext(name)[1].lower() in _RAWS  # noqa: PTH122


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in UTF-8."""
    if b"\0" in head:
        return False
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The bytes may end inside a character.
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(c.isprintable() or c.isspace() for c in text)
