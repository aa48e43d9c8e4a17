"""The whole way on the embedded default."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from foveal.data import scenes
from foveal.events import Callbacks, emit, stage
from foveal.files import empty_folder
from foveal.report.html.blocks import Headline
from foveal.report.html.page import write_report
from foveal.runs.measuring import Finished, chapter_of
from foveal.runs.training import train

_TRAIN_SCENES, _TEST_SCENES = 200, 60

# The whole of it, and what is kept back of that for the page at the end. The detector that learns by
# gradients gets what the others leave, at the least the seconds in the middle.
_SECONDS, _LEAST, _PAGE = 115.0, 30.0, 5.0

# A scene is small and its proposals few: less of everything costs next to nothing in AP.
_QUICK = {"max_proposals": 500, "mining_rounds": 1, "calibration_folds": 2}


def demo(
    out: str | os.PathLike[str], *, seed: int = 0, callbacks: Callbacks = (), spent: float = 0.0
) -> dict[str, Finished]:
    """Make data, look it over, train a classifier and two detectors, measure all and report.

    Handwritten digits are classified by logistic regression, whose learning-rate sweep is drawn; scenes
    composed of other digits are searched by an R-CNN and by a Faster R-CNN, which learns as long as two
    minutes for the whole leave it. Nothing but the installed package is needed.

    Parameters
    ----------
    out : path-like
        A new or empty folder. It receives ``data/``, the run folders ``digits/``, ``scenes-rcnn/`` and
        ``scenes/``, and ``report.html``.
    seed : int, default=0
        Of the data and of the models.
    callbacks : sequence of callables
    spent : float, default=0.0
        Seconds of the two minutes that had gone by before this call.

    Returns
    -------
    dict of str to Finished
        ``"scenes"`` (the Faster R-CNN), ``"scenes-rcnn"`` and ``"digits"``.
    """
    began = time.perf_counter() - spent
    folder = empty_folder(out)
    with stage(callbacks, "drawing scenes"):
        scenes.write_digits(folder / "data" / "digits", random_state=seed)
        scenes.write_scenes(
            folder / "data" / "scenes", number=_TRAIN_SCENES, test=_TEST_SCENES, random_state=seed
        )

    def run(name: str, data: str, model: str, settings: dict[str, Any], gone: float = 0.0) -> Finished:
        emit(callbacks, "note", text=f"{name}: {model} on {data}.")
        return train(
            folder / "data" / data,
            model=model,
            out=folder / name,
            settings=settings,
            seed=seed,
            callbacks=callbacks,
            spent=gone,
        )

    runs = {
        "digits": run("digits", "digits", "logistic", {}),
        "scenes-rcnn": run("scenes-rcnn", "scenes", "rcnn", _QUICK),
    }
    gone = time.perf_counter() - began + _PAGE
    minutes = max(_SECONDS, gone + _LEAST) / 60
    runs["scenes"] = run("scenes", "scenes", "faster-rcnn", {"minutes": minutes}, gone)
    with stage(callbacks, "report of all"):
        write_demo_report(folder / "report.html", runs)
    return runs


def write_demo_report(path: Path, runs: dict[str, Finished]) -> None:
    """One page for all models, the better detector first."""
    figures = {name: runs[name].metrics["AP50"] for name in ("scenes", "scenes-rcnn")}
    beside = replace(runs["scenes-rcnn"].record, title="The same scenes, by R-CNN")
    write_report(
        path,
        "Foveal’s demo",
        "Two detectors and a classifier, trained on this computer’s processor in two minutes from nothing "
        "but the installed package: handwritten digits alone, and digits hidden in scenes. Every figure is "
        "of images that the models had never seen.",
        [
            chapter_of(runs["scenes"].record),
            chapter_of(beside),
            chapter_of(runs["digits"].record),
        ],
        [
            Headline(f"{figures['scenes']:.3f}", "AP50", "of Faster R-CNN on held-out scenes"),
            Headline(f"{figures['scenes-rcnn']:.3f}", "AP50", "of R-CNN on the same scenes"),
            Headline(f"{runs['digits'].metrics['accuracy']:.1%}", "accuracy", "on held-out digits"),
        ],
    )
