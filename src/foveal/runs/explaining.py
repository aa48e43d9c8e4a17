"""Why a trained model answered as it did, for image files: drawn images, a page and JSON."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError, did_you_mean
from foveal.events import Callbacks, stage
from foveal.files import claimed, distinct_names, unique_names, write_bytes, write_json
from foveal.images import read, resize_to_fit
from foveal.models import contracts
from foveal.models.explaining.attention import with_attention
from foveal.models.loading import load
from foveal.proposals import SelectiveSearch
from foveal.report.chapters.explanation import explanation_section, write_explanation_page
from foveal.report.chapters.trace import trace_chapter, write_trace_page
from foveal.report.figures.networks.explanation import overlay_map
from foveal.report.html.blocks import Chapter, Section
from foveal.runs.explanations import activation_map, look_inside, sees_images
from foveal.runs.ground_truth import Objects, objects_of
from foveal.runs.live import live_source
from foveal.runs.predicting import (
    FileResults,
    answers_of,
    class_answer,
    encoded,
    find_images,
    of_file,
    predict_files,
)
from foveal.runs.proposing import proposal_answer, search_chapter_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Images of a classifier that the page shows, and of how many it shows the feature maps.
_ON_THE_PAGE = 40
_LOOKED_INTO = 1
# Images that the page of a detector follows step by step at most.
_FOLLOWED = 4
# What it writes.
_LEAVES = ("explanation.html", "explanations.json", "predictions.json", "proposals.json", "drawn", "maps")


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

    Of a classifier each image is drawn with Grad-CAM (where it is a network with convolutions; see
    :func:`foveal.models.class_activation_maps`), with what hiding each part of it does
    (:func:`foveal.models.occlusion_map`), and with the probabilities. Of a detector, which answers for many
    regions of an image, the detections are drawn and the page follows the first images step by step, from
    the anchors or the search over the proposals to what is left in the end.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    inputs : sequence of path-like
        Files, folders and patterns; see :func:`foveal.runs.predicting.find_images`.
    out : path-like
        A new or empty folder. It receives ``explanations.json`` (of a detector ``predictions.json``),
        ``drawn/`` and ``explanation.html``; of a classifier ``maps/`` too, each map over its image.
    class_name : str, optional
        What to ask a classifier about; by default the most probable class of each image.
    data : path-like, optional
        A boxed data set that the images are in: their objects are drawn, and a detector's anchors and boxes
        are compared with them. Of a detector alone.
    format : str, optional
        Of that data set; see :func:`foveal.data.load`.
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height``, ``label`` (the most probable class),
        ``probabilities``, ``explained`` (the class that was asked about) and ``drawn`` and ``maps``, the
        files inside ``out``; of a detector what :func:`foveal.runs.predict` gives; of a model that only
        proposes ``file``, ``width``, ``height``, ``boxes`` and ``scores``, which are in ``proposals.json``.

    Raises
    ------
    FovealError
        If there is no model, nothing to explain, no such class, or ``out`` is not empty; if the model
        was trained on rows of numbers, or the objects of an image cannot be told.
    """
    model: contracts.Model = load(run)
    _refuse_videos(run, inputs)
    files = find_images(inputs)
    what = {
        "run": str(run),
        "images": [str(name) for name in inputs],
        "class": class_name,
        "data": None if data is None else str(data),
    }
    if contracts.is_detector(model) or contracts.is_proposer(model):
        if class_name is not None:
            raise SettingError(
                f"{run} is a detector: it can be asked about no class, since it answers for each region; "
                "leave --class out to see how it came to all its detections."
            )
        known = {} if data is None else objects_of(files, data, format)
        with claimed(out, "explain", what, leaves=_LEAVES) as folder:
            return _explain_detector(model, files, folder, known, callbacks)
    assert contracts.is_classifier(model)
    if data is not None:
        raise SettingError(f"{run} is a classifier, and what it says of a picture needs no boxes.")
    if not sees_images(model):
        raise SettingError(
            f"{run} was trained on rows of numbers, not on pictures: there is nothing to lay a map over."
        )
    asked = None if class_name is None else class_index(model, class_name)
    with claimed(out, "explain", what, leaves=_LEAVES) as folder:
        return _explain_classifier(model, files, folder, asked, callbacks)


def class_index(model: contracts.ClassifierModel, name: str) -> int:
    """The place of a class by its name.

    Raises
    ------
    SettingError
        If there is no such class; the sentence names the nearest.
    """
    names = [str(c) for c in model.classes_]
    if name in names:
        return names.index(name)
    raise SettingError(
        f"There is no class {name!r}.{did_you_mean(name, names)} The classes are {', '.join(names)}."
    )


# -- classifiers ------------------------------------------------------------------------------------


