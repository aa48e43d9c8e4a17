"""Small annotation files of every format, to be changed: by Foveal's own writers where there is one.

They are as large as they are asked to be, so that what grows with them can be measured as well.
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from PIL import Image

from foveal.data import Dataset, Sample
from foveal.data.formats.coco.writing import write_coco
from foveal.data.formats.create_ml import write_create_ml
from foveal.data.formats.cvat import write_cvat
from foveal.data.formats.kitti import write_kitti
from foveal.data.formats.label_studio.reading import write_label_studio
from foveal.data.formats.labelme import write_labelme
from foveal.data.formats.voc.reading import write_voc
from foveal.data.formats.yolo.reading import write_yolo

WIDTH, HEIGHT = 40, 30


def image_bytes(number: int) -> bytes:
    """A small picture; those of different numbers are different."""
    buffer = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (number * 37 % 256, number % 256, 90)).save(buffer, "PNG")
    return buffer.getvalue()


def dataset(images: int = 3, boxes: int = 2, classes: int = 2) -> Dataset:
    """A data set without pictures: each image has so many boxes, which go through the classes."""
    samples, number = [], 0
    for i in range(images):
        x = np.arange(boxes) % 17
        y = np.arange(boxes) // 17 % 13
        corners = np.stack([x, y, x + 3 + np.arange(boxes) % 5, y + 4], axis=1).astype(np.float32)
        labels = (number + np.arange(boxes)) % classes
        number += boxes
        sides = corners[:, 2:] - corners[:, :2]
        samples.append(
            Sample(
                path=Path(f"i{i}.png"),
                id=i + 1,
                width=WIDTH,
                height=HEIGHT,
                boxes=corners,
                labels=labels.astype(np.int64),
                difficult=np.arange(boxes) % 7 == 3,
                crowd=np.zeros(boxes, np.bool_),
                areas=sides.prod(axis=1).astype(np.float64),
            )
        )
    names = tuple(f"kind {i}" for i in range(classes))
    return Dataset(Path("made"), "made", "detection", names, tuple(samples))


def _objects(made: Dataset) -> list[tuple[str, list[tuple[str, list[float]]]]]:
    """For each image its name, and its objects as class and corners."""
    return [
        (s.name, [(made.classes[int(k)], box) for k, box in zip(s.labels, s.boxes.tolist(), strict=True)])
        for s in made
    ]


def _text(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _json(folder: Path, name: str, value: Any) -> None:
    _text(folder, name, json.dumps(value))


def _table(folder: Path, name: str, rows: Sequence[Sequence[Any]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    _text(folder, name, buffer.getvalue())


def _supervisely(made: Dataset, folder: Path) -> None:
    _json(folder, "meta.json", {"classes": [{"title": n, "shape": "rectangle"} for n in made.classes]})
    for name, objects in _objects(made):
        shapes = [
            {
                "classTitle": kind,
                "geometryType": "rectangle",
                "points": {"exterior": [box[:2], box[2:]], "interior": []},
            }
            for kind, box in objects
        ]
        content = {"size": {"width": WIDTH, "height": HEIGHT}, "objects": shapes}
        _json(folder, f"ann/{name}.json", content)


def _vott(made: Dataset, folder: Path) -> None:
    assets = {}
    for number, (name, objects) in enumerate(_objects(made)):
        regions = [
            {
                "type": "RECTANGLE",
                "tags": [kind],
                "boundingBox": {"left": x1, "top": y1, "width": x2 - x1, "height": y2 - y1},
            }
            for kind, (x1, y1, x2, y2) in objects
        ]
        about = {"name": name, "path": f"file:/{name}", "size": {"width": WIDTH, "height": HEIGHT}}
        assets[f"a{number}"] = {"asset": about, "regions": regions}
    _json(folder, "vott.json", {"assets": assets})


def _via(made: Dataset, folder: Path) -> None:
    entries = {}
    for name, objects in _objects(made):
        regions = [
            {
                "shape_attributes": {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1},
                "region_attributes": {"class": kind},
            }
            for kind, (x1, y1, x2, y2) in objects
        ]
        entries[f"{name}9"] = {"filename": name, "size": 9, "regions": regions, "file_attributes": {}}
    _json(folder, "via.json", {"_via_img_metadata": entries, "_via_attributes": {"region": {"class": {}}}})


def _via_table(made: Dataset, folder: Path) -> None:
    about = ["#filename", "file_size", "file_attributes", "region_count", "region_id"]
    rows: list[list[Any]] = [[*about, "region_shape_attributes", "region_attributes"]]
    for name, objects in _objects(made):
        for number, (kind, (x1, y1, x2, y2)) in enumerate(objects):
            shape = {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
            said = [json.dumps(shape), json.dumps({"class": kind})]
            rows.append([name, 9, "{}", len(objects), number, *said])
    _table(folder, "via.csv", rows)


def _via_views(made: Dataset, folder: Path) -> None:
    files, views, regions = {}, {}, {}
    for number, (name, objects) in enumerate(_objects(made), 1):
        files[str(number)] = {"fid": number, "fname": name, "type": 2, "loc": 1, "src": ""}
        views[str(number)] = {"fid_list": [number]}
        for place, (kind, (x1, y1, x2, y2)) in enumerate(objects):
            regions[f"{number}_{place}"] = {
                "vid": str(number), "z": [], "xy": [2, x1, y1, x2 - x1, y2 - y1], "av": {"1": kind}
            }  # fmt: skip
    attribute = {"1": {"aname": "class", "anchor_id": "FILE1_Z0_XY1", "type": 1, "options": {}}}
    content = {"project": {}, "attribute": attribute, "file": files, "view": views, "metadata": regions}
    _json(folder, "via3.json", content)


def _csv(made: Dataset, folder: Path) -> None:
    rows = [["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]]
    for name, objects in _objects(made):
        rows += [[name, WIDTH, HEIGHT, kind, *box] for kind, box in objects]
    _table(folder, "boxes.csv", rows)


def _csv_text(made: Dataset, folder: Path) -> None:
    rows = [["image_id", "width", "height", "bbox", "class"]]
    for name, objects in _objects(made):
        for kind, (x1, y1, x2, y2) in objects:
            rows.append([name, WIDTH, HEIGHT, str([x1, y1, x2 - x1, y2 - y1]), kind])
    _table(folder, "train.csv", rows)


def _hugging_face(made: Dataset, folder: Path) -> None:
    lines = []
    for name, objects in _objects(made):
        boxes = [[x1, y1, x2 - x1, y2 - y1] for _, (x1, y1, x2, y2) in objects]
        content = {"bbox": boxes, "categories": [made.classes.index(kind) for kind, _ in objects]}
        lines.append(json.dumps({"file_name": name, "objects": content}))
    _text(folder, "metadata.jsonl", "\n".join(lines))
    names = "".join(f"              '{i}': {name}\n" for i, name in enumerate(made.classes))
    head = "---\ndataset_info:\n  features:\n  - name: objects\n    sequence:\n    - name: categories\n"
    _text(
        folder, "README.md", f"{head}      dtype:\n          class_label:\n            names:\n{names}---\n"
    )


def _wider_face(made: Dataset, folder: Path) -> None:
    lines = []
    for name, objects in _objects(made):
        lines += [name, str(len(objects))]
        lines += [f"{x1:g} {y1:g} {x2 - x1:g} {y2 - y1:g} 0 0 0 0 0 0" for _, (x1, y1, x2, y2) in objects]
    _text(folder, "faces_train.txt", "\n".join(lines))


def _keras_yolo(made: Dataset, folder: Path) -> None:
    lines = []
    for name, objects in _objects(made):
        boxes = [f"{','.join(f'{v:g}' for v in box)},{made.classes.index(kind)}" for kind, box in objects]
        lines.append(" ".join([name, *boxes]))
    _text(folder, "annotation.txt", "\n".join(lines))
    _text(folder, "classes.txt", "\n".join(made.classes))


def _labels(made: Dataset, folder: Path) -> None:
    rows = [["filename", "label"], *([s.name, made.classes[int(s.labels[0])]] for s in made)]
    _table(folder, "labels.csv", rows)


def _one_hot(made: Dataset, folder: Path) -> None:
    rows: list[list[Any]] = [["filename", *made.classes]]
    rows += [[s.name, *(int(k == s.labels[0]) for k in range(len(made.classes)))] for s in made]
    _table(folder, "one_hot.csv", rows)


def _listed(made: Dataset, folder: Path) -> None:
    _text(folder, "list.txt", "\n".join(f"{s.name} {made.classes[int(s.labels[0])][5:]}" for s in made))


def _jsonl_labels(made: Dataset, folder: Path) -> None:
    lines = [json.dumps({"file_name": s.name, "label": made.classes[int(s.labels[0])]}) for s in made]
    _text(folder, "metadata.jsonl", "\n".join(lines))


def _crops(made: Dataset, folder: Path) -> None:
    rows = [["file", "split", "source", "label", "x1", "y1", "x2", "y2"]]
    for sample in made:
        name = made.classes[int(sample.labels[0])]
        rows.append([f"positive/{name}/{sample.name}", "train", "a.png", name, "0", "0", "9", "9"])
        (folder / "positive" / name).mkdir(parents=True, exist_ok=True)
        (folder / "positive" / name / sample.name).write_bytes(image_bytes(sample.id))
    _table(folder, "manifest.csv", rows)


def _cvat_tags(made: Dataset, folder: Path) -> None:
    labels = "".join(f"<label><name>{name}</name></label>" for name in made.classes)
    images = "".join(
        f'<image id="{s.id}" name="{s.name}" width="{WIDTH}" height="{HEIGHT}">'
        f"<tag label={quoteattr(made.classes[int(s.labels[0])])}/></image>"
        for s in made
    )
    meta = f"<meta><task><labels>{labels}</labels></task></meta>"
    _text(folder, "tags.xml", f"<annotations><version>1.1</version>{meta}{images}</annotations>")


def _choices(made: Dataset, folder: Path) -> None:
    tasks = []
    for sample in made:
        chosen = {"value": {"choices": [made.classes[int(sample.labels[0])]]}, "type": "choices"}
        answer = [{"result": [chosen]}]
        tasks.append({"id": sample.id, "data": {"image": f"/data/{sample.name}"}, "annotations": answer})
    _json(folder, "choices.json", tasks)


def _yolo_darknet(made: Dataset, folder: Path) -> None:
    for name, objects in _objects(made):
        lines = [
            f"{made.classes.index(kind)} {(x1 + x2) / 2 / WIDTH:g} {(y1 + y2) / 2 / HEIGHT:g} "
            f"{(x2 - x1) / WIDTH:g} {(y2 - y1) / HEIGHT:g}"
            for kind, (x1, y1, x2, y2) in objects
        ]
        _text(folder, f"{name[:-4]}.txt", "\n".join(lines))
    _text(folder, "obj.names", "\n".join(made.classes))
    _text(folder, "obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n")
    _text(folder, "train.txt", "\n".join(f"data/{s.name}" for s in made))


#: What writes files of a format into a folder; the pictures are put beside them.
WRITERS: dict[str, Callable[[Dataset, Path], None]] = {
    "voc": lambda made, folder: write_voc(made, folder, images=False),
    "coco": lambda made, folder: write_coco(made, folder / "instances_train.json"),
    "yolo": lambda made, folder: write_yolo(made, folder, images=False),
    "yolo_darknet": _yolo_darknet,
    "labelme": lambda made, folder: write_labelme(made, folder, images=False),
    "create_ml": lambda made, folder: write_create_ml(made, folder, images=False),
    "supervisely": _supervisely,
    "vott": _vott,
    "via": _via,
    "via_table": _via_table,
    "via_views": _via_views,
    "cvat": lambda made, folder: write_cvat(made, folder, images=False),
    "label_studio": lambda made, folder: write_label_studio(made, folder, images=False),
    "kitti": lambda made, folder: write_kitti(made, folder, images=False),
    "csv": _csv,
    "csv_text": _csv_text,
    "hugging_face": _hugging_face,
    "wider_face": _wider_face,
    "keras_yolo": _keras_yolo,
    "labels": _labels,
    "one_hot": _one_hot,
    "listed": _listed,
    "jsonl_labels": _jsonl_labels,
    "crops": _crops,
    "cvat_tags": _cvat_tags,
    "choices": _choices,
}
# Where the pictures lie: most readers look everywhere.
_BESIDE = {"supervisely": "img", "kitti": "image_2"}


def write(format: str, made: Dataset, folder: Path, *, pictures: bool = True) -> None:
    """Write a data set's annotations in a format, and small pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    WRITERS[format](made, folder)
    beside = folder / _BESIDE.get(format, "")
    beside.mkdir(exist_ok=True)
    for sample in made if pictures else ():
        (beside / sample.name).write_bytes(image_bytes(sample.id))
