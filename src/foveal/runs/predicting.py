"""Using a model on files: drawn images and what it says, for every file that can be read."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Dataset, Sample
from foveal.data.detections import Detections
from foveal.data.file_tree import Tree
from foveal.data.formats.unread import inventory
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, stage
from foveal.files import claimed, unique_names, write_bytes, write_json, write_text
from foveal.files.names import path_in_words
from foveal.files.tables import spreadsheet_text
from foveal.images import read, resize_to_fit
from foveal.models.contracts import ClassifierModel, Model, is_classifier, is_detector, is_proposer
from foveal.models.loading import load
from foveal.runs.notebook import results_html
from foveal.wording import count

Form = Literal["json", "coco", "csv", "voc", "yolo", "labelme", "label-studio"]
#: Those that are a data set of what was found, in a folder of their name.
DATA_FORMS = ("voc", "yolo", "labelme", "label-studio")
Answer = TypeVar("Answer")

# Images that a classifier is given at once.
_AT_A_TIME = 8


@dataclass(frozen=True, eq=False)
class FileResults:
    """What was found in the files that could be read, and which could not.

    Attributes
    ----------
    folder : pathlib.Path
        Where everything was written.
    results : list of dict
        One for each file that could be read, in the order of the files.
    unreadable : dict of str to str
        The other files, each with the reason.
    """

    folder: Path
    results: list[dict[str, Any]]
    unreadable: dict[str, str]

    def __repr__(self) -> str:
        bad = f", {len(self.unreadable):,} unreadable" if self.unreadable else ""
        return f"FileResults({str(self.folder)!r}: {count(len(self.results), 'file')}{bad})"

    def _repr_html_(self) -> str:
        return results_html(self.folder, self.results, self.unreadable)


def find_images(inputs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The image files that files, folders and patterns name.

    A folder stands for every file in it and below it whose name ends like an image's, as in a data set:
    hidden files, litter and Foveal's own results are passed over, links are followed. What shows something
    and cannot be read by its kind, such as a raw photograph, is among them, so that it is named. A pattern
    with ``*``, ``?`` or ``[`` stands for what it matches, unless a file of that very name exists. A file that
    is named itself is taken whatever its name. Each file comes once, in the order in which it is named; those
    of a folder are sorted.

    Raises
    ------
    DataError
        If nothing is named, or a name stands for nothing at all.
    """
    if not inputs:
        raise DataError("There are no files, folders or patterns to look for pictures in: name at least one.")
    found: list[Path] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            tree = Tree.scan(path)
            # A link that leads nowhere is a bad file to be named, not one to be passed over.
            inside = [*tree.images, *tree.unread, *tree.unreadable]
            if not inside:
                there = inventory(tree)
                raise DataError(f"The folder {path} holds no pictures{f', only {there}' if there else ''}.")
            found += sorted(map(tree.path, inside))
        elif path.exists():
            found.append(path)
        elif any(sign in str(name) for sign in "*?["):
            import glob

            matched = map(Path, glob.glob(str(name), recursive=True))  # noqa: PTH207
            files = sorted(p for p in matched if p.is_file())
            if not files:
                raise DataError(f"The pattern {name} matches no file.")
            found += files
        else:
            raise DataError(f"There is no file or folder {path}.")
    named: dict[Path, Path] = {}
    for path in found:
        named.setdefault(path.absolute(), path)
    return list(named.values())


def answers_of(
    answer: Callable[[int, NDArray[np.uint8]], Answer],
    files: Sequence[Path],
    callbacks: Callbacks,
    doing: str,
    *,
    n_jobs: int | None = None,
) -> tuple[list[Answer], dict[str, str]]:
    """Answers for every image that can be read; each core goes the whole way with an image of its own.

    Parameters
    ----------
    answer : callable
        Given the place of a file and its image, (H, W, 3) uint8.
    files : sequence of pathlib.Path
    callbacks : sequence of callables
        Told of a stage that is named ``doing``.
    doing : str
    n_jobs : int, optional
        How many at a time; as many as there are cores by default.

    Returns
    -------
    list
        In the order of the files.
    dict of str to str
        The files that cannot be read, each with the reason.
    """

    def one(index: int) -> tuple[Answer] | str:
        image = _image_or_reason(files[index])
        return image if isinstance(image, str) else (answer(index, image),)

    with stage(callbacks, doing, len(files)) as progress:
        done = parallel.map(one, range(len(files)), n_jobs=n_jobs, done=progress)
    good = [found[0] for found in done if not isinstance(found, str)]
    return good, {str(f): why for f, why in zip(files, done, strict=True) if isinstance(why, str)}


