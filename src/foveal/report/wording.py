"""Numbers and names in sentences."""

import math
from typing import Any

from foveal.wording import visible

_LONGEST_NAME = 24


def shorten(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name that fits beside a bar: cut in the middle where it is too long.

    Examples
    --------
    >>> shorten("cat")
    'cat'
    >>> shorten("a very long name of a class of things", 15)
    'a very … things'
    """
    name = " ".join(visible(name, lines=True).split())
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-(longest - half - 1) :]}"


def format_figure(value: Any) -> str:
    """A figure with as many digits as it deserves.

    Examples
    --------
    >>> [format_figure(v) for v in (0.71234, float("nan"), 12, 1234.0, True, "auto")]
    ['0.712', '–', '12', '1,234', 'True', 'auto']
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value != value:
        return "–"
    if float(value).is_integer() and abs(value) > 1:
        return f"{int(value):,}"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def three_digits(value: float) -> str:
    """Three significant digits.

    Examples
    --------
    >>> [three_digits(v) for v in (0.02914, 1.0, 12.34, 456.7)]
    ['0.0291', '1.00', '12.3', '457']
    """
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def say_duration(seconds: float) -> str:
    """A duration as a person would say it.

    Examples
    --------
    >>> [say_duration(s) for s in (0.04, 7.25, 64, 3725)]
    ['0.04 s', '7.2 s', '1 min 4 s', '1 h 2 min']
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
