"""The command line's verbs in Python: :mod:`foveal.runs`, with progress, and settings as keywords."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foveal.errors import SettingError
from foveal.events import Callback

if TYPE_CHECKING:
    from foveal.data import Dataset, Finding
    from foveal.runs import Compared, Exported, FileResults, Finished
    from foveal.runs.showing import Shown

    PathLike = str | os.PathLike[str]
    Run = Finished | PathLike

# What `train` takes beside settings.
_TRAIN_KEYWORDS = ("model", "minutes", "out", "from_run", "seed", "format", "progress", "callbacks")


def train(
    data: Dataset | PathLike,
    *,
    model: str | None = None,
    minutes: float | None = None,
    out: PathLike | None = None,
    from_run: Run | None = None,
    seed: int = 0,
    format: str | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> Finished:
    """Train a model on a data set, measure it on held-out images and report: ``foveal train``.

    Parameters
    ----------
    data : Dataset or path-like
        Anything that :func:`foveal.data.load` reads, or what it gave.
    model : str, optional
        A name of :data:`foveal.models.MODELS`; by default ``faster-rcnn`` for boxed data (``fast-rcnn``
        where there are too few minutes for it) and ``auto`` for a folder a class.
    minutes : float, optional
        The time for everything, of a model that takes it; the model's own by default.
    out : path-like, optional
        The run folder, new or empty; by default the first free ``runs/<data>-<model>``.
    from_run : Finished or path-like, optional
        A run whose model and settings this training goes on from, as ``--from``.
    seed : int, default=0
    format : str, optional
        See :func:`foveal.data.load`.
    progress : bool, default=True
        Show what is going on, in a terminal on standard error, in a notebook below the cell.
    callbacks : sequence of callables
        Told of everything that is done; see :mod:`foveal.events`.
    **settings
        Parameters of the model and of the split, as those of ``--set``; what has a dot there has two
        underscores here: ``features__size=320``.

    Returns
    -------
    Finished
        Its ``model`` predicts, its ``metrics`` are of the held-out images, its ``folder`` has the report.

    Raises
    ------
    FovealError
        If the data, the model, a setting or the folder cannot be used; of a setting that does not exist the
        sentence names the nearest.

    Examples
    --------
    ::

        finished = foveal.train("photos", minutes=2)
        finished.model.predict("new.jpg")
    """
    from foveal.runs import train as run

    given = {key.replace("__", "."): value for key, value in settings.items()}
    _refuse_misspelt(given)
    if minutes is not None:
        given["minutes"] = float(minutes)
    origin = None if from_run is None else _path(from_run)
    options: dict[str, Any] = {"model": model, "out": out, "from_run": origin, "seed": seed, "format": format}
    with _shown(progress, callbacks) as told:
        return run(data, settings=given, callbacks=told, **options)


def resume(run: Run, *, progress: bool = True, callbacks: Sequence[Callback] = ()) -> Finished:
    """Go on with a training that was broken off, as ``--resume`` does.

    Parameters
    ----------
    run : path-like
        Its folder.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    Finished

    Raises
    ------
    FovealError
        If there is nothing to go on with, or the data has changed.
    """
    from foveal.runs import resume as go_on

    with _shown(progress, callbacks) as told:
        return go_on(_path(run), callbacks=told)


def evaluate(
    run: Run,
    data: Dataset | PathLike | None = None,
    *,
    out: PathLike | None = None,
    split: str | None = None,
    format: str | None = None,
    protocol: str = "coco",
    iou_threshold: float = 0.5,
    class_names: Mapping[str, str] | None = None,
    precision: float | None = None,
    recall: float | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> dict[str, float]:
    """Measure a trained model on a data set: ``foveal evaluate``.

    Parameters
    ----------
    run : Finished or path-like
        A run, its folder or a model file; or a ``.json`` with detections in COCO's results format.
    data : Dataset or path-like, optional
        By default the data of the run. Of a folder or file: the images that the run held out where it is
        what the run was trained on, else its test part, else all. Of a loaded
        :class:`foveal.data.Dataset`: all its images.
    out : path-like, optional
        A new or empty folder for a report as after a training.
    split : {"train", "val", "test", "all"}, optional
        These instead.
    format, protocol, iou_threshold
        See :func:`foveal.data.load` and :func:`foveal.metrics.evaluate`.
    class_names : mapping of str to str, optional
        What classes of the model are called in the data set, as ``--map``.
    precision, recall : float, optional
        Set the detector's threshold by these images; see :func:`foveal.runs.evaluate_run`.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    dict of str to float
        The figures, by the keys of ``metrics.json``.

    Raises
    ------
    FovealError
        If the model or the data cannot be used, or they are of different tasks.
    """
    from foveal.runs import evaluate_predictions, evaluate_run

    path = _path(run)
    options: dict[str, Any] = {
        "split": split, "format": format, "protocol": protocol, "iou_threshold": iou_threshold,
    }  # fmt: skip
    if path.suffix.lower() == ".json" and not path.is_dir():
        if data is None or any(given is not None for given in (out, class_names, precision, recall)):
            raise SettingError(
                "Of a file of results: name the data; out, class_names, precision and recall are for a run."
            )
        return evaluate_predictions(path, data, **options)
    options |= {"out": out, "class_names": class_names, "precision": precision, "recall": recall}
    with _shown(progress, callbacks) as told:
        return evaluate_run(path, data, **options, callbacks=told)


def predict(
    run: Run,
    images: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    min_score: float | None = None,
    form: str = "json",
    draw: bool = True,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> FileResults:
    """Predict over files and write what was found: ``foveal predict``.

    For answers without files, ask the model: ``foveal.load(run).predict(images)``.

    Parameters
    ----------
    run : Finished or path-like
        A run, its folder or a model file.
    images : path-like, or sequence of them
        Files, folders and patterns.
    out : path-like, optional
        The folder for the results, new or empty; by default the first free ``predictions``.
    min_score : float, optional
        Leave out detections that are less probable; by default those below the model's ``threshold_``.
    form : {"json", "coco", "csv"}, default="json"
    draw : bool, default=True
        Write images with the boxes.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    FileResults
        A bad file is among its ``unreadable`` and stops nothing.

    Raises
    ------
    FovealError
        If there is no model, nothing to predict on, or the folder is not empty.
    """
    from foveal.runs import predict as run_over

    with _shown(progress, callbacks) as told:
        return run_over(
            _path(run),
            _several(images),
            _folder(out, "predictions"),
            min_score=min_score,
            form=form,  # type: ignore[arg-type]
            draw=draw,
            callbacks=told,
        )


def explain(
    run: Run,
    images: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    class_name: str | None = None,
    data: PathLike | None = None,
    format: str | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> FileResults:
    """Show why a model answered as it did: ``foveal explain``.

    Parameters
    ----------
    run, images
        As of :func:`predict`.
    out : path-like, optional
        The folder for page and images, new or empty; by default the first free ``explanations``.
    class_name : str, optional
        What to ask a classifier about; by default the most probable class of each image.
    data : path-like, optional
        The boxed data of the images, whose objects a detector's page then shows.
    format : str, optional
        Of that data; see :func:`foveal.data.load`.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    FileResults

    Raises
    ------
    FovealError
        As :func:`foveal.runs.explain`.
    """
    from foveal.runs import explain as run_over

    with _shown(progress, callbacks) as told:
        return run_over(
            _path(run),
            _several(images),
            _folder(out, "explanations"),
            class_name=class_name,
            data=data,
            format=format,
            callbacks=told,
        )


def export(
    run: Run, file: PathLike, *, progress: bool = True, callbacks: Sequence[Callback] = ()
) -> Exported:
    """Write a model as an ONNX file that was checked against it: ``foveal export``.

    Parameters
    ----------
    run : Finished or path-like
        A run, its folder or a model file.
    file : path-like
        A new file whose name ends with ``.onnx``.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    Exported

    Raises
    ------
    FovealError
        As :func:`foveal.runs.export`.
    """
    from foveal.runs import export as write

    with _shown(progress, callbacks) as told:
        return write(_path(run), file, callbacks=told)


def propose(
    images: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    mode: str = "fast",
    number: int = 2000,
    drawn: int = 50,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> FileResults:
    """Propose regions of image files by selective search: ``foveal propose``.

    For boxes without files: ``foveal.proposals.SelectiveSearch().propose("a.jpg")``.

    Parameters
    ----------
    images
        As of :func:`predict`.
    out : path-like, optional
        The folder for the results, new or empty; by default the first free ``proposals``.
    mode : {"single", "fast", "quality"}, default="fast"
    number, drawn : int
        The best so many of each image, and of them drawn.
    progress, callbacks
        As of :func:`train`.
    **settings
        Other parameters of :class:`foveal.proposals.SelectiveSearch`.

    Returns
    -------
    FileResults

    Raises
    ------
    FovealError
        As :func:`foveal.runs.propose`.
    """
    from foveal.runs import propose as run_over

    with _shown(progress, callbacks) as told:
        return run_over(
            _several(images),
            _folder(out, "proposals"),
            mode=mode,
            number=number,
            drawn=drawn,
            settings=settings,
            callbacks=told,
        )


def doctor(
    data: Dataset | PathLike,
    *,
    split: str | None = None,
    format: str | None = None,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> list[Finding]:
    """What is wrong with a data set, and what training would do about it: ``foveal doctor``.

    Parameters
    ----------
    data : Dataset or path-like
    split, format : str, optional
        As of :func:`foveal.data.doctor`.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    list of Finding
        Errors first, then warnings, then notes.

    Raises
    ------
    FovealError
        If the data cannot be read at all.
    """
    from foveal.data import doctor as look

    with _shown(progress, callbacks) as told:
        return look(data, split=split, format=format, callbacks=told)


def show(
    data: Dataset | PathLike,
    out: PathLike | None = None,
    *,
    format: str | None = None,
    seed: int = 0,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Shown:
    """What a data set is, with ``out`` on a page as well: ``foveal show``.

    Parameters
    ----------
    data, out, format, seed
        As of :func:`foveal.runs.show`.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    Shown
        Its ``figures`` are what ``foveal show DATA --json`` prints.

    Raises
    ------
    FovealError
        If the data cannot be read, or the folder is not empty.
    """
    from foveal.runs import show as run

    with _shown(progress, callbacks) as told:
        return run(data, out, format=format, seed=seed, callbacks=told)


def compare(
    runs: Sequence[Run],
    out: PathLike | None = None,
    *,
    seed: int = 0,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Compared:
    """Compare runs on a page, and say which differences are more than chance: ``foveal compare``.

    Parameters
    ----------
    runs : sequence of Finished or path-like
    out : path-like, optional
        A new or empty folder; by default the first free ``comparison``.
    seed : int, default=0
        Of the bootstrap.
    progress, callbacks
        As of :func:`train`.

    Returns
    -------
    Compared
        Its ``verdicts`` are sentences, its ``page`` shows them.

    Raises
    ------
    FovealError
        As of :func:`foveal.runs.compare`.
    """
    from foveal.runs import compare as run

    with _shown(progress, callbacks) as told:
        return run([_path(one) for one in runs], _folder(out, "comparison"), seed=seed, callbacks=told)


def threshold(run: Run, value: float) -> float:
    """Set the score from which a detector's boxes are believed: ``foveal threshold``.

    A model that is loaded already keeps the old one.

    Parameters
    ----------
    run : Finished or path-like
    value : float
        From 0 to 1.

    Returns
    -------
    float
        What it was before.

    Raises
    ------
    FovealError
        As of :func:`foveal.runs.set_threshold`.
    """
    from foveal.runs import set_threshold

    return set_threshold(_path(run), value)


@contextmanager
def _shown(progress: bool, callbacks: Sequence[Callback]) -> Iterator[list[Callback]]:
    """The callbacks, and what draws progress before them."""
    from foveal.progress import show_progress

    with show_progress(quiet=not progress) as draw:
        yield [draw, *callbacks]


def _path(run: Run) -> Path:
    """The folder or file of a run."""
    from foveal.runs import Finished

    if isinstance(run, Finished):
        return run.folder.path
    if not isinstance(run, (str, os.PathLike)):
        raise SettingError(
            f"A run is what train gave, its folder or a model file; got a {type(run).__name__}. A model that "
            "is loaded has methods of its own: model.predict(images), model.score(data)."
        )
    return Path(run)


def _several(images: PathLike | Sequence[PathLike]) -> list[PathLike]:
    return [images] if isinstance(images, (str, os.PathLike)) else list(images)


def _folder(out: PathLike | None, name: str) -> PathLike:
    from foveal.files import free_folder

    return free_folder(Path(name)) if out is None else out


def _refuse_misspelt(settings: dict[str, Any]) -> None:
    """Refuse a keyword of `train` that was misspelt, before it is taken for a setting of the model."""
    from foveal.models import MODELS
    from foveal.runs.settings import available_settings

    for name in settings:
        near = get_close_matches(name, _TRAIN_KEYWORDS, n=1, cutoff=0.7)
        if near and not any(name in available_settings(model) for model in MODELS):
            raise SettingError(f"train has no keyword {name!r}. Did you mean {near[0]!r}?")
