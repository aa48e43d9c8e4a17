"""Using a model on files: drawn pictures and what it says, for every file that can be read."""

import csv
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.detections import Detections
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, stage
from foveal.files import unique_names, write_bytes, write_json, write_text
from foveal.images import EXTENSIONS, read, resize_to_fit
from foveal.models.loading import load
from foveal.runs.file_results import FileResults
from foveal.runs.folder import empty_folder

Form = Literal["json", "coco", "csv"]

# Pictures that a classifier is given at once.
_AT_A_TIME = 8


def find_images(inputs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The image files that files, folders and patterns name.

    A folder stands for every file in it and below it whose name ends like a picture's; a pattern with
    ``*``, ``?`` or ``[`` for what it matches, unless a file of that very name exists. A file that is named
    itself is taken whatever its name. Each file comes once, in the order in which it is named; those of
    a folder are sorted.

    Raises
    ------
    DataError
        If a name stands for nothing at all.
    """
    found: list[Path] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            # A link that leads nowhere is a bad file to be named, not one to be passed over.
            inside = sorted(
                p
                for p in path.rglob("*")
                if p.suffix.lower() in EXTENSIONS and (p.is_file() or not p.exists())
            )
            if not inside:
                raise DataError(f"The folder {path} holds no pictures.")
            found += inside
        elif path.exists():
            found.append(path)
        elif any(sign in str(name) for sign in "*?["):
            import glob

            matched = sorted(Path(p) for p in glob.glob(str(name), recursive=True))  # noqa: PTH207
            files = [p for p in matched if p.is_file()]
            if not files:
                raise DataError(f"The pattern {name} matches no file.")
            found += files
        else:
            raise DataError(f"There is no file or folder {path}.")
    named: dict[Path, Path] = {}
    for path in found:
        named.setdefault(path.absolute(), path)
    return list(named.values())


def predict(
    run: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    min_score: float | None = None,
    form: Form = "json",
    draw: bool = True,
    callbacks: Callbacks = (),
) -> FileResults:
    """Predict over image files; a bad one never stops the others.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    inputs : sequence of path-like
        Files, folders and patterns; see :func:`find_images`.
    out : path-like
        A new or empty folder. It receives ``predictions.json`` (or ``predictions.csv``) and, of a detector,
        ``drawn/`` with a picture for each.
    min_score : float, optional
        Detections less probable than this are left out; by default what the model found best on its
        training images (``threshold_``).
    form : {"json", "coco", "csv"}, default="json"
        ``coco`` is COCO's results format, with images numbered from 1 in the order of the files.
    draw : bool, default=True
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height`` and ``detections``, or ``label`` and
        ``probabilities``.

    Raises
    ------
    FovealError
        If there is no model, nothing to predict on, or ``out`` is not empty.
    """
    model = load_predictor(run)
    files = find_images(inputs)
    folder = empty_folder(out)
    detects = hasattr(model, "propose")
    if detects and min_score is None:
        min_score = model.threshold_
    names = drawn_names(files)

    def load_picture(index: int) -> NDArray[np.uint8] | str:
        try:
            return read(files[index])
        except ImageError as error:
            return str(error)

    def finish(item: tuple[int, NDArray[np.uint8], Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        index, image, answer = item
        result: dict[str, Any] = {
            "file": str(files[index]),
            "width": image.shape[1],
            "height": image.shape[0],
        }
        if not detects:
            result["label"] = str(model.classes_[int(answer.argmax())])
            result["probabilities"] = {
                str(c): round(float(p), 6) for c, p in zip(model.classes_, answer, strict=True)
            }
            return result, []
        detections: Detections = answer[answer.scores >= min_score]
        result["detections"] = detections.to_rows()
        if draw:
            write_bytes(folder / "drawn" / names[index], jpeg(_drawing(detections, image)), sync=False)
        return result, detections.to_coco(image_id=index + 1)

    results: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}

    def keep(index: int, done: str | tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        if isinstance(done, str):
            unreadable[str(files[index])] = done
        else:
            results.append(done[0])
            rows.extend(done[1])

    with stage(callbacks, "prediction", len(files)) as progress:
        if detects:
            detect = _detect(model, alone=len(files) == 1)

            def whole_way(index: int) -> str | tuple[dict[str, Any], list[dict[str, Any]]]:
                picture = load_picture(index)
                return picture if isinstance(picture, str) else finish((index, picture, detect(picture)))

            # Each core goes the whole way with a picture of its own: none waits for another one's.
            for index, done in enumerate(parallel.map(whole_way, range(len(files)), done=progress)):
                keep(index, done)
        else:
            for start in range(0, len(files), _AT_A_TIME):
                batch = range(start, min(start + _AT_A_TIME, len(files)))
                pictures = parallel.map(load_picture, batch)
                good = [(i, p) for i, p in zip(batch, pictures, strict=True) if not isinstance(p, str)]
                answers = model.predict_proba([p for _, p in good]) if good else []
                finished = parallel.map(finish, [(*g, a) for g, a in zip(good, answers, strict=True)])
                of_index = dict(zip((i for i, _ in good), finished, strict=True))
                for index, picture in zip(batch, pictures, strict=True):
                    keep(index, picture if isinstance(picture, str) else of_index[index])
                progress(batch.stop)
    if form == "csv":
        write_text(folder / "predictions.csv", _as_csv(results))
    elif form == "coco":
        write_json(folder / "predictions.json", rows)
    else:
        write_json(folder / "predictions.json", results)
    return FileResults(folder, results, unreadable)


def _detect(model: Any, *, alone: bool) -> Callable[[NDArray[np.uint8]], Detections]:
    """The detector of one picture: on one core, or on all where it is the only picture."""
    if not hasattr(model, "detector"):
        return lambda picture: model.predict([picture])[0]
    detector = model.detector()
    threads = None if alone else 1
    return lambda picture: detector(picture, threads=threads)


def load_predictor(run: str | os.PathLike[str]) -> Any:
    """The model of a run, one that says what is in a picture.

    Raises
    ------
    ModelFileError
        If there is no model.
    SettingError
        If it only proposes regions.
    """
    model = load(run)
    if not hasattr(model, "predict"):
        raise SettingError(
            f"{run} says where objects may be, not what they are: give it to a detector, with "
            f"foveal train --model rcnn --set proposals={run}."
        )
    return model


def drawn_names(files: Sequence[Path]) -> list[str]:
    """A file name for each drawn picture; pictures of one name are numbered."""
    return [f"{stem}.jpg" for stem in unique_names(path.stem for path in files)]


def _drawing(detections: Detections, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # A drawing is for looking at: a photograph of 24 megapixels is not looked at as such.
    small, scale = resize_to_fit(image, 1600)
    boxes = detections.boxes * np.float32(scale)
    return Detections(boxes, detections.scores, detections.labels, detections.classes).draw(small)


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """A picture of shape (H, W, 3) as the content of a JPEG file."""
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return file.getvalue()


def _as_csv(results: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if results and "probabilities" in results[0]:
        classes = list(results[0]["probabilities"])
        writer.writerow(["file", "label", *classes])
        for result in results:
            writer.writerow([result["file"], result["label"], *(result["probabilities"][c] for c in classes)])
    else:
        writer.writerow(["file", "label", "score", "x1", "y1", "x2", "y2"])
        for result in results:
            for row in result["detections"]:
                writer.writerow([result["file"], row["label"], row["score"], *row["box"]])
    return text.getvalue()
