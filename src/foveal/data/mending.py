"""A copy of a data set in which what a program can mend is mended."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foveal.data.checks.boxes import ROUNDING
from foveal.data.checks.images import SUFFIXES, same_objects
from foveal.data.converting import (
    Converted,
    Placing,
    check_place,
    copy_or_link,
    without_missing,
    write_and_compare,
    writer_of,
)
from foveal.data.dataset import Dataset, Sample, relative_name
from foveal.data.doctor import doctor
from foveal.data.findings import Finding
from foveal.data.formats.table import FORMATS, row_of
from foveal.data.loading import load
from foveal.data.selection import with_objects
from foveal.data.splitting import identical_files
from foveal.errors import DataError
from foveal.events import Callbacks, stage
from foveal.files import write_bytes
from foveal.images import ImageInfo, probe
from foveal.images.upright import upright
from foveal.wording import count

# Characters of names that some system, shell or format takes for something else.
_ODD = re.compile(r'[\x00-\x1f\x7f-\x9f\\/:*?"<>|\ud800-\udfff]')
# Of equal images the one that is kept: figures on the held-out part stay what they were.
_KEPT = {"test": 0, "val": 1}


@dataclass(frozen=True)
class Mended:
    """What :func:`mend` did.

    Attributes
    ----------
    written : Converted
        The copy.
    mended : tuple of Finding
        What was wrong, and what was done about it.
    left : tuple of Finding
        What the doctor says of the copy: a person has to look at it.
    """

    written: Converted
    mended: tuple[Finding, ...]
    left: tuple[Finding, ...]


def mend(
    dataset: Dataset,
    out: str | os.PathLike[str],
    *,
    to: str | None = None,
    images: Placing = "copy",
    callbacks: Callbacks = (),
) -> Mended:
    """Write a copy of a data set in which what a program can mend is mended.

    Images that EXIF turns are stored upright, wrong suffixes and odd names are put right, byte-identical
    images with the same objects are in it once (the one that is held out rather than the one that is learnt
    from), boxes that stick out are clipped, swapped corners put right, and boxes without area, outside the
    image or drawn twice are left out, as are images that cannot be read. Nothing else is touched, and
    nothing of the data set itself.

    Parameters
    ----------
    dataset : Dataset
    out : path-like
        A folder that does not exist or is empty.
    to : str, optional
        The format of the copy; by default the data set's own, and where that cannot be written COCO, or
        folders of classes.
    images : {"copy", "link"}, default="copy"
        As :func:`foveal.data.convert`.
    callbacks : sequence of callables

    Returns
    -------
    Mended

    Raises
    ------
    DataError
        As :func:`foveal.data.convert`, and if no image is left.
    SettingError
        As :func:`foveal.data.convert`.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> for name, colour in (("cat/1.png", 0), ("cat/2.png", 0), ("dog/1.jpg", 9)):
    ...     (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
    ...     Image.new("RGB", (40, 30), (colour, colour, colour)).save(root / "in" / name, "PNG")
    >>> done = mend(load(root / "in"), root / "out")
    >>> [(finding.kind, finding.file) for finding in done.mended]
    [('wrong-extension', 'dog/1.jpg'), ('duplicate-image', 'cat/2.png')]
    """
    row = writer_of(to or _format_of(dataset), dataset.task)
    check_place(dataset, out)
    dataset = without_missing(dataset)
    mended: list[Finding] = []
    kept: list[Sample] = []
    infos: dict[int, ImageInfo] = {}
    unreadable = {f.file: f for f in doctor(dataset, callbacks=callbacks) if f.kind == "unreadable-image"}
    for sample in dataset:
        file = relative_name(sample.path, dataset.root)
        if file in unreadable:
            mended.append(unreadable[file])
        else:
            if sample.path.is_file():
                infos[sample.id] = probe(sample.path)
            kept.append(sample)
    originals = {sample.id: sample for sample in kept}
    kept, told = _without_duplicates(dataset, kept)
    samples = []
    for sample in kept:
        sample, boxes = _with_good_boxes(dataset, sample)
        sample, names = _with_good_name(dataset, sample, infos.get(sample.id))
        samples.append(sample)
        mended += [*boxes, *names]
    mended += told
    if not samples:
        raise DataError(f"{dataset.path} has no picture that is left: nothing can be mended.")
    with stage(callbacks, "copies", total=len(samples)) as progress:
        done = 0

        def place(sample: Sample, target: Path) -> None:
            nonlocal done
            source, info = originals[sample.id].path, infos.get(sample.id)
            if info is not None and info.orientation != 1:
                write_bytes(target, upright(source), sync=False)
            elif info is not None:
                copy_or_link(source, target, images)
            done += 1
            progress(done)

        written = write_and_compare(replace(dataset, samples=tuple(samples)), row, out, place)
    left = doctor(load(out, format=row.name), callbacks=callbacks)
    return Mended(written, tuple(mended), tuple(left))


def _format_of(dataset: Dataset) -> str:
    row = FORMATS.get(dataset.format)
    if row is not None and row.write is not None:
        return row.name
    return "coco" if dataset.task == "detection" else "folders"


def _without_duplicates(dataset: Dataset, samples: list[Sample]) -> tuple[list[Sample], list[Finding]]:
    """Each image once, as far as all copies say the same."""
    dropped: set[int] = set()
    findings = []
    for group in identical_files([sample.path for sample in samples]):
        order = sorted(group, key=lambda i: (_KEPT.get(samples[i].split or "", 2), i))
        first, *others = (samples[i] for i in order)
        for other in others:
            if other.label != first.label or not same_objects(first, other):
                continue  # which is right, nobody can tell: the doctor says so
            dropped.add(other.id)
            text = f"The picture is byte-identical to {relative_name(first.path, dataset.root)}"
            parts = (first.split or "train", other.split or "train")
            text += f", which is in {parts[0]}, this one in {parts[1]}." if parts[0] != parts[1] else "."
            file = relative_name(other.path, dataset.root)
            findings.append(Finding("duplicate-image", "warning", file, text, "Left out."))
    return [sample for sample in samples if sample.id not in dropped], findings


def _with_good_boxes(dataset: Dataset, sample: Sample) -> tuple[Sample, list[Finding]]:
    """An image whose boxes lie in it, have an area and are there once."""
    if not len(sample.boxes):
        return sample, []
    file = relative_name(sample.path, dataset.root)
    boxes = sample.boxes.copy()
    findings = []
    first, last = boxes[:, :2].copy(), boxes[:, 2:].copy()
    # Of inclusive corners a pixel is the least.
    least = int(row_of(dataset).inclusive)
    swapped = last - first < 0
    boxes[:, :2], boxes[:, 2:] = (
        np.where(swapped, last - least, first),
        np.where(swapped, first + least, last),
    )
    changed = swapped.any(axis=1)
    if number := int(changed.sum()):
        text = f"{count(number, 'box has', 'boxes have')} swapped corners."
        findings.append(Finding("inverted-box", "error", file, text, "Put right."))
    if sample.width and sample.height:
        size = np.array([sample.width, sample.height] * 2, np.float32)
        clipped = np.clip(boxes, 0, size)
        beyond = np.abs(clipped - boxes).max(axis=1)
        boxes, changed = clipped, changed | (beyond > 0)
        if number := int((beyond > ROUNDING).sum()):
            some = count(number, "box sticks", "boxes stick")
            text = f"{some} out of the picture, by up to {beyond.max():.1f} pixels."
            findings.append(Finding("clipped-box", "warning", file, text, "What is outside is cut off."))
    sides = boxes[:, 2:] - boxes[:, :2]
    empty = (sides <= 0).any(axis=1)
    if number := int(empty.sum()):
        text = f"{count(number, 'box has', 'boxes have')} no area inside the picture."
        findings.append(Finding("empty-box", "error", file, text, "Left out."))
    rows = np.column_stack([boxes, sample.labels, sample.difficult, sample.crowd]).tolist()
    seen: set[tuple[float, ...]] = set()
    again = np.array([tuple(row) in seen or bool(seen.add(tuple(row))) for row in rows])  # type: ignore[func-returns-value]
    if number := int((again & ~empty).sum()):
        text = f"{count(number, 'object is', 'objects are')} there a second time."
        findings.append(Finding("duplicate-box", "warning", file, text, "Left out."))
    areas = np.where(changed, np.maximum(sides, 0).astype(np.float64).prod(axis=1), sample.areas)
    xywh = None if changed.any() else sample.xywh
    sample = replace(sample, boxes=boxes, areas=areas, xywh=xywh)
    return with_objects(sample, ~(again | empty)), findings


def _with_good_name(dataset: Dataset, sample: Sample, info: ImageInfo | None) -> tuple[Sample, list[Finding]]:
    """An image with a suffix that is its format's, and a name that is one everywhere."""
    file = relative_name(sample.path, dataset.root)
    findings = []
    stem, suffix = sample.path.stem, sample.path.suffix
    good = _ODD.sub("_", sample.path.with_suffix("").name).strip(" .") or "picture"
    if good != stem:
        action = f"It is called {good}{suffix}."
        findings.append(
            Finding("odd-name", "warning", file, "No file can be called so on every system.", action)
        )
    if info is not None and info.orientation != 1:
        new = suffix if info.format == "JPEG" else ".png"
        text = f"EXIF orientation {info.orientation} says that the stored pixels are not upright."
        action = "Stored upright." if new == suffix else "Stored upright, as PNG."
        findings.append(Finding("exif-orientation", "note", file, text, action))
        suffix = new
    if info is not None and info.format in SUFFIXES and not (info.orientation != 1 and suffix == ".png"):
        known = SUFFIXES[info.format]
        if suffix.lower() not in known:
            text = f"The file is named {suffix} but is {info.format}."
            action = f"It is named {known[0]}."
            findings.append(Finding("wrong-extension", "warning", file, text, action))
            suffix = known[0]
    if f"{good}{suffix}" == sample.path.name:
        return sample, findings
    return replace(sample, path=sample.path.with_name(f"{good}{suffix}")), findings
