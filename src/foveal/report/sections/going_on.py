"""The section about a model that another was trained on from: both, on the same old and new images."""

from collections.abc import Mapping
from pathlib import Path

from foveal.report.html.blocks import Note, Section, Table
from foveal.report.records import Record
from foveal.report.wording import format_figure

#: The columns of what :func:`old_and_new` gives.
BESIDE = ("pictures", "figure", "before", "now", "difference")
_BEFORE, _OLD = "before/", "old_data/"


def old_and_new(metrics: Mapping[str, float]) -> tuple[dict[str, float], list[tuple[str, ...]]]:
    """The figures of a run by themselves, and those of its model beside the model that it went on from.

    Parameters
    ----------
    metrics : mapping of str to float
        Of a run; those of one that began from nothing have nothing to stand beside.

    Returns
    -------
    own : dict of str to float
        Without what is of the old model or the old images.
    rows : list of tuple of str
        In the columns :data:`BESIDE`: of the new held-out images, then of the old ones.

    Examples
    --------
    >>> own, rows = old_and_new({"AP50": 0.8, "before/AP50": 0.25, "AP75": 0.5})
    >>> own, rows
    ({'AP50': 0.8, 'AP75': 0.5}, [('new', 'AP50', '0.250', '0.800', '+0.550')])
    """
    own = {key: value for key, value in metrics.items() if not key.startswith((_BEFORE, _OLD))}
    rows: list[tuple[str, ...]] = []
    for pictures, start in (("new", ""), ("old", _OLD)):
        before = f"{start}{_BEFORE}"
        for key, old in metrics.items():
            name = key.removeprefix(before)
            if key.startswith(before) and f"{start}{name}" in metrics:
                now = metrics[f"{start}{name}"]
                shown = name.removeprefix("proposals/").replace("_", " ")
                rows.append((pictures, shown, format_figure(old), format_figure(now), f"{now - old:+.3f}"))
    return own, rows


def going_on_sections(record: Record) -> list[Section]:
    """A section, or none for a run that began from nothing."""
    origin = record.config.get("from")
    if not isinstance(origin, Mapping):
        return []
    _, rows = old_and_new(record.metrics)
    known, classes = list(origin.get("classes", ())), list(record.test.classes)
    more = [name for name in classes if name not in known]
    added = f"New classes: {', '.join(more)}." if more else "It has the same classes."
    name = Path(str(origin["run"])).name
    text = f"It went on from the run {name}. {added} “Before” is that run's model, “now” this one's."
    blocks: list[Note | Table] = []
    for pictures, title in (("new", "The new held-out pictures"), ("old", f"What {name} held out")):
        some = [row[1:] for row in rows if row[0] == pictures]
        if some:
            blocks.append(Table(title, BESIDE[1:], some))
    return [Section("Old and new", text, [*blocks, Note(str(origin.get("old_data", "")))])]
