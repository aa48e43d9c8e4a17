"""The splits that a ``data.yaml`` tells."""

from collections import defaultdict
from collections.abc import Sequence

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import text_of
from foveal.data.file_tree import Tree
from foveal.data.formats.records import Record
from foveal.data.formats.yolo.name_files import Names
from foveal.errors import DataError


def splits_of(
    tree: Tree, found: Names, records: Sequence[Record], findings: list[Finding]
) -> dict[str, SplitName]:
    """The split of every image that a ``data.yaml`` puts in one.

    Places are folders of images, folders of labels, or lists of images. An image in several counts for the
    first of test, val, train; where two splits are one and the same place, it tells neither from the other.

    Parameters
    ----------
    tree : Tree
    found : Names
    records : sequence of Record
        They tell which image belongs to a label file.
    findings : list of Finding
        Gets one for every place that is not there, and for images in several splits.
    """
    by_split: dict[SplitName, list[str]] = defaultdict(list)
    for split, place in found.places:
        by_split[split].append(place)
    held_out: tuple[SplitName, ...] = ("val", "test")
    same = [s for s in held_out if by_split[s] and set(by_split[s]) == set(by_split["train"])]
    for one in same:
        text = f"The train and the {one} part are the same: {', '.join(by_split[one])}."
        findings.append(Finding("in-two-splits", "warning", found.yaml, text, f"It is no {one} part."))
    told: dict[str, SplitName] = {}
    moved: dict[tuple[SplitName, SplitName], list[str]] = defaultdict(list)
    image_of = {record.annotation: record.image for record in records if record.image is not None}
    counted: tuple[SplitName, ...] = ("train", "val", "test")
    for wanted in counted:
        for place in by_split[wanted] if wanted not in same else ():
            inside = _inside(tree, place, image_of)
            if inside is None:
                text = f"The YAML file calls this the {wanted} part, but it is not in the data set."
                findings.append(Finding("listed-but-missing", "warning", place, text, "The name is ignored."))
                continue
            for image in inside:
                if (before := told.get(image, wanted)) != wanted:
                    moved[before, wanted].append(image)
                told[image] = wanted
    for (before, after), images in moved.items():
        text = f"{images[0]} is in the {before} and the {after} part."
        if len(images) > 1:
            text = f"{len(images):,} pictures, such as {images[0]}, are in the {before} and the {after} part."
        findings.append(Finding("in-two-splits", "warning", found.yaml, text, f"They count as {after} only."))
    return told


def _inside(tree: Tree, place: str, image_of: dict[str | None, str]) -> list[str] | None:
    """The images of a place; None where there is no such place."""
    if place in tree.folders:
        start = f"{place}/" if place else ""
        images = [image for image in tree.images if image.startswith(start)]
        return images or [
            image for label, image in image_of.items() if label is not None and label.startswith(start)
        ]
    if place not in tree.known:
        return None
    try:
        lines = text_of(tree.path(place)).splitlines()
    except DataError:
        return None
    named = [tree.image_named(line.strip(), place).image for line in lines if line.strip()]
    return [image for image in named if image is not None]
