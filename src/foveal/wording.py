"""Numbers in sentences."""


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
