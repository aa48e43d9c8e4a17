"""The report as one HTML file."""

import base64
import hashlib
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foveal.files import write_text
from foveal.report.html.blocks import Chapter, Headline
from foveal.report.html.embedding import figure_to_svg
from foveal.wording import count, visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def write_report(
    path: str | os.PathLike[str],
    title: str,
    intro: str,
    chapters: Sequence[Chapter],
    headlines: Sequence[Headline] = (),
) -> None:
    """Write chapters as one HTML file that asks nothing of any other file or of the network.

    The same chapters give the same bytes. The file is written whole or not at all.

    Parameters
    ----------
    path : path-like
        Where to write; an existing file is replaced.
    title : str
    intro : str
        A sentence or two under the title; where it is empty and there is one chapter, that one's text.
    chapters : sequence of Chapter
        Made by :func:`foveal.report.detection_chapter` and
        :func:`foveal.report.classification_chapter`.
    headlines : sequence of Headline
        Large numbers above the first chapter, where there are several chapters.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(file, "Nothing yet", "An empty report.", [Chapter("One", "A model", "It is empty.")])
    >>> file.read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    write_text(path, render_report(title, intro, chapters, headlines))


def render_report(
    title: str, intro: str, chapters: Sequence[Chapter], headlines: Sequence[Headline] = ()
) -> str:
    """The text of the file that :func:`write_report` writes.

    Parameters
    ----------
    title, intro, chapters, headlines
        As in :func:`write_report`.

    Returns
    -------
    str
    """
    return render_template(
        "report.html", title=title, intro=intro, chapters=list(chapters), headlines=list(headlines)
    )


def write_image_page(
    path: str | os.PathLike[str],
    title: str,
    chapters: Sequence[Chapter],
    sentences: Sequence[str],
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """Write a page that has a chapter for each of some images.

    Parameters
    ----------
    path : path-like
    title : str
        Of a page with several chapters; one alone gives its own.
    chapters : sequence of Chapter
    sentences : sequence of str
        What the page tells. Where there is one chapter its text stands in the place of the first, since a
        page of one chapter has no other head.
    unreadable : mapping of str to str, optional
        Files that could not be read, each with the reason: they are told of in the end.
    """
    alone = chapters[0] if len(chapters) == 1 else None
    told = [*sentences] if alone is None else [alone.text, *sentences[1:]]
    write_report(
        path, title if alone is None else alone.title, " ".join(told) + say_unreadable(unreadable), chapters
    )


def say_unreadable(unreadable: Mapping[str, str] | None) -> str:
    """A sentence, after a space, on files that could not be read; nothing where there are none."""
    if not unreadable:
        return ""
    return f" {count(len(unreadable), 'file')} could not be read: {' '.join(unreadable.values())}"


def render_template(name: str, **values: Any) -> str:
    """A template of the folder beside this file, filled; all but its own marks is escaped.

    A page has one script, that of the templates, whose digest its policy names: whatever else gets into it is
    never run. What is asked of the network, of other files or of forms is refused.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("foveal.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = itertools.count(1)
    # What figure_to_svg returns is made by matplotlib, which escapes the names in it.
    environment.filters["svg"] = lambda figure: Markup(figure_to_svg(figure, f"chart-{next(numbers)}"))
    environment.filters["breakable"] = _breakable
    environment.globals["script"] = lambda *names: Markup(_script(environment, names))
    environment.globals["policy"] = lambda script: Markup(content_policy(script))
    return environment.get_template(name).render(**values)


def _breakable(text: str) -> "Markup":
    """A name or a key, escaped, that may be broken after its dots, lines and strokes and nowhere else."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=\w)([._/-]+)(?=\w)(?!(?<=\d\.)\d)", r"\1<wbr>", str(escape(visible(text)))))


def _script(environment: "Environment", names: Sequence[str]) -> str:
    """Scripts of the folder as the text of one element, the same to the last letter whenever asked for."""
    return "\n" + "".join(environment.get_template(name).render() + "\n" for name in names)


def content_policy(script: str) -> str:
    """The Content-Security-Policy of a page with one inline script, the whole text of its element.

    Examples
    --------
    >>> content_policy("alert(1)").split("; ")[3]
    "script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    """
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    # Figures bring along attributes of style, which have no digest; they cannot reach anything.
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
