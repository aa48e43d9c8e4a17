"""The whole way on the embedded default."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from foveal.compiling import begin
from foveal.data import scenes
from foveal.events import Callbacks, emit, stage
from foveal.files import claimed
from foveal.models import model_class
from foveal.report.html.blocks import Headline
from foveal.report.html.page import write_report
from foveal.runs.measuring import Finished, chapter_of
from foveal.runs.training import go_on, train

_TRAIN_SCENES, _TEST_SCENES = 200, 60

# All schedules are numbers of steps: the same on a slow machine and on a busy one. A scene is small and its
# proposals few: less of everything costs next to nothing in AP.
_RCNN = {"max_proposals": 500, "mining_rounds": 1, "calibration_folds": 2}
# Scenes are no larger than this; what the frozen backbone sees of digits is enough.
_FASTER_RCNN = {"size": 320, "epochs": 24.0, "finetune_fraction": 0.0}


def demo(out: str | os.PathLike[str], *, seed: int = 0, callbacks: Callbacks = ()) -> dict[str, Finished]:
    """Make data, look it over, train a classifier and two detectors, measure all and report.

    Handwritten digits are classified by logistic regression, whose learning-rate sweep is drawn; scenes
    composed of other digits are searched by an R-CNN and by a Faster R-CNN. Nothing but the installed
    package is needed.

    Parameters
    ----------
    out : path-like
        A new or empty folder, or that of a demo that was broken off, which goes on then. It receives
        ``data/``, the run folders ``digits/``, ``scenes-rcnn/`` and ``scenes/``, and ``report.html``.
    seed : int, default=0
        Of the data and of the models.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to Finished
        ``"scenes"`` (the Faster R-CNN), ``"scenes-rcnn"`` and ``"digits"``.
    """
    with claimed(out, "demo", {"seed": seed}, kept=True) as folder:
        return _demo(folder, seed, callbacks)


def _demo(folder: Path, seed: int, callbacks: Callbacks) -> dict[str, Finished]:
    for model in ("rcnn", "faster-rcnn"):
        begin(model_class(model).warm_ups)
    with stage(callbacks, "drawing scenes"):
        scenes.write_digits(folder / "data" / "digits", random_state=seed)
        scenes.write_scenes(
            folder / "data" / "scenes", number=_TRAIN_SCENES, test=_TEST_SCENES, random_state=seed
        )

    def run(name: str, data: str, model: str, settings: dict[str, Any]) -> Finished:
        emit(callbacks, "note", text=f"{name}: {model} on {data}.")
        if (folder / name / "config.toml").is_file():
            return go_on(folder / name, callbacks=callbacks, finished=True)
        return train(
            folder / "data" / data,
            model=model,
            out=folder / name,
            settings=settings,
            seed=seed,
            callbacks=callbacks,
        )

    runs = {
        "digits": run("digits", "digits", "logistic", {}),
        "scenes-rcnn": run("scenes-rcnn", "scenes", "rcnn", _RCNN),
        "scenes": run("scenes", "scenes", "faster-rcnn", _FASTER_RCNN),
    }
    with stage(callbacks, "report of all"):
        write_demo_report(folder / "report.html", runs)
    return runs


def write_demo_report(path: Path, runs: dict[str, Finished]) -> None:
    """One page for all models, the default detector first."""
    figures = {name: runs[name].metrics["AP50"] for name in ("scenes", "scenes-rcnn")}
    beside = replace(runs["scenes-rcnn"].record, title="The same scenes, by R-CNN")
    write_report(
        path,
        "Foveal’s demo",
        "Two detectors and a classifier, trained on this computer’s processor from nothing "
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