def _image_or_reason(file: Path) -> NDArray[np.uint8] | str:
    try:
        return read(file)
    except ImageError as error:
        return str(error)


def of_file(file: Path, image: NDArray[np.uint8]) -> dict[str, Any]:
    """What each result has: ``file``, ``width`` and ``height``."""
    return {"file": str(file), "width": image.shape[1], "height": image.shape[0]}


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
        A new or empty folder, or what the same call left there when it was broken off. It receives
        ``predictions.json`` (or ``predictions.csv``) and, of a detector,
        ``drawn/`` with an image for each, in the sub-folders of the folders that are named.
    min_score : float, optional
        Detections less probable than this are left out; by default what the model found best on its
        training images (``threshold_``).
    form : {"json", "coco", "csv", "voc", "yolo", "labelme", "label-studio"}, default="json"
        ``coco`` is COCO's results format, with images numbered from 1 in the order of the files. The last
        four are a data set of what was found, with copies of the images, in a folder of that name beside
        ``predictions.json``: something to correct rather than to begin. Those of Label Studio are its
        predictions, with scores; the others have no words for these.
    draw : bool, default=True
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height`` and ``detections``, or ``label`` and
        ``probabilities``; ``drawn``, where it was drawn, is the path below ``out``.

    Raises
    ------
    FovealError
        If there is no model, nothing to predict on, or ``out`` is not empty; if boxes or a least score are
        asked of a classifier.
    """
    model, files = load_predictor(run), find_images(inputs)
    check_form(model, form, min_score)
    asked = {"run": str(run), "images": [str(name) for name in inputs], "min_score": min_score, "form": form}
    with claimed(
        out, "predict", {**asked, "draw": draw}, leaves=("predictions.*", "drawn", *DATA_FORMS)
    ) as folder:
        return predict_files(
            model,
            files,
            folder,
            min_score=min_score,
            form=form,
            draw=draw,
            below=[Path(name) for name in inputs],
            callbacks=callbacks,
        )


def check_form(model: Model, form: Form, min_score: float | None) -> None:
    """Refuse what is for detections of a classifier, which answers for the whole image.

    Raises
    ------
    SettingError
    """
    if is_detector(model):
        return
    for asked, option in (
        (form not in ("json", "csv"), f"--form {form}"),
        (min_score is not None, "--min-score"),
    ):
        if asked:
            raise SettingError(
                f"{option} is for detections, and this model is a classifier, which finds no boxes: leave it "
                "away. Its probabilities are written with --form json or csv."
            )


def predict_files(
    model: Model,
    files: Sequence[Path],
    folder: Path,
    *,
    min_score: float | None = None,
    form: Form = "json",
    draw: bool = True,
    below: Sequence[Path] = (),
    callbacks: Callbacks = (),
) -> FileResults:
    """What :func:`predict` does, of a model that is loaded, image files and a folder that is empty.

    Of files in the folders of ``below`` the sub-folders are kept.
    """
    rows: list[dict[str, Any]] = []
    if is_detector(model):
        least = model.threshold_ if min_score is None else min_score
        detect, threads = model.detector(), None if len(files) == 1 else 1
        names = drawn_names(files, below)

        def found(index: int, image: NDArray[np.uint8]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            detections = detect(image, threads=threads)
            detections = detections[detections.scores >= least]
            if draw:
                content = encoded(_drawing(detections, image), "JPEG")
                write_bytes(folder / "drawn" / names[index], content, sync=False)
            result = {**of_file(files[index], image), "detections": detections.to_rows()}
            if draw:
                result["drawn"] = f"drawn/{names[index]}"
            return result, detections.to_coco(image_id=index + 1)

        found_in, unreadable = answers_of(found, files, callbacks, "prediction")
        results = [result for result, _ in found_in]
        rows = [row for _, some in found_in for row in some]
    else:
        assert is_classifier(model)
        results, unreadable = _classified(model, files, callbacks)
    if form == "csv":
        write_text(folder / "predictions.csv", _as_csv(model, results))
    else:
        write_json(folder / "predictions.json", rows if form == "coco" else results)
    if form in DATA_FORMS:
        assert is_detector(model)
        _write_data(results, model.classes_, form, folder / form)
    return FileResults(folder, results, unreadable)


def _classified(
    model: ClassifierModel, files: Sequence[Path], callbacks: Callbacks
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A classifier's answers, for some images at a time, and the files that cannot be read."""
    results: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}
    with stage(callbacks, "prediction", len(files)) as progress:
        for start in range(0, len(files), _AT_A_TIME):
            batch = files[start : start + _AT_A_TIME]
            images = parallel.map(_image_or_reason, batch)
            good = [image for image in images if not isinstance(image, str)]
            answers = iter(model.predict_proba(good)) if good else iter(())
            for file, image in zip(batch, images, strict=True):
                if isinstance(image, str):
                    unreadable[str(file)] = image
                else:
                    results.append({**of_file(file, image), **class_answer(model, next(answers))})
            progress(start + len(batch))
    return results, unreadable


