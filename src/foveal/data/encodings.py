"""Text whose encoding is declared, marked, or to be told from its bytes."""

import codecs
import re
from pathlib import Path

from foveal.errors import DataError
from foveal.files import open_regular, read_regular

#: Bytes of a file of annotations or of a list. LVIS's JSON has 1.2 GB, Open Images' table of boxes 2.3 GB.
LARGEST = 4_000_000_000
# Of files that are as large as this the beginning is looked at before the whole is read.
_LARGE, _BEGINNING = 1 << 26, 1 << 12
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What programs write where they declare the one on the left: the same characters, and some more.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "ascii": "utf-8",
}
# Codecs of Python that are no encodings of files.
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
# The bytes that are the same letter in all encodings of Europe's Latin alphabets that are about.
_LATIN = frozenset(
    byte
    for byte in range(0xC0, 0x100)
    if len({bytes([byte]).decode(codec, "replace") for codec in ("cp1252", "cp1250", "cp1254")}) == 1
    and bytes([byte]).decode("cp1252").isalpha()
)
# What lies in a clone in place of a large file that was not fetched.
_POINTER = b"version https://git-lfs"
_LETTERS = frozenset(range(ord("A"), ord("Z") + 1)) | frozenset(range(ord("a"), ord("z") + 1))


def content_of(path: Path, *, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file.

    Parameters
    ----------
    path : pathlib.Path
    largest : int, default=LARGEST
        How many bytes it may have.

    Raises
    ------
    DataError
        If it cannot be read, is no regular file, has more bytes, or is but a pointer to a file that Git has
        not fetched.
    """
    try:
        if _LARGE < path.stat().st_size <= largest:
            _refuse_holes(path)
        content = read_regular(path, largest=largest)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error
    except MemoryError:
        raise DataError(f"{path} cannot be read: there is too little memory for it.") from None
    if content.startswith(_POINTER):
        raise DataError(f"{path} is a pointer of Git LFS: fetch the file with `git lfs pull`.")
    return content


def _refuse_holes(path: Path) -> None:
    """Refuse a file that was made large and never filled: it takes no room on the disk, but in memory."""
    with open_regular(path) as file:
        if not any(file.read(_BEGINNING)):
            raise DataError(f"{path} cannot be read (it holds nothing but zeros): fetch it again.")


def decoded(content: bytes) -> str:
    """Bytes as text, see :func:`sure_text`; of an encoding that cannot be told, what is not UTF-8 is U+FFFD.

    Examples
    --------
    >>> decoded("Käse".encode("utf-16")), decoded("Käse".encode("cp1252"))
    ('Käse', 'Käse')
    """
    text = sure_text(content)
    if text is not None:
        return text
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding, errors="replace")


def sure_text(content: bytes) -> str | None:
    """Bytes as text, by their byte-order mark, as UTF-16 without one, or as UTF-8.

    What is none of these is text with single European letters beyond ASCII, where all encodings of such
    letters that are about agree; anything else could be several encodings, and gives None.

    Examples
    --------
    >>> sure_text("größe".encode("cp1252")), sure_text("犬".encode("shift_jis"))
    ('größe', None)
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    # A NUL is in no text: it is half of a letter of ASCII.
    if b"\0" in content[:4]:
        wide = b"\0\0" in content[:4]
        order = "be" if content[:1] == b"\0" else "le"
        return _strictly(content, f"utf-{32 if wide else 16}-{order}")
    text = _strictly(content, "utf-8")
    return content.decode("cp1252") if text is None and _is_latin(content) else text


def text_declared_as(content: bytes, declared: str) -> str | None:
    """Bytes in an encoding that they declare, or in what programs take it for; None where they are not.

    Examples
    --------
    >>> text_declared_as("猫".encode("gbk"), "GB2312"), text_declared_as(b"cat", "no-such")
    ('猫', None)
    """
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        return None
    if name in _NO_ENCODINGS or name.startswith(("utf-16", "utf-32")):
        # The declaration itself would have been unreadable: it is left over from before a conversion.
        return None
    # As in browsers: Latin-1 has control characters where Windows has quotation marks.
    names = ["cp1252", name] if name == "iso8859-1" else [name, *([_WIDER[name]] if name in _WIDER else [])]
    return next((text for text in (_strictly(content, n) for n in names) if text is not None), None)


def _strictly(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _is_latin(content: bytes) -> bool:
    """Whether the bytes beyond ASCII can only be letters of Latin words.

    Two together are as likely to be one character of East Asia, as is one with an ASCII letter behind it;
    between ASCII letters they are not.
    """
    for match in re.finditer(rb"[\x80-\xff]+", content):
        start, end = match.span()
        before = start > 0 and content[start - 1] in _LETTERS
        after = [end + i < len(content) and content[end + i] in _LETTERS for i in range(2)]
        apart = before or all(after) if end - start == 1 else before and after[0]
        if end - start > 2 or not apart or not _LATIN.issuperset(match.group()):
            return False
    return True
