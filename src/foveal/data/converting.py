"""Writing a data set in another format, such that what is written is what was read."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from foveal.data.comparing import compare
from foveal.data.dataset import Dataset, Sample, relative_name
from foveal.data.findings import Finding
from foveal.data.formats.table import FORMATS, Format
from foveal.data.formats.writing import Pictures
from foveal.data.loading import load
from foveal.errors import DataError, SettingError, did_you_mean
from foveal.events import Callbacks, stage
from foveal.files import check_free, replacing, whole_folder
from foveal.images import probe
from foveal.wording import count

#: What becomes of the images.
Placing = Literal["copy", "link"]


@dataclass(frozen=True)
class Converted:
    """What was written.

    Attributes
    ----------
    folder : pathlib.Path
    format : str
    images, objects : int
        What is in it.
    classes : tuple of str
        As they are read there.
    splits : dict of str to int
        Images of each part; none where it has no parts.
    findings : tuple of Finding
        What the source has that is not in it, or is otherwise, counted.
    """

    folder: Path
    format: str
    images: int
    objects: int
    classes: tuple[str, ...]
    splits: dict[str, int]
    findings: tuple[Finding, ...]


def writer_of(name: str, task: str = "detection") -> Format:
    """The row of a format that can be written.

    Raises
    ------
    DataError
        If there is none of that name; the sentence lists those that are.
    """
    # A table of boxes and a table of classes are both a CSV file.
    name = {"csv": "labels"}.get(name, name) if task == "classification" else name
    row = FORMATS.get(name.lower().replace("-", "_"))
    if row is None or row.write is None:
        known = [row.name for row in FORMATS.values() if row.write]
        what = f"{row.title} can be read, not written" if row else f"There is no format {name!r}"
        near = "" if row else did_you_mean(name, known)
        raise DataError(f"{what}; what can be written is {', '.join(known)}.{near}")
    return row


def convert(
    dataset: Dataset,
    to: str,
    out: str | os.PathLike[str],
    *,
    images: Placing = "copy",
    callbacks: Callbacks = (),
) -> Converted:
    """Write a data set in a format, read it again, and tell what the format could not hold.

    Parameters
    ----------
    dataset : Dataset
    to : str
        A format that has a writer: ``voc``, ``coco``, ``yolo``, ``labelme``, ``create_ml``, ``cvat``,
        ``label_studio``, ``kitti``, ``csv``; for classification ``folders`` or ``labels`` (a table, also
        called ``csv``).
    out : path-like
        A folder that does not exist or is empty. It is there when all is done and compared, or not at all.
    images : {"copy", "link"}, default="copy"
        Copies of the images, or links: hard ones on the same disk, symbolic ones elsewhere.
    callbacks : sequence of callables

    Returns
    -------
    Converted
        Its ``findings`` begin with what was left out before, see :meth:`foveal.data.Dataset.filter`.

    Raises
    ------
    DataError
        If there is no such writer, it does not fit the task, or what was written is not read as what was
        meant.
    SettingError
        If ``out`` exists and is not empty, or lies inside the data set.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> Image.new("RGB", (40, 30)).save(root / "a.png")
    >>> none = np.zeros(1, bool)
    >>> box = np.array([[1, 2, 20.5, 12]], np.float32)
    >>> sample = Sample(root / "a.png", 1, 40, 30, box, np.array([0]), ~none, none, np.array([195.0]))
    >>> cats = Dataset(root, "voc", "detection", ("cat",), (sample,))
    >>> done = convert(cats, "yolo", root / "yolo")
    >>> done.images, done.objects, [finding.kind for finding in done.findings]
    (1, 1, ['lost-difficult'])
    >>> load(done.folder)[0].boxes.tolist()
    [[1.0, 2.0, 20.5, 12.0]]
    """
    row = writer_of(to, dataset.task)
    check_place(dataset, out)
    dataset = without_missing(dataset)
    with stage(callbacks, "pictures", total=len(dataset)) as progress:
        done = 0

        def place(sample: Sample, target: Path) -> None:
            nonlocal done
            if sample.path.is_file():
                copy_or_link(sample.path, target, images)
            done += 1
            progress(done)

        written = write_and_compare(dataset, row, out, place)
    return replace(written, findings=(*written.findings, *_turned(dataset)))


def write_and_compare(
    dataset: Dataset, row: Format, out: str | os.PathLike[str], place: Pictures
) -> Converted:
    """Write a data set with what puts its images in place, and compare what is read; see :func:`convert`."""
    out = check_place(dataset, out)
    if not len(dataset):
        raise DataError(f"{dataset.path} has no picture that is left: nothing can be written.")
    assert row.write is not None
    with whole_folder(out) as folder:
        row.write(dataset, folder, images=place)
        again, told = _read_again(dataset, folder, row)
        names = row.named(dataset)
        told += compare(dataset, names, again, row.title)
    before = [_of_the_copy(finding) for finding in dataset.findings]
    findings = (*before, *_renamed(dataset, names), *_unannotated(dataset), *told)
    objects = sum(len(sample.boxes) for sample in again)
    parts = Counter[str](sample.split or "in no part" for sample in again if again.splits)
    splits = {part: parts[part] for part in ("train", "val", "test", "in no part") if parts[part]}
    return Converted(
        out, row.name, len(again), objects, again.classes, splits, tuple(dict.fromkeys(findings))
    )


def _of_the_copy(finding: Finding) -> Finding:
    """What was read and is not kept is not written either."""
    action = "These marks are not in the copy."
    return replace(finding, action=action) if finding.kind == "truncated-objects" else finding


def copy_or_link(source: Path, target: Path, how: Placing) -> None:
    """Copy a file, or make a link to it: a hard one on the same disk, elsewhere a symbolic one."""
    if how == "copy":
        with replacing(target, sync=False) as temporary:
            shutil.copyfile(source, temporary)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    try:
        target.hardlink_to(source)
    except OSError:
        target.symlink_to(source)


def check_place(dataset: Dataset, out: str | os.PathLike[str]) -> Path:
    """The folder to be written: free, and outside the data set, of which it would be read as a part.

    Raises
    ------
    SettingError
        If it is not.
    """
    out = check_free(out)
    if dataset.source is not None and dataset.source.is_dir():
        inside = dataset.source.resolve()
        if out.resolve() == inside or inside in out.resolve().parents:
            raise SettingError(
                f"{out} lies inside the data set {dataset.source}, and would be read as part of it: name a "
                "folder outside with --out."
            )
    return out


def without_missing(dataset: Dataset) -> Dataset:
    """The images that can be copied, the others told; all where none is there, for their annotations."""
    there = [os.access(sample.path, os.R_OK) for sample in dataset]
    if all(there):
        return dataset
    if not any(there):
        told = [finding.kind for finding in dataset.findings]
        text = f"None of the {count(len(dataset), 'picture')} is there."
        finding = Finding("no-images", "warning", "", text, "The annotations alone are written.")
        return replace(dataset, findings=(*dataset.findings, *([] if "no-images" in told else [finding])))
    findings = [
        Finding(
            "missing-image",
            "error",
            relative_name(sample.path, dataset.root),
            "The picture is not there, or may not be read.",
            f"It and its {count(len(sample.boxes), 'object')} are left out.",
        )
        for sample, is_there in zip(dataset, there, strict=True)
        if not is_there
    ]
    kept = dataset.select(i for i, is_there in enumerate(there) if is_there)
    return replace(kept, findings=(*kept.findings, *findings))


def _read_again(dataset: Dataset, folder: Path, row: Format) -> tuple[Dataset, list[Finding]]:
    try:
        again = load(folder)
    except DataError:
        again = None
    if again is not None and again.format == row.name:
        return again, []
    try:
        again = load(folder, format=row.name)
    except DataError as error:
        there = any(sample.path.is_file() for sample in dataset)
        why = "what was written could not be read again" if there else "the pictures themselves are needed"
        raise DataError(
            f"{dataset.path} cannot be written as {row.title}: {why}. Name another format with --to."
        ) from error
    text = f"What was written could be taken for another format than {row.title}."
    action = f"Name it where it is used: --format {row.name}."
    return again, [Finding("unsure-format", "warning", "", text, action)]


def _renamed(dataset: Dataset, names: list[str]) -> Iterator[Finding]:
    for sample, name in zip(dataset, names, strict=True):
        name = name.rpartition("/")[2]
        if sample.name != name:
            text = "Another picture is called like it, or its name is none that every format can hold."
            file = relative_name(sample.path, dataset.root)
            yield Finding("renamed-image", "note", file, text, f"It is called {name}.")


def _unannotated(dataset: Dataset) -> list[Finding]:
    """Background that nobody said is background: in the copy somebody has."""
    some = [s for s in dataset if dataset.task == "detection" and s.annotation is None and not len(s.boxes)]
    if not some:
        return []
    text = f"{count(len(some), 'picture has', 'pictures have')} no annotation, such as {some[0].name}."
    action = "Written as background, with an annotation that says so: label what shows objects."
    return [Finding("no-annotation", "warning", "", text, action)]


def _turned(dataset: Dataset) -> Iterator[Finding]:
    """Images that EXIF turns: other programs may not turn them, and the boxes are of the upright image."""
    if dataset.task != "detection":
        return
    turned = [
        relative_name(sample.path, dataset.root)
        for sample in dataset
        if len(sample.boxes) and sample.path.is_file() and probe(sample.path).orientation != 1
    ]
    if turned:
        some = count(len(turned), "picture with boxes is", "pictures with boxes are")
        text = (
            f"{some} turned upright by EXIF alone, such as {turned[0]}; the boxes are of the upright picture."
        )
        action = "A program that ignores EXIF misplaces them: foveal doctor --fix writes upright pictures."
        yield Finding("exif-orientation", "warning", "", text, action)


def with_parts(dataset: Dataset, fractions: list[float], random_state: int = 0) -> Dataset:
    """The same data set, divided anew, in its own order; see :meth:`foveal.data.Dataset.split`."""
    split = {sample.id: sample.split for part in dataset.split(fractions, random_state) for sample in part}
    samples = tuple(replace(sample, split=split[sample.id]) for sample in dataset)
    return replace(dataset, samples=samples)