def class_answer(model: ClassifierModel, probabilities: NDArray[np.float64]) -> dict[str, Any]:
    """The most probable class, ``label``, and the ``probabilities``, (K,), by name."""
    return {
        "label": str(model.classes_[int(probabilities.argmax())]),
        "probabilities": {
            str(c): round(float(p), 6) for c, p in zip(model.classes_, probabilities, strict=True)
        },
    }


def load_predictor(run: str | os.PathLike[str]) -> Model:
    """The model of a run, one that says what is in an image: a detector or a classifier.

    Raises
    ------
    ModelFileError
        If there is no model.
    SettingError
        If it only proposes regions.
    """
    model: Model = load(run)
    if is_proposer(model):
        raise SettingError(
            f"{run} says where objects may be, not what they are: give it to a detector, with "
            f"foveal train --model rcnn --set {shlex.quote(f'proposals={path_in_words(run)}')}."
        )
    return model


def _write_data(results: Sequence[dict[str, Any]], classes: Sequence[str], form: Form, folder: Path) -> None:
    """Write what was found as a data set, with copies of the images."""
    from foveal.data.formats.label_studio.reading import write_label_studio
    from foveal.data.formats.labelme import write_labelme
    from foveal.data.formats.voc.reading import write_voc
    from foveal.data.formats.yolo.reading import write_yolo

    number = {name: label for label, name in enumerate(classes)}
    samples = []
    for place, result in enumerate(results, 1):
        found = result["detections"]
        none = np.zeros(len(found), bool)
        boxes = np.array([d["box"] for d in found], np.float32).reshape(-1, 4)
        labels = np.array([number[d["label"]] for d in found], np.int64)
        samples.append(
            Sample(
                Path(result["file"]),
                place,
                result["width"],
                result["height"],
                boxes,
                labels,
                none,
                none.copy(),
            )
        )
    ids = tuple(range(1, len(classes) + 1))
    dataset = Dataset(folder, form, "detection", tuple(classes), tuple(samples), ids, ())
    if form == "label-studio":
        scores = [np.array([d["score"] for d in result["detections"]]) for result in results]
        write_label_studio(dataset, folder, predictions=True, scores=scores)
    else:
        {"voc": write_voc, "yolo": write_yolo, "labelme": write_labelme}[form](dataset, folder)


def drawn_names(files: Sequence[Path], below: Sequence[Path] = ()) -> list[str]:
    """A file name for each drawn image; images of one name are numbered.

    The sub-folders of files that lie in the folders of ``below`` are kept.
    """

    def place(path: Path) -> str:
        inside = [path.relative_to(folder) for folder in below if path.is_relative_to(folder)]
        longest = max(inside, key=lambda one: len(one.parts), default=Path(path.name))
        # A pattern's files, and a file that is named itself, are their own folder.
        return longest.with_suffix("").as_posix() if longest.name and ".." not in longest.parts else path.stem

    return [f"{stem}.jpg" for stem in unique_names(map(place, files))]


def _drawing(detections: Detections, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # A drawing is for looking at: a photograph of 24 megapixels is not looked at as such.
    small, scale = resize_to_fit(image, 1600)
    return replace(detections, boxes=detections.boxes * np.float32(scale)).draw(small)


def encoded(image: NDArray[np.uint8], kind: Literal["JPEG", "PNG"]) -> bytes:
    """An image of shape (H, W, 3) as the content of a file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return file.getvalue()


def _as_csv(model: Model, results: Sequence[dict[str, Any]]) -> str:
    rows: list[list[Any]]
    if is_classifier(model):
        classes = [str(c) for c in model.classes_]
        rows = [["file", "label", *classes]]
        rows += [[r["file"], r["label"], *(r["probabilities"][c] for c in classes)] for r in results]
    else:
        rows = [["file", "label", "score", "x1", "y1", "x2", "y2"]]
        rows += [[r["file"], d["label"], d["score"], *d["box"]] for r in results for d in r["detections"]]
    return spreadsheet_text(rows)
