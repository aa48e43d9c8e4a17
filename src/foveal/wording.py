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