def _explain_classifier(
    model: contracts.ClassifierModel,
    files: Sequence[Path],
    folder: Path,
    asked: int | None,
    callbacks: Callbacks,
) -> FileResults:
    from foveal.models import occlusion_map
    from foveal.report.figures import draw_explanation

    names, called = unique_names(file.stem for file in files), distinct_names(files)
    classes = [str(c) for c in model.classes_]
    sections: list[Section] = []

    def explained(index: int, image: NDArray[np.uint8]) -> dict[str, Any]:
        file, name = files[index], names[index]
        answer = np.asarray(model.predict_proba([image]))[0]
        label = int(answer.argmax()) if asked is None else asked
        maps: dict[str, NDArray[Any]] = {}
        if contracts.is_convolutional(model):
            maps["Grad-CAM"] = activation_map(model, image, label)
        maps["occlusion"] = occlusion_map(model, image, label)
        # A drawing is for looking at: a photograph of 24 megapixels is not looked at as such.
        small = np.asarray(resize_to_fit(image, 640)[0], np.uint8)
        result = {**of_file(file, image), **class_answer(model, answer), "explained": classes[label]}
        result["drawn"] = f"drawn/{name}.png"
        result["maps"] = {kind: f"maps/{name}-{kind.lower()}.png" for kind in maps}
        figure = draw_explanation(
            small,
            maps,
            classes[label],
            float(answer[label]),
            probabilities=result["probabilities"],
            title=called[file],
        )
        write_bytes(folder / result["drawn"], _figure_as_png(figure), sync=False)
        for kind, values in maps.items():
            write_bytes(folder / result["maps"][kind], encoded(overlay_map(small, values), "PNG"), sync=False)
        if len(sections) < _ON_THE_PAGE:
            look = None
            if contracts.is_convolutional(model) and len(sections) < _LOOKED_INTO:
                look = look_inside(model, called[file], small)
            said = dict(zip(classes, answer.tolist(), strict=True))
            sections.append(explanation_section(called[file], small, said, classes[label], maps, look))
        return result

    results, unreadable = answers_of(explained, files, callbacks, "explanation", n_jobs=1)
    write_json(folder / "explanations.json", results)
    write_explanation_page(
        folder / "explanation.html",
        type(model).__name__,
        model.name,
        sections,
        answers=len(results),
        grad_cam=model.convolutional,
        unreadable=unreadable,
    )
    return FileResults(folder, results, unreadable)


def _figure_as_png(figure: "Figure") -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=120, facecolor="white", metadata={"Software": None})
    return content.getvalue()


# -- detectors --------------------------------------------------------------------------------------


def _refuse_videos(run: str | os.PathLike[str], inputs: Sequence[str | os.PathLike[str]]) -> None:
    """Refuse videos or cameras where nothing else is named; among images one is told of as unreadable."""
    if not inputs or not all(live_source([name]) is not None for name in inputs):
        return
    name = os.fspath(inputs[0])
    follow = shlex.join(["foveal", "predict", os.fspath(run), name])
    save = shlex.join(["ffmpeg", "-i", name, "frame-%05d.jpg"])
    raise SettingError(
        f"{name} is a video or a camera, and explain looks at pictures: {follow} shows what is found in it. "
        f"To explain frames, save some as pictures, with {save}."
    )


def _explain_detector(
    model: contracts.ProposerModel,
    files: Sequence[Path],
    folder: Path,
    known: Mapping[Path, Objects],
    callbacks: Callbacks,
) -> FileResults:
    """Predict over image files, and write one page that follows the first of them step by step."""
    if contracts.is_detector(model):
        done = predict_files(model, files, folder, callbacks=callbacks)
    else:
        done = _proposed(model, files, folder, callbacks)
    threshold = model.threshold_ if contracts.is_detector(model) else 0.5
    search = model.proposer_ if contracts.is_guided(model) else None
    followed = [Path(result["file"]) for result in done.results][:_FOLLOWED]
    called = distinct_names(followed)
    chapters: list[Chapter] = []
    with stage(callbacks, "explanation", len(followed)) as progress:
        for number, file in enumerate(followed, 1):
            image, objects = read(file), known.get(file)
            boxes, names = (None, ()) if objects is None else (objects.boxes, objects.names)
            trace = with_attention(model, model.trace(image, boxes, object_names=names))
            chapters.append(trace_chapter(called[file], trace, model.name, threshold=threshold))
            if isinstance(search, SelectiveSearch):
                chapter = search_chapter_of(called[file], image, search, objects)
                # Two chapters of one page have different names.
                chapters.append(replace(chapter, title=f"{called[file]}: the search"))
            progress(number)
    write_trace_page(
        done.folder / "explanation.html",
        chapters,
        model.name,
        images=len(followed),
        more=len(done.results) - len(followed),
        proposes=contracts.is_proposer(model),
        unreadable=done.unreadable,
    )
    return done


def _proposed(
    model: contracts.ProposerModel, files: Sequence[Path], folder: Path, callbacks: Callbacks
) -> FileResults:
    """Of a model that proposes and does not detect: its proposals for image files, as JSON."""

    def proposed(index: int, image: NDArray[np.uint8]) -> dict[str, Any]:
        return {**of_file(files[index], image), **proposal_answer(model.propose(image))}

    results, unreadable = answers_of(proposed, files, callbacks, "proposals", n_jobs=1)
    write_json(folder / "proposals.json", results)
    return FileResults(folder, results, unreadable)
