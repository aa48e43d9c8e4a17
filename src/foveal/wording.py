"""Numbers and names in sentences."""

import re

#: Of a regular expression's set: characters beyond ASCII that nobody sees, that turn or break a line, or that
#: stand for no letter at all: controls, marks of direction, separators, halves of pairs.
UNSEEN = (
    r"\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
_UNSEEN = re.compile(rf"[\x00-\x1f{UNSEEN}]")
_UNSEEN_BUT_LINES = re.compile(rf"[\x00-\x09\x0b-\x1f{UNSEEN}]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Text as it is shown to a person: what would not be seen, or would move what is, is told by its number.

    A stranger's file or class may be called so that a terminal is coloured, a line ends or runs from right to
    left. Letters of all scripts stay, and so do the joiners that some scripts need. A name that is data is
    kept as it is: this is for where it is looked at.

    Parameters
    ----------
    text : str
    lines : bool, default=False
        Keep ends of lines.

    Returns
    -------
    str
        Bytes of a file's name that are no UTF-8 are ``\xff``.

    Examples
    --------
    >>> visible("\x1b[31mred"), visible("caf\udce9"), visible("gpj.\u202eexe"), visible("Käse 猫")
    ('\\x1b[31mred', 'caf\\xe9', 'gpj.\\u202eexe', 'Käse 猫')
    """
    return (_UNSEEN_BUT_LINES if lines else _UNSEEN).sub(_by_number, text)


def _by_number(match: re.Match[str]) -> str:
    number = ord(match[0])
    if 0xDC80 <= number <= 0xDCFF:
        # What stands for a byte that is no UTF-8.
        return f"\\x{number - 0xDC00:02x}"
    return ascii(match[0])[1:-1]


def count(number: int, thing: str, things: str = "") -> str:
    """A number and what is counted; ``things`` where the plural is not made by an s.

    Examples
    --------
    >>> count(1, "region"), count(1200, "region"), count(2, "box", "boxes")
    ('1 region', '1,200 regions', '2 boxes')
    >>> count(1, "file has no suffix", "files have no suffix")
    '1 file has no suffix'
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def amount(number: float, thing: str, things: str = "") -> str:
    """A number that need not be whole, and what it is of; ``things`` as in :func:`count`.

    Examples
    --------
    >>> amount(1.0, "epoch"), amount(0.5, "epoch"), amount(12.34, "epoch")
    ('1 epoch', '0.5 epochs', '12 epochs')
    """
    shown = f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
    return f"{shown} {thing if shown == '1' else things or thing + 's'}"


def be(number: int) -> str:
    """``"is"`` of one, ``"are"`` of any other number.

    Examples
    --------
    >>> [f"{n} of 9 boxes {be(n)} empty" for n in (1, 2)]
    ['1 of 9 boxes is empty', '2 of 9 boxes are empty']
    """
    return "is" if number == 1 else "are"


def minutes_text(minutes: float, verb: str = "") -> str:
    """So many minutes in words, and what they do.

    Examples
    --------
    >>> minutes_text(1), minutes_text(2.46), minutes_text(1, "hold"), minutes_text(2, "hold")
    ('1 minute', '2.5 minutes', '1 minute holds', '2 minutes hold')
    """
    rounded = float(f"{minutes:.2g}") if minutes < 10 else round(minutes)
    one = rounded == 1
    said = f"{rounded:g} minute{'' if one else 's'}"
    return f"{said} {verb}{'s' if one else ''}" if verb else said
