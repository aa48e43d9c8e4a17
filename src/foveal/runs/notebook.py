"""What a notebook shows of a run: its figures, and some held-out images with the answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foveal import notebook
from foveal.errors import ImageError
from foveal.files import readable
from foveal.images import data_uri, read, resize_to_fit
from foveal.runs.folder import RunFolder
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.report.records import ClassificationRecord, DetectionRecord, ProposalRecord

    Record = ClassificationRecord | DetectionRecord | ProposalRecord

# The figures that are looked at first.
_FOREMOST = ("AP50", "AP", "accuracy", "balanced_accuracy", "proposals/recall50@100", "proposals/MABO@100")
# Images in a notebook, and their longer side.
_PICTURES, _LONGEST = 6, 260


def foremost(metrics: Mapping[str, float]) -> dict[str, float]:
    """The two figures that tell most, as far as there are such.

    Examples
    --------
    >>> foremost({"AP": 0.5, "AP75": 0.4, "AP50": 0.75})
    {'AP50': 0.75, 'AP': 0.5}
    """
    return {key: metrics[key] for key in _FOREMOST if key in metrics and metrics[key] is not None}


def finished_html(folder: RunFolder, metrics: Mapping[str, float], record: "Record") -> str:
    """A run that came to its end, as HTML."""
    parts, test = record.parts, record.test
    chosen = f"{len(parts.validation):,} to choose by, " if len(parts.validation) else ""
    facts: dict[str, Any] = {
        **foremost(metrics),
        "model": record.model,
        "classes": _names(record.data.classes),
        "images": f"{len(parts.train):,} to learn from, {chosen}{len(test):,} held out",
        "alarms": " ".join(alarm.message for alarm in record.alarms),
        "report": str(folder.report_file),
    }
    drawn = notebook.pictures(_answers(record))
    told = f"<div>{count(len(test), 'held-out image')}, some of them with the answers:</div>" if drawn else ""
    return notebook.card(f"{folder.path.name}: {record.model}", facts, told, drawn)


def _answers(record: "Record") -> Iterator[tuple[str, str]]:
    """Some held-out images, spread over all, with what the model says of them."""
    from foveal.report.records import ClassificationRecord, DetectionRecord

    test = record.test
    for place in np.unique(np.linspace(0, len(test) - 1, min(_PICTURES, len(test))).round().astype(int)):
        sample = test[int(place)]
        try:
            image = read(sample.path)
        except ImageError:
            continue
        small, scale = resize_to_fit(image, _LONGEST)
        said = sample.name
        if isinstance(record, DetectionRecord):
            found = record.detections[int(place)].above(record.score_threshold)
            small = replace(found, boxes=found.boxes * np.float32(scale)).draw(small)
            said += f": {len(found)} found, {int(sample.trainable.sum())} there"
        elif isinstance(record, ClassificationRecord) and sample.label is not None:
            answer, truth = test.classes[int(record.predictions[place])], test.classes[sample.label]
            said += f": {answer}" if answer == truth else f": {answer}, is {truth}"
        yield data_uri(small, _LONGEST), said


def _names(classes: tuple[str, ...]) -> str:
    shown = ", ".join(readable(name) for name in classes[:8])
    return shown + (f" and {len(classes) - 8} more" if len(classes) > 8 else "")


def results_html(folder: Path, results: Sequence[Mapping[str, Any]], unreadable: Mapping[str, str]) -> str:
    """What was found in files, as HTML: the first of the drawn images, and the files that are bad."""
    facts = {"files": len(results), "unreadable": len(unreadable) or None}
    bad = notebook.table((), list(unreadable.items())[:_PICTURES])
    drawn = notebook.pictures(_drawn(folder))
    return notebook.card(str(folder), facts, bad if unreadable else "", drawn)


def _drawn(folder: Path) -> Iterator[tuple[str, str]]:
    written = sorted((folder / "drawn").glob("*")) if (folder / "drawn").is_dir() else []
    for file in written[:_PICTURES]:
        try:
            yield data_uri(read(file), _LONGEST), readable(file.name)
        except ImageError:
            continue
