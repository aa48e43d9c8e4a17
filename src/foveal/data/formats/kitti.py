"""KITTI's object labels: one text file an image (Geiger et al., 2012, the readme of the devkit)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents, text_of
from foveal.data.file_tree import Match, Tree, composed, join, stem_of
from foveal.data.formats.drawings import Drawing, coordinate, gather
from foveal.data.formats.records import Reading
from foveal.data.formats.writing import Pictures, check_detection, place_image, unique_names
from foveal.errors import DataError
from foveal.files import write_text
from foveal.wording import count

# Behind the class: truncated, occluded, alpha, four of the box, three sizes, three places, a rotation.
_NUMBERS = 14
# Files of a folder that are looked at to tell whether it holds labels of KITTI.
_LOOKED_AT = 20
_FOLDERS = {"train": "training", "val": "validation", "test": "testing"}


def _object(line: str) -> tuple[str, list[str]] | None:
    """The class and the numbers of a line; None where it is no such line.

    A result has its score behind them. Names may hold spaces, though those of KITTI do not.
    """
    words = line.split()
    first = next((i for i, word in enumerate(words) if _is_number(word)), 0)
    numbers = words[first:]
    if not first or len(numbers) not in (_NUMBERS, _NUMBERS + 1) or not all(map(_is_number, numbers)):
        return None
    return composed(" ".join(words[:first])), numbers


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _label_files(tree: Tree, folder: str) -> Iterator[tuple[str, Match]]:
    """The label files of a folder, each with its image: of ``label_2`` in ``image_2``, not ``image_3``."""
    files = [name for name in tree.folders[folder] if name.lower().endswith(".txt")]
    above, slash, last = folder.lower().rpartition("/")
    beside = f"{above}{slash}{last.replace('label', 'image')}"
    images = [other for other in tree.folders if other.lower() == beside] if files else []
    for name in files:
        match = tree.image_of(join(folder, name), folders=images)
        if match.image is not None or match.rivals:
            yield join(folder, name), match


def _is_folder_of_labels(tree: Tree, folder: str) -> bool:
    """Whether a line of one of the folder's first label files is an object as KITTI writes it."""
    for file, _ in islice(_label_files(tree, folder), _LOOKED_AT):
        with suppress(DataError):
            lines = text_of(tree.path(file)).splitlines()
            if _object(next((line for line in lines if line.strip()), "")) is not None:
                return True
    return False


def _is_empty(tree: Tree, folder: str) -> bool:
    return all(tree.path(file).stat().st_size == 0 for file, _ in _label_files(tree, folder))


@dataclass
class _Labels:
    """A label file: what it draws, the regions that it leaves open, and whether its objects have scores."""

    drawing: Drawing
    open_regions: int = 0
    scores: int = 0


def _parse(tree: Tree, file: str) -> _Labels:
    labels = _Labels(Drawing(stem_of(file)))
    for number, line in enumerate(text_of(tree.path(file)).splitlines(), 1):
        if not line.strip():
            continue
        found = _object(line)
        try:
            if found is None:
                raise ValueError(f"is not `class` and {_NUMBERS} numbers: {line.strip()[:60]!r}")
            name, numbers = found
            box = [coordinate(word) for word in numbers[3:7]]
        except ValueError as error:
            labels.drawing.broken.append(f"Line {number} {error}.")
            continue
        if name.lower() == "dontcare":
            labels.open_regions += 1
        else:
            labels.scores += len(numbers) > _NUMBERS
            labels.drawing.add(name, box)
    return labels


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's labels of KITTI say; None where there are none.

    The classes are sorted by name.

    Raises
    ------
    DataError
        If two folders of label files contradict each other about an image.
    """
    found: dict[str, list[tuple[str, Match, _Labels]]] = {}
    unreadable: list[Finding] = []
    broken: list[str] = []
    sure = [folder for folder in tree.folders if _is_folder_of_labels(tree, folder)]
    called = {folder.rpartition("/")[2].lower() for folder in sure}
    for folder in tree.folders:
        # Another part may hold background only.
        same = folder.rpartition("/")[2].lower() in called and _is_empty(tree, folder)
        if folder not in sure and not same:
            continue
        found[folder] = []
        for file, match in _label_files(tree, folder):
            try:
                found[folder].append((file, match, _parse(tree, file)))
            except DataError as error:
                action = "The file and its picture are left out."
                unreadable.append(Finding("broken-annotation", "error", file, str(error), action))
                broken += [match.image] if match.image else []
    if not found:
        return None
    results = {folder for folder, some in found.items() if any(labels.scores for _, _, labels in some)}
    # A detector's results beside the labels are no second opinion on them.
    kept = [folder for folder in found if folder not in results] or list(found)
    some = [one for folder in kept for one in found[folder]]
    reading = gather(
        [(file, match, labels.drawing) for file, match, labels in some],
        place=lambda file: file.rpartition("/")[0],
    )
    reading.findings += unreadable
    reading.broken = broken
    reading.findings += _told(some, [folder for folder in found if folder not in kept])
    return reading


def _told(some: list[tuple[str, Match, _Labels]], left_out: list[str]) -> Iterator[Finding]:
    regions = sum(labels.open_regions for _, _, labels in some)
    if regions:
        these = count(regions, "region is", "regions are")
        text = f"{these} marked as DontCare: they may hold objects that nobody labelled."
        action = "They are left out: what is in them counts as background."
        yield Finding("crowd-regions", "note", "", text, action)
    scores = sum(labels.scores for _, _, labels in some)
    if scores:
        text = (
            f"{count(scores, 'object has', 'objects have')} a score in the 16th column, as a model's results."
        )
        action = "It is not used: see that these are labels, no predictions."
        yield Finding("confidence-column", "note", "", text, action)
    for folder in left_out:
        text = "The objects have a score in the 16th column: they are a model's results."
        yield Finding("other-format", "note", folder, text, "They are left out.")


def write_kitti(dataset: Dataset, folder: str | os.PathLike[str], *, images: Pictures = True) -> None:
    """Write a detection data set as KITTI's object labels.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``image_2/`` (copies of the images that exist) and ``label_2/``; where the data set has splits,
        in ``training/``, ``validation/`` and ``testing/``.
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.

    Raises
    ------
    DataError
        If the data set is for classification, or two classes differ by blanks alone.

    Notes
    -----
    What KITTI has no words for is lost: difficult objects and crowd regions become its ``DontCare`` regions,
    which have no class; blanks in names become ``_``; ids, areas, unused classes and the order of the classes
    are not written. What is known of none, such as places in space, gets the numbers of ``DontCare``. Numbers
    are written with all their digits. Images with equal names get their id added.
    """
    check_detection(dataset, "KITTI")
    folder = Path(folder)
    names = ["_".join(name.split()) for name in dataset.classes]
    if len(set(names)) < len(names):
        raise DataError(
            f"Two classes of {dataset.root} differ by blanks alone, which KITTI's names cannot hold."
        )
    for sample, name in zip(dataset, unique_names(dataset), strict=True):
        place = folder / _FOLDERS[sample.split] if sample.split else folder
        lines = []
        for box, label, open_region in zip(
            sample.boxes.astype(np.float64).tolist(),
            sample.labels,
            sample.difficult | sample.crowd,
            strict=True,
        ):
            known = "DontCare -1 -1 -10" if open_region else f"{names[int(label)]} 0 0 -10"
            lines.append(f"{known} {' '.join(map(repr, box))} -1 -1 -1 -1000 -1000 -1000 -10\n")
        write_text(place / "label_2" / f"{Path(name).stem}.txt", "".join(lines))
        place_image(sample, place / "image_2" / name, images)
