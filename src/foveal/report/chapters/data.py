"""The page about a data set alone, before anything is trained on it."""

import os
from dataclasses import replace

import numpy as np

from foveal.data.dataset import Dataset
from foveal.files import distinct_names
from foveal.report.figures.boxes.box_sizes import LARGE, SMALL, draw_box_places, draw_box_sizes
from foveal.report.figures.metrics.image_sizes import draw_image_sizes
from foveal.report.html.annotated_images import image_with_boxes, image_with_caption, image_with_truth
from foveal.report.html.blocks import Block, Chapter, Chart, Fold, Headline, Images, Note, Section, Table
from foveal.report.html.page import write_report
from foveal.report.records import DataRecord
from foveal.report.sections.data import (
    balance_chart,
    choose_samples,
    class_counts,
    doctor_blocks,
    parts_table,
)
from foveal.wording import count

# Images of the contact sheet.
_SHEET = 24
_MOST_ROWS = 25


def data_chapter(record: DataRecord) -> Chapter:
    """A contact sheet, classes, boxes, sizes, the doctor's findings and the views of a training.

    Parameters
    ----------
    record : DataRecord

    Returns
    -------
    Chapter
    """
    data = record.data
    boxed = data.task == "detection"
    matter = sum(f.severity != "note" for f in record.findings)
    headlines = [Headline(f"{len(data):,}", "images", record.format)]
    if boxed:
        bare = sum(not len(s.boxes) for s in data)
        meaning = f"{count(bare, 'image')} without any" if bare else "in every image"
        headlines.append(Headline(f"{class_counts(data).sum():,}", "objects", meaning))
    headlines += [
        Headline(f"{len(data.classes):,}", "classes"),
        Headline(f"{matter:,}", "findings", "of the data doctor that matter"),
    ]
    sections = [_sheet(data), _classes(data), *([_boxes(data)] if boxed else []), _sizes(data)]
    sections.append(
        Section("The doctor", "What is wrong with it, and what training does about it.",
                list(doctor_blocks(record.findings)))
    )  # fmt: skip
    sections.append(_views(record))
    kind = "Boxed images" if boxed else "Images of classes"
    text = (
        f"{count(len(data), 'image')} of {count(len(data.classes), 'class', 'classes')}, before any training."
    )
    return Chapter(data.root.resolve().name, f"{kind} · {record.format}", text, headlines, sections)


def write_data_page(path: str | os.PathLike[str], record: DataRecord) -> None:
    """Write the page about one data set."""
    chapter = data_chapter(record)
    write_report(path, chapter.title, "", [chapter])


def _parts(data: Dataset) -> dict[str, Dataset]:
    """The data set's own parts, as far as it has any."""
    if not data.splits:
        return {"in no part": data}
    named = {"train": "train", "val": "val", "test": "test", "in no part": None}
    parts = {
        name: data.select([i for i, s in enumerate(data) if s.split == split])
        for name, split in named.items()
    }
    return {name: part for name, part in parts.items() if len(part)}


def _sheet(data: Dataset) -> Section:
    names = distinct_names(s.path for s in data)
    chosen = [data[i] for i in choose_samples(data, _SHEET)]
    if data.task == "detection":
        images = [image_with_truth(s, data.classes, name=names[s.path]) for s in chosen]
    else:
        said = ["no class" if s.label is None else data.classes[s.label] for s in chosen]
        images = [
            image_with_caption(s, text, name=names[s.path]) for s, text in zip(chosen, said, strict=True)
        ]
    blocks: list[Block] = [Note("There are no images.")]
    if images:
        caption = f"{len(images)} of {count(len(data), 'image')}, of every class in turn, as annotated."
        blocks = [Images("The contact sheet", images, caption)]
    return Section("Pictures", "What there is to be seen; pictures enlarge at a click.", blocks)


def _classes(data: Dataset) -> Section:
    boxed, parts = data.task == "detection", _parts(data)
    counts = {name: class_counts(part) for name, part in parts.items()}
    holding = np.zeros(len(data.classes), np.int64)
    if boxed:
        for sample in data:
            holding[np.unique(sample.labels)] += 1
    rows = []
    for k, name in enumerate(data.classes):
        numbers = [sum(int(part[k]) for part in counts.values()), *([int(holding[k])] if boxed else [])]
        numbers += [int(part[k]) for part in counts.values()] if data.splits else []
        rows.append([name, *(f"{number:,}" for number in numbers)])
    columns = ["class", *(["objects", "images with it"] if boxed else ["images"])]
    columns += list(counts) if data.splits else []
    each = Table("Each class", columns, rows)
    table: Block = each
    if len(rows) > _MOST_ROWS:
        table = Fold(f"Each of the {len(rows)} classes", [replace(each, title="")])
    return Section(
        "Classes",
        "What there is to be learned, and how much of each.",
        [
            *([parts_table(parts, boxed)] if data.splits else []),
            balance_chart(parts, data),
            table,
        ],
    )


def _boxes(data: Dataset) -> Section:
    boxes = np.concatenate([np.zeros((0, 4)), *(s.boxes for s in data)])
    sides = boxes[:, 2:] - boxes[:, :2]
    known = [s for s in data if s.width and s.height]
    shares = np.concatenate([np.zeros((0, 4)), *(s.boxes / np.tile([s.width, s.height], 2) for s in known)])
    side = np.sqrt(np.prod(np.maximum(sides, 0), axis=1))
    small, large = int((side < SMALL).sum()), int((side >= LARGE).sum())
    medium = len(side) - small - large
    said = (
        f"{small:,} small, {medium:,} medium and {large:,} large ones, as COCO divides them by their areas."
    )
    return Section(
        "Boxes",
        "How large the objects are, and where in their images they lie.",
        [
            Chart(
                "Sizes",
                draw_box_sizes(sides),
                f"Widths and heights of {count(len(boxes), 'box', 'boxes')}: {said}",
                f"A dot a box: {said} What is small is hard to find.",
            ),
            Chart(
                "Places",
                draw_box_places(shares),
                f"A map of where {count(len(shares), 'box', 'boxes')} lie in their images.",
                "How many of the boxes cover each place, all images brought to one square. Where all lie in "
                "the middle, objects elsewhere will be missed.",
            ),
        ],
    )


def _sizes(data: Dataset) -> Section:
    sizes = [(s.width, s.height) for s in data if s.width and s.height]
    unknown = len(data) - len(sizes)
    caption = "A dot a size, the larger the more images have it; on the dotted line they are square."
    if unknown:
        caption += f" The size of {count(unknown, 'image')} is not known before they are opened."
    return Section(
        "Sizes of images",
        "How large the images are, upright.",
        [Chart("Widths and heights", draw_image_sizes(sizes), "Sizes of the images.", caption)],
    )


def _views(record: DataRecord) -> Section:
    classes = record.data.classes
    blocks: list[Block] = [Note(record.changes)]
    for name, views in record.views.items():
        images = []
        for number, view in enumerate(views):
            names = [classes[int(k)] for k in view.labels]
            all_of_them = len(views[0].labels)
            left = f"{len(names)} of {count(all_of_them, 'object')}" if len(names) < all_of_them else ""
            images.append(
                image_with_boxes(
                    f"view {number}" if number else "as it is",
                    view.image,
                    left,
                    boxes=view.boxes,
                    looks=[f"class-{int(k) % 8 + 1}" for k in view.labels],
                    labels=names,
                    meanings=names,
                )
            )
        blocks.append(Images(name, images))
    return Section(
        "What a training would see", "Images changed at random, so that none is seen twice.", blocks
    )
