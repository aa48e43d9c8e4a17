"""What a notebook shows of a result: small pieces of HTML that need nothing beside themselves.

Every text goes through :func:`escaped`: names of classes and files are strangers' text. Colours are those of
the notebook's own theme, light or dark.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from foveal.wording import visible

# A line that is seen on white and on black.
_LINE = "1px solid rgba(128,128,128,.45)"
_LONGEST = 240


def is_notebook() -> bool:
    """Whether this program runs in a notebook's kernel; a terminal's IPython is none.

    Examples
    --------
    >>> is_notebook()
    False
    """
    # Nobody has to import it to tell.
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def escaped(text: object) -> str:
    """A text for the inside of a page: no tag, nothing unseen, and shortened where it is endless.

    Examples
    --------
    >>> escaped("<b>cat & dog</b>")
    '&lt;b&gt;cat &amp; dog&lt;/b&gt;'
    """
    words = " ".join(str(text).split())
    if len(words) > _LONGEST:
        words = f"{words[: _LONGEST - 1]}…"
    return escape(visible(words))


def card(title: str, facts: Mapping[str, Any], *parts: str) -> str:
    """A heading, facts on a line each, and further parts below, which are HTML.

    Parameters
    ----------
    title : str
    facts : mapping of str
        What is empty (None or ``""``) is left out.
    *parts : str

    Returns
    -------
    str
    """
    rows = [(key, value) for key, value in facts.items() if value not in (None, "")]
    return (
        '<div style="max-width:60em;overflow-x:auto">'
        f'<div style="margin:.2em 0 .4em"><b>{escaped(title)}</b></div>{table((), rows) if rows else ""}'
        f"{''.join(parts)}</div>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table, of which the first column is its names.

    Below a heading, numbers stand to the right. A float has three decimals.
    """
    names = "".join(_cell(name, "th", numeric=place > 0) for place, name in enumerate(head))
    # Of facts, which have no head, each number is another thing: they do not stand below each other.
    lines = [
        "<tr>"
        + "".join(
            _cell(value, "td", numeric=bool(head) and place > 0, name=place == 0)
            for place, value in enumerate(row)
        )
        + "</tr>"
        for row in rows
    ]
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    return (
        '<table style="border-collapse:collapse;margin:.2em 0 .6em;width:auto;display:table">'
        f"{top}<tbody>{''.join(lines)}</tbody></table>"
    )


def pictures(images: Iterable[tuple[str, str]]) -> str:
    """Images beside each other, as many in a line as there is room for.

    Parameters
    ----------
    images : iterable of (data URI, caption)

    Returns
    -------
    str
        Empty where there is none.
    """
    cells = [
        '<figure style="margin:0 .5em .5em 0;display:inline-block;vertical-align:top;max-width:100%">'
        f'<img src="{escape(source)}" alt="{escaped(caption)}" style="max-width:100%;display:block;margin:0">'
        f'<figcaption style="font-size:85%;opacity:.8;max-width:22em;overflow-wrap:anywhere">'
        f"{escaped(caption)}</figcaption></figure>"
        for source, caption in images
    ]
    return f"<div>{''.join(cells)}</div>" if cells else ""


def _cell(value: Any, tag: str, *, numeric: bool, name: bool = False) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if _is_number(value) else value
    side = "right" if numeric else "left"
    # A name breaks where there are words, a long value wherever it has to.
    breaks = "normal" if name and len(str(text)) < 30 else "anywhere"
    style = f"text-align:{side};padding:.15em .8em .15em 0;border-bottom:{_LINE};overflow-wrap:{breaks}"
    return f'<{tag} style="{style}">{escaped(text)}</{tag}>'


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
