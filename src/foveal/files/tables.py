"""Rows as the text of a CSV file: as they are, or for people who open it in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

# Full-width signs too, which spreadsheets of East Asia take for these.
_BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    r"""Rows as the text of a CSV file that programs read: each text comes back as it is.

    Examples
    --------
    >>> csv_text([["file", "label"], ["a.png", "=x,y"]])
    'file,label\na.png,"=x,y"\n'
    """
    text = io.StringIO()
    usual = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in map(list, rows):
        # Python's writer leaves a lone carriage return bare, which readers take for the end of a line.
        bare = any(isinstance(cell, str) and "\r" in cell for cell in row)
        (quoted if bare else usual).writerow(row)
    return text.getvalue()


def spreadsheet_text(rows: Iterable[Iterable[Any]]) -> str:
    r"""Rows as the text of a CSV file for people.

    A text that a spreadsheet would take for a formula, since it begins with ``=``, ``+``, ``-``, ``@``, a tab
    or an end of a line, gets the usual quote in front. What Foveal reads back is never written by this.

    Examples
    --------
    >>> spreadsheet_text([["file", "label", "score"], ["a.png", "=cmd()", -0.5]])
    "file,label,score\na.png,'=cmd(),-0.5\n"
    """
    return csv_text([[_no_formula(cell) for cell in row] for row in rows])


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in _BEGINS_A_FORMULA else cell
