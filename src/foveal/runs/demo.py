"""The whole way on the embedded default."""

import os
from pathlib import Path

from foveal.data import doctor, scenes
from foveal.events import Callbacks, emit, stage
from foveal.report import Headline, classification_chapter, detection_chapter, write_report
from foveal.runs.folder import empty_folder
from foveal.runs.measuring import Finished
from foveal.runs.training import train

_TRAIN_SCENES, _TEST_SCENES = 200, 60

# A scene is small and its proposals few: less of everything costs next to nothing in AP.
_QUICK = {"features": "hog-color", "max_proposals": 1000, "mining_rounds": 2, "calibration_folds": 2}


def demo(out: str | os.PathLike[str], *, seed: int = 0, callbacks: Callbacks = ()) -> dict[str, Finished]:
    """Make data, look it over, train a classifier and a detector, measure both and report.

    Handwritten digits are classified by logistic regression, whose learning-rate sweep is drawn; scenes
    composed of other digits are searched by an R-CNN. Nothing but the installed package is needed.

    Parameters
    ----------
    out : path-like
        A new or empty folder. It receives ``data/``, ``digits/`` and ``scenes/`` (run folders) and
        ``report.html``.
    seed : int, default=0
        Of the data and of both models.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to Finished
        ``"scenes"`` and ``"digits"``.
    """
    folder = empty_folder(out)
    with stage(callbacks, "drawing scenes"):
        scenes.write_digits(folder / "data" / "digits", random_state=seed)
        scenes.write_scenes(
            folder / "data" / "scenes", number=_TRAIN_SCENES, test=_TEST_SCENES, random_state=seed
        )
    for name in ("digits", "scenes"):
        findings = doctor(folder / "data" / name)
        wrong = [f for f in findings if f.severity != "note"]
        emit(callbacks, "note", text=f"doctor: {name}, {len(wrong)} findings that matter.")
    runs = {
        "scenes": train(
            folder / "data" / "scenes",
            model="rcnn",
            out=folder / "scenes",
            settings=_QUICK,
            seed=seed,
            callbacks=callbacks,
        ),
        "digits": train(
            folder / "data" / "digits",
            model="logistic",
            out=folder / "digits",
            seed=seed,
            callbacks=callbacks,
        ),
    }
    with stage(callbacks, "report of both"):
        write_demo_report(folder / "report.html", runs)
    return runs


def write_demo_report(path: Path, runs: dict[str, Finished]) -> None:
    """One page for both models."""
    write_report(
        path,
        "Foveal’s demo",
        "A detector and a classifier, trained on this computer’s processor from nothing but the installed "
        "package: handwritten digits alone, and digits hidden in scenes. Every figure is of images that "
        "the models had never seen.",
        [detection_chapter(runs["scenes"].record), classification_chapter(runs["digits"].record)],
        [
            Headline(f"{runs['scenes'].metrics['AP50']:.3f}", "AP50", "of digits found in held-out scenes"),
            Headline(f"{runs['digits'].metrics['accuracy']:.1%}", "accuracy", "on held-out digits"),
        ],
    )
