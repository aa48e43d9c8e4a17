"""Validation scores of the settings that a search tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import draw_bars, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import ACCENT, FULL_WIDTH, MOST_CLASSES, MUTED, TEXT_SIZE, new_figure
from foveal.report.figures.cells import draw_cells

Candidate = Mapping[str, Any]


def draw_grid(candidates: Sequence[Candidate]) -> Figure:
    """The scores of a grid search: one panel for each choice of words, cells for the numbers.

    Parameters
    ----------
    candidates : sequence of mappings
        Each with ``setting`` (a mapping of parameter names to values), ``score`` (on validation,
        higher is better) and ``chosen`` (whether it was taken): the ``candidate`` events of a training
        log.

    Returns
    -------
    matplotlib.figure.Figure
        Settings that share their text values (``kernel="rbf"``) share a panel; there the one or two
        numbers that vary are the columns and rows. Where more than two vary, the best 20 settings are
        bars instead. The chosen setting is framed, or accented.

    Examples
    --------
    >>> tried = [
    ...     {"setting": {"kernel": "rbf", "C": c, "gamma": g}, "score": 0.5 + c / 20, "chosen": c * g == 10}
    ...     for c in (1, 10)
    ...     for g in (0.1, 1)
    ... ]
    >>> draw_grid(tried).axes[0].get_title(loc="left")
    'kernel = rbf'
    """
    if not candidates:
        return say_instead("No settings were compared.", FULL_WIDTH, 1.5)
    panels: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        words = [f"{k} = {v}" for k, v in candidate["setting"].items() if not _is_number(v)]
        panels.setdefault(", ".join(words), []).append(candidate)
    varying = {title: _varying(members) for title, members in panels.items()}
    places = {title: {_at(m, names) for m in panels[title]} for title, names in varying.items()}
    if len(panels) > 4 or any(
        len(names) > 2 or len(places[title]) < len(panels[title]) for title, names in varying.items()
    ):
        return _draw_bars(candidates)
    scores = [float(c["score"]) for c in candidates]
    rows = max(len({place[1:] for place in own}) for own in places.values())
    figure = new_figure(FULL_WIDTH, max(1.6, 1.25 + 0.42 * rows))
    for i, (title, members) in enumerate(panels.items(), start=1):
        axes = new_axes(figure, (1, len(panels), i), grid=None)
        _draw_panel(axes, members, varying[title], title, min(scores), max(scores))
    return figure


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _varying(members: Sequence[Candidate]) -> list[str]:
    """The numbers that differ between settings; the first one where none does."""
    values: dict[str, set[float]] = {}
    for member in members:
        for name, value in member["setting"].items():
            if _is_number(value):
                values.setdefault(name, set()).add(value)
    return [name for name, seen in values.items() if len(seen) > 1] or list(values)[:1]


def _at(member: Candidate, names: Sequence[str]) -> tuple[float, ...]:
    return tuple(float(member["setting"].get(name, float("nan"))) for name in names)


def _draw_panel(
    axes: Axes, members: Sequence[Candidate], names: Sequence[str], title: str, low: float, high: float
) -> None:
    columns = sorted({_at(m, names[:1]) for m in members})
    rows = sorted({_at(m, names[1:2]) for m in members})
    shades = np.full((len(rows), len(columns)), np.nan)
    texts = [[""] * len(columns) for _ in rows]
    marked = None
    for member in members:
        i, j = rows.index(_at(member, names[1:2])), columns.index(_at(member, names[:1]))
        score = float(member["score"])
        shades[i, j] = 0.1 + 0.9 * (score - low) / (high - low) if high > low else 0.5
        texts[i][j] = f"{score:.3f}"
        if member.get("chosen"):
            marked = (i, j)
    names_of_rows, names_of_columns = ([f"{v[0]:g}" if v else "" for v in side] for side in (rows, columns))
    size = TEXT_SIZE if len(columns) <= 8 else TEXT_SIZE - 2
    draw_cells(axes, shades, texts, names_of_rows, names_of_columns, marked=marked, text_size=size)
    name_axes(axes, names[0] if names else "", names[1] if len(names) > 1 else "", title)


def _draw_bars(candidates: Sequence[Candidate]) -> Figure:
    best = sorted(candidates, key=lambda c: -float(c["score"]))[:MOST_CLASSES]
    figure = new_figure(FULL_WIDTH, 0.9 + 0.27 * len(best))
    axes = new_axes(figure, grid="x")
    scores = [float(c["score"]) for c in best]
    names = [", ".join(f"{k}={v}" for k, v in c["setting"].items()) for c in best]
    colors = [ACCENT if c.get("chosen") else MUTED for c in best]
    draw_bars(axes, names, scores, [f"{score:.3f}" for score in scores], colors=colors, longest=60)
    axes.set_xlim(0, max([*scores, 1e-9]) * 1.1)
    title = "" if len(best) == len(candidates) else f"The best {len(best)} of {len(candidates)} settings"
    name_axes(axes, "score on validation", title=title)
    return figure
