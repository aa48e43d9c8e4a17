"""Annotations that once did harm: what makes each in a folder, by what it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

LAUGHS = "".join(f"j{i}: &j{i} [{', '.join([f'*j{i - 1}' if i else 'x'] * 9)}]\n" for i in range(10))


def _yolo(folder: Path, yaml: str = "", names: str = "dog", label: str = "0 .5 .5 .2 .2") -> None:
    (folder / "labels").mkdir()
    (folder / "labels/i0.txt").write_text(label)
    (folder / "classes.txt").write_text(names)
    if yaml:
        (folder / "data.yaml").write_text(yaml)


def _coco(
    folder: Path, images: list[Any], annotations: list[Any], categories: list[Any], name: str = "coco.json"
) -> None:
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / name).write_text(json.dumps(content))


IMAGE = {"id": 1, "file_name": "i0.png"}
BOX = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 12]}
DOG = {"id": 1, "name": "dog"}


def yaml_references(folder: Path) -> None:
    """References that multiply, where a path should be: it hung."""
    _yolo(folder, f"{LAUGHS}names: [dog]\npath: *j9\n")


def yaml_that_holds_itself(folder: Path) -> None:
    """RecursionError."""
    _yolo(folder, "names: [dog]\npath: &p [*p]\n")


def many_categories(folder: Path) -> None:
    """Each was compared with all: 25 seconds."""
    _coco(folder, [IMAGE], [BOX], [{"id": 1, "name": f"kind {i}"} for i in range(20_000)])


def many_names_in_place_of_ids(folder: Path) -> None:
    """Each annotation looked its class up among all."""
    entries = [{**BOX, "id": i, "category_id": f"kind {i} "} for i in range(20_000)]
    _coco(folder, [IMAGE], entries, [{"id": i, "name": f"kind {i}"} for i in range(20_000)])


def open_tags(folder: Path) -> None:
    """Elements in elements without end."""
    (folder / "i0.xml").write_text("<annotation>" * 1_000_000)


def nested_annotations(folder: Path) -> None:
    """Each annotation was read again for those around it."""
    (folder / "i0.xml").write_text("<a><annotation><filename/>" * 200_000)


def long_names(folder: Path) -> None:
    """More bytes than a name may have, in fewer than 80 letters: OSError."""
    _coco(folder, [{"id": 1, "file_name": "\U0001f0a1" * 79}], [BOX], [DOG])


def numbers_of_hundreds_of_digits(folder: Path) -> None:
    """OverflowError: too large for a float."""
    line = {"file_name": "i0.png", "objects": {"bbox": [[10**400, 1, 2, 3]], "categories": [0]}}
    (folder / "metadata.jsonl").write_text(json.dumps(line))


def numbers_before_names(folder: Path) -> None:
    """ValueError: thousands of digits are no number to Python."""
    _yolo(folder, names="9" * 5000 + " dog\n1 cat")


def many_boxes_of_one_image_twice(folder: Path) -> None:
    """All pairs of boxes were compared, and did not fit into memory."""
    for number, name in enumerate(("train.json", "val.json")):
        entries = [{**BOX, "id": i, "bbox": [i % 977, i % 331, 20 + number, 20]} for i in range(1, 12_000)]
        _coco(folder, [IMAGE], entries, [DOG], name)


def many_attributes(folder: Path) -> None:
    """All attributes of VIA's regions were asked of all regions."""
    shape = {"name": "rect", "x": 1, "y": 1, "width": 5, "height": 5}
    regions = [{"shape_attributes": shape, "region_attributes": {f"a{i}": "x"}} for i in range(8000)]
    entry = {"filename": "i0.png", "size": 9, "regions": regions}
    (folder / "via.json").write_text(json.dumps({"_via_img_metadata": {"x": entry}}))


def a_line_of_many_objects(folder: Path) -> None:
    """The line was copied once for each of its objects."""
    (folder / "annotation.txt").write_text("i0.png " + " ".join(["1,2,3,4,0"] * 100_000))


def digits_behind_a_split(folder: Path) -> None:
    """A pattern that matched digits in more ways than can be tried."""
    rows = "\n".join(f"i0.png,1,2,9,9,dog,{'train' + '1' * 60 + 'x'}" for _ in range(3))
    (folder / "boxes.csv").write_text(f"filename,xmin,ymin,xmax,ymax,class,split\n{rows}\n")


#: By their names.
ONCE_FAILED: dict[str, Callable[[Path], None]] = {
    made.__name__: made
    for made in (
        yaml_references,
        yaml_that_holds_itself,
        many_categories,
        many_names_in_place_of_ids,
        open_tags,
        nested_annotations,
        long_names,
        numbers_of_hundreds_of_digits,
        numbers_before_names,
        many_boxes_of_one_image_twice,
        many_attributes,
        a_line_of_many_objects,
        digits_behind_a_split,
    )
}
