"""Tables of text, and numbers as they stand in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from foveal.report.wording import three_digits

#: What stands for a number that is not known.
UNKNOWN = "–"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        Each as long as `columns`.
    words : int
        How many of the first columns are words; the others are numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1

    def to_markdown(self) -> str:
        r"""As a Markdown table under its title.

        Examples
        --------
        >>> print(Table("Speed", ("method", "s"), (("a|b", "0.1"),)).to_markdown())
        ## Speed
        <BLANKLINE>
        | method | s |
        |---|--:|
        | a\|b | 0.1 |
        """
        sides = "".join("---|" if i < self.words else "--:|" for i in range(len(self.columns)))
        lines = [f"## {self.title}", "", _line(self.columns), f"|{sides}"]
        return "\n".join(lines + [_line(row) for row in self.rows])


def rounded(value: float | None) -> float | None:
    """Six significant digits; JSON has no word for what is not a number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def seconds_text(value: float) -> str:
    """Three significant digits.

    Examples
    --------
    >>> [seconds_text(v) for v in (0.02914, 0.842, 12.34, math.nan)]
    ['0.0291', '0.842', '12.3', '–']
    """
    return three_digits(value) if math.isfinite(value) else UNKNOWN


def ratio_text(value: float | None) -> str:
    """Three digits and a cross.

    Examples
    --------
    >>> [ratio_text(v) for v in (0.834, 12.34, None)]
    ['0.83×', '12.3×', '–']
    """
    return UNKNOWN if value is None else f"{value:.1f}×" if value >= 9.95 else f"{value:.2f}×"


def decimal_text(value: float | None, digits: int) -> str:
    """So many decimals, with commas between thousands."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def mebibytes_text(value: int | None) -> str:
    """Bytes as whole MiB."""
    return UNKNOWN if value is None else f"{value / 2**20:.0f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
