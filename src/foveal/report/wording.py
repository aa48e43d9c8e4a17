"""Numbers in sentences."""


def count(number: int, thing: str, things: str = "") -> str:
    """A number and what is counted; ``things`` where the plural is not made by an s.

    Examples
    --------
    >>> count(1, "region"), count(1200, "region"), count(2, "box", "boxes")
    ('1 region', '1,200 regions', '2 boxes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
