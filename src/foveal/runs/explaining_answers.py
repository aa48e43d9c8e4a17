"""Why a trained model answered as it did, for image files: drawn pictures, a page and JSON."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError, SettingError
from foveal.events import Callbacks, stage
from foveal.files import unique_names, write_bytes, write_json
from foveal.images import read, resize_to_fit
from foveal.models.loading import load
from foveal.report import Chapter, overlay_map, write_report
from foveal.report.chapters import Block, Fold, Pictures, Section, Table
from foveal.report.network_section import network_blocks
from foveal.report.pictures import picture_of_pixels
from foveal.report.wording import count
from foveal.runs.explaining_detectors import explain_detector
from foveal.runs.explanations import activation_map, class_index, has_maps, look_inside
from foveal.runs.file_results import FileResults
from foveal.runs.folder import empty_folder
from foveal.runs.predicting import find_images

# Pictures that the page shows, and of how many it shows the feature maps.
_ON_THE_PAGE = 40
_LOOKED_INTO = 1
# Of a picture, whose probabilities the page tells.
_CLASSES = 10


def explain(
    run: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    class_name: str | None = None,
    data: str | os.PathLike[str] | None = None,
    format: str | None = None,
    callbacks: Callbacks = (),
) -> FileResults:
    """Show why a model answered as it did, over image files; a bad one never stops the others.

    Of a classifier each picture is drawn with Grad-CAM (where it is a network with convolutions; see
    :func:`foveal.models.class_activation_maps`), with what hiding each part of it does
    (:func:`foveal.models.occlusion_map`), and with the probabilities. Of a detector, which answers for many
    regions of a picture, the detections are drawn and the page follows the first pictures step by step, from
    the anchors or the search over the proposals to what is left in the end.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    inputs : sequence of path-like
        Files, folders and patterns; see :func:`foveal.runs.predicting.find_images`.
    out : path-like
        A new or empty folder. It receives ``explanations.json`` (of a detector ``predictions.json``),
        ``drawn/`` and ``explanation.html``; of a classifier ``maps/`` too, each map over its picture.
    class_name : str, optional
        What to ask a classifier about; by default the most probable class of each picture.
    data : path-like, optional
        A boxed data set that the pictures are in: their objects are drawn, and a detector's anchors and boxes
        are compared with them. Of a detector alone.
    format : str, optional
        Of that data set; see :func:`foveal.data.load`.
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height``, ``label`` (the most probable class),
        ``probabilities``, ``explained`` (the class that was asked about) and ``drawn`` and ``maps``, the
        files inside ``out``; of a detector what :func:`predict` gives.

    Raises
    ------
    FovealError
        If there is no model, nothing to explain, no such class, or ``out`` is not empty; if the model
        was trained on rows of numbers, or the objects of a picture cannot be told.
    """
    model = load(run)
    files = find_images(inputs)
    if hasattr(model, "propose"):
        if class_name is not None:
            raise SettingError(
                f"{run} is a detector: it can be asked about no class, since it answers for each region; "
                "leave --class out to see how it came to all its detections."
            )
        return explain_detector(run, model, files, out, data=data, format=format, callbacks=callbacks)
    if data is not None:
        raise SettingError(f"{run} is a classifier, and what it says of a picture needs no boxes.")
    try:
        model.as_seen([np.zeros((8, 8, 3), np.uint8)])
    except ValueError:
        raise SettingError(
            f"{run} was trained on rows of numbers, not on pictures: there is nothing to lay a map over."
        ) from None
    asked = None if class_name is None else class_index(model, class_name)
    folder = empty_folder(out)
    names = unique_names(file.stem for file in files)
    results: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}
    sections: list[Section] = []
    with stage(callbacks, "explanation", len(files)) as progress:
        for done, (file, name) in enumerate(zip(files, names, strict=True), start=1):
            try:
                image = read(file)
            except ImageError as error:
                unreadable[str(file)] = str(error)
            else:
                inside = len(sections) < _LOOKED_INTO
                result, section = _explain_one(model, file, name, image, asked, folder, inside=inside)
                results.append(result)
                if len(sections) < _ON_THE_PAGE:
                    sections.append(section)
            progress(done)
    write_json(folder / "explanations.json", results)
    _write_page(folder / "explanation.html", model, results, unreadable, sections)
    return FileResults(folder, results, unreadable)


def _explain_one(
    model: Any,
    file: Path,
    name: str,
    image: NDArray[np.uint8],
    asked: int | None,
    folder: Path,
    *,
    inside: bool,
) -> tuple[dict[str, Any], Section]:
    from foveal.models import occlusion_map
    from foveal.report.figures import draw_explanation

    classes = [str(c) for c in model.classes_]
    answer = np.asarray(model.predict_proba([image]))[0]
    best = int(answer.argmax())
    label = best if asked is None else asked
    maps: dict[str, NDArray[Any]] = {}
    if has_maps(model):
        maps["Grad-CAM"] = activation_map(model, image, label)
    maps["occlusion"] = occlusion_map(model, image, label)
    # A drawing is for looking at: a photograph of 24 megapixels is not looked at as such.
    small = np.asarray(resize_to_fit(image, 640)[0], np.uint8)
    probabilities = {c: round(float(p), 6) for c, p in zip(classes, answer, strict=True)}

    drawn = f"drawn/{name}.png"
    figure = draw_explanation(
        small, maps, classes[label], float(answer[label]), probabilities=probabilities, title=file.name
    )
    write_bytes(folder / drawn, _figure_as_png(figure), sync=False)
    written: dict[str, str] = {}
    pictures = [picture_of_pixels(file.name, small, f"{classes[label]} {answer[label]:.2f}")]
    for kind, values in maps.items():
        shown = overlay_map(small, values)
        written[kind] = f"maps/{name}-{kind.lower()}.png"
        write_bytes(folder / written[kind], _as_png(shown), sync=False)
        pictures.append(picture_of_pixels(kind, shown, f"for {classes[label]}"))
    result = {
        "file": str(file),
        "width": image.shape[1],
        "height": image.shape[0],
        "label": classes[best],
        "probabilities": probabilities,
        "explained": classes[label],
        "drawn": drawn,
        "maps": written,
    }
    said = f"It is said to be {classes[best]}, with a probability of {answer[best]:.2f}"
    if label != best:
        said += f"; the maps are about {classes[label]}, which has {answer[label]:.2f}"
    strongest = float(np.abs(maps["occlusion"]).max())
    hidden = f"Hiding a place moves the probability of {classes[label]} by up to {strongest:.2g}."
    if "Grad-CAM" in maps and not maps["Grad-CAM"].any():
        hidden += f" Grad-CAM is empty: nothing in the last maps speaks for {classes[label]}."
    order = np.argsort(-answer, kind="stable")[:_CLASSES]
    rows = [[classes[k], f"{answer[k]:.4f}"] for k in order]
    blocks: list[Block] = [
        Pictures(f"Why {classes[label]}", pictures, hidden),
        Fold("Probabilities", [Table("", ("class", "probability"), rows)]),
    ]
    if inside and has_maps(model):
        blocks += network_blocks(look_inside(model, file.name, small))
    return result, Section(file.name, f"{said}.", blocks)


def _write_page(
    path: Path,
    model: Any,
    results: Sequence[dict[str, Any]],
    unreadable: dict[str, str],
    sections: Sequence[Section],
) -> None:
    intro = f"Why {type(model).__name__} answered as it did, for {count(len(results), 'picture')}."
    text = (
        "Occlusion: red where hiding a place makes the class less probable, blue where it makes it more so; "
        "each picture on its own scale."
    )
    if has_maps(model):
        text = f"Grad-CAM: the brighter a place, the more it speaks for the class. {text}"
    if len(results) > len(sections):
        text += f" The first {len(sections)} pictures are shown here; all are in the folder drawn."
    if unreadable:
        text += f" {count(len(unreadable), 'file')} could not be read: {' '.join(unreadable.values())}"
    kind = f"Image classifier · {model.name}"
    # A page of one chapter has no other head than the intro.
    chapter = Chapter("Pictures", kind, text, (), sections)
    write_report(path, "Why these answers", f"{intro} {text}", [chapter])


def _figure_as_png(figure: Any) -> bytes:
    from io import BytesIO

    content = BytesIO()
    figure.savefig(content, format="png", dpi=120, facecolor="white", metadata={"Software": None})
    return content.getvalue()


def _as_png(image: NDArray[np.uint8]) -> bytes:
    from io import BytesIO

    from PIL import Image

    content = BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()
