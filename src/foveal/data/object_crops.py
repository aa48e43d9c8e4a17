"""The objects of a data set, each an image of its own: boxes become a data set of whole images."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.converting import Converted, check_place, write_and_compare, writer_of
from foveal.data.dataset import Dataset, Sample, relative_name
from foveal.data.findings import Finding
from foveal.data.formats.writing import check_detection, unique_names
from foveal.errors import DataError, ImageError
from foveal.events import Callbacks, stage
from foveal.files import write_bytes
from foveal.images import read
from foveal.images.arrays import encode_png
from foveal.wording import be, count


def crop_objects(dataset: Dataset, out: str | os.PathLike[str], *, callbacks: Callbacks = ()) -> Converted:
    """Cut the objects out of their images, into one folder a class.

    Parameters
    ----------
    dataset : Dataset
        For detection.
    out : path-like
        A folder that does not exist or is empty. Gets ``<class>/<image>-0001.png`` and so on; where the data
        set has splits, in ``train/``, ``val/`` and ``test/``.
    callbacks : sequence of callables

    Returns
    -------
    Converted
        Its findings count the objects and images that are left out: difficult ones, crowd regions, boxes
        with less than 2 pixels a side inside the image, images that cannot be read or show nothing.

    Raises
    ------
    DataError
        If the data set is for classification, or no object is left.
    SettingError
        As :func:`foveal.data.convert`.
    """
    check_detection(dataset, "crops")
    check_place(dataset, out)
    crops: list[Sample] = []
    boxes: dict[int, NDArray[np.int64]] = {}
    sources: dict[int, Sample] = {}
    findings = [*dataset.findings, *_left_out(dataset)]
    with stage(callbacks, "pictures", total=len(dataset)) as progress:
        for place, (sample, name) in enumerate(zip(dataset, unique_names(dataset), strict=True)):
            progress(place)
            chosen = np.flatnonzero(sample.trainable).tolist()
            try:
                size = read(sample.path).shape[:2] if chosen else (0, 0)
            except ImageError as error:
                file = relative_name(sample.path, dataset.root)
                action = f"Its {count(len(chosen), 'object is', 'objects are')} left out."
                findings.append(Finding("unreadable-image", "error", file, str(error), action))
                continue
            for number, i in enumerate(chosen, 1):
                x1, y1, x2, y2 = _whole_pixels(sample.boxes[i], *size)
                key = len(crops) + 1
                boxes[key], sources[key] = np.array([x1, y1, x2, y2]), sample
                path = sample.path.with_name(f"{Path(name).stem}-{number:04d}.png")
                crops.append(
                    Sample(path, key, x2 - x1, y2 - y1, label=int(sample.labels[i]), split=sample.split)
                )
    if not crops:
        raise DataError(f"{dataset.path} has no object that could be cut out.")
    last: tuple[int, NDArray[np.uint8]] | None = None

    def cut(crop: Sample, target: Path) -> None:
        nonlocal last
        source = sources[crop.id]
        if last is None or last[0] != source.id:
            last = source.id, read(source.path)
            progress(done[source.id])
        x1, y1, x2, y2 = boxes[crop.id]
        write_bytes(target, encode_png(np.ascontiguousarray(last[1][y1:y2, x1:x2])), sync=False)

    done = {sample.id: place for place, sample in enumerate(dataset, 1)}
    crops_set = replace(dataset, task="classification", format="folders", samples=tuple(crops), findings=())
    with stage(callbacks, "crops", total=len(dataset)) as progress:
        written = write_and_compare(crops_set, writer_of("folders", "classification"), out, cut)
    # The numbers of crops mean nothing.
    told = [finding for finding in written.findings if finding.kind != "lost-ids"]
    return replace(written, findings=(*findings, *told))


def _whole_pixels(box: NDArray[np.float32], height: int, width: int) -> tuple[int, int, int, int]:
    x1, y1 = np.floor(box[:2]).astype(int)
    x2, y2 = np.ceil(box[2:]).astype(int)
    return max(int(x1), 0), max(int(y1), 0), min(int(x2), width), min(int(y2), height)


def _left_out(dataset: Dataset) -> list[Finding]:
    difficult = sum(int((sample.difficult | sample.crowd).sum()) for sample in dataset)
    objects = sum(len(sample.boxes) for sample in dataset)
    small = objects - difficult - sum(int(sample.trainable.sum()) for sample in dataset)
    empty = sum(not len(sample.boxes) for sample in dataset)
    findings = []
    for number, things, what in (
        (difficult, "object", "marked as difficult or as crowd regions"),
        (small, "object", "smaller than 2 pixels inside the picture"),
        (empty, "picture", "without objects"),
    ):
        if number:
            text = f"{count(number, things)} {be(number)} {what}."
            action = "It is left out." if number == 1 else "They are left out."
            findings.append(Finding("left-out", "note", "", text, action))
    return findings
