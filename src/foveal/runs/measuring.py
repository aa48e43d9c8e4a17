"""The end of a training: the model measured on held-out images, and the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.compiling import begin
from foveal.data import Dataset
from foveal.data.dataset import relative_name
from foveal.events import Callbacks, stage
from foveal.models import contracts
from foveal.models.loading import load
from foveal.proposals.warm_ups import SEARCH
from foveal.runs.comparing_proposals import compare_with_search, seconds_to_compare
from foveal.runs.folder import RunFolder
from foveal.runs.notebook import finished_html, foremost

if TYPE_CHECKING:
    from foveal.metrics import ProposalQuality
    from foveal.report.html.blocks import Chapter
    from foveal.report.records import ClassificationRecord, DetectionRecord, ProposalRecord

    Record = ClassificationRecord | DetectionRecord | ProposalRecord

# Measured on two cores of a Xeon at 2.5 GHz: figures, proposals and examples of the report, by the images
# that were held out, and what is there for none; a second of it goes to the comparison of images.
_REPORT_SECONDS, _IMAGE_SECONDS = 7.0, 0.01
# The report of a classifier, and the maps of its mistakes.
_PAGE_SECONDS, _LOOK_SECONDS = 4.0, 3.0
# One image followed on its way through a detector.
_TRACE_SECONDS = 3.0
# The recall of so many proposals is told even where no image has so many.
_ALWAYS = 100


@dataclass(frozen=True, eq=False)
class Finished:
    """A run that came to its end.

    Attributes
    ----------
    folder : RunFolder
    metrics : dict of str to float
        The figures of the held-out images.
    record : DetectionRecord or ProposalRecord or ClassificationRecord
        What its report was written from.
    """

    folder: RunFolder
    metrics: dict[str, float]
    record: "Record"

    @cached_property
    def model(self) -> Any:
        """The trained model, read from the run's folder: it predicts, and a detector can be traced."""
        return load(self.folder.path)

    def __repr__(self) -> str:
        figures = ", ".join(f"{key} {value:.3f}" for key, value in foremost(self.metrics).items())
        return f"Finished({str(self.folder.path)!r}{': ' if figures else ''}{figures})"

    def _repr_html_(self) -> str:
        return finished_html(self.folder, self.metrics, self.record)


def measure(
    model: contracts.Model, folder: RunFolder, facts: Mapping[str, Any], callbacks: Callbacks
) -> "Record":
    """Measure a trained model on held-out images, and write predictions and metrics.

    Parameters
    ----------
    model : Model
    folder : RunFolder
    facts : mapping of str
        What the records of all tasks hold: ``test``, the held-out images, and whatever the report tells of
        the training.
    callbacks : sequence of callables

    Returns
    -------
    DetectionRecord or ProposalRecord or ClassificationRecord
        With the events of the training, read off the log.
    """
    if contracts.is_detector(model):
        return _measure_detector(model, folder, facts, callbacks)
    if contracts.is_proposer(model):
        return _measure_proposer(model, folder, facts, callbacks)
    assert contracts.is_classifier(model)
    return _measure_classifier(model, folder, facts, callbacks)


def chapter_of(record: "Record") -> "Chapter":
    """The chapter of a report about what a record tells of."""
    from foveal.report.chapters.classification import classification_chapter
    from foveal.report.chapters.detection import detection_chapter
    from foveal.report.chapters.proposals import proposal_chapter
    from foveal.report.records import DetectionRecord, ProposalRecord

    if isinstance(record, DetectionRecord):
        return detection_chapter(record)
    if isinstance(record, ProposalRecord):
        return proposal_chapter(record)
    return classification_chapter(record)


def seconds_after_training(model: contracts.TimedModel, n_test: int) -> float:
    """Seconds that evaluation and report of a model take.

    The finding of objects, or the naming of images, is left out. Of a detector one image is followed, and
    proposals that are its own are compared; of a classifier mistakes are explained.

    Parameters
    ----------
    model : TimedModel
        Not yet trained.
    n_test : int
        Images that are held out.

    Returns
    -------
    float
    """
    if contracts.is_classifier(model):
        return _PAGE_SECONDS + (_LOOK_SECONDS if n_test else 0.0)
    seconds = _REPORT_SECONDS + _IMAGE_SECONDS * n_test
    if n_test:
        seconds += _TRACE_SECONDS
    if n_test and not contracts.is_guided(model):
        seconds += seconds_to_compare(model.run_minutes) or 0.0
    return seconds


# -- detection --------------------------------------------------------------------------------------


def compile_beside_training(model: contracts.Model) -> None:
    """Have compiled while a model is trained what only the measuring after it needs.

    Parameters
    ----------
    model : Model
        Not yet trained.
    """
    if contracts.is_proposer(model) or (contracts.is_detector(model) and _is_compared(model)):
        begin(SEARCH, idle=True)


def _is_compared(model: contracts.DetectorModel) -> bool:
    """Whether there is time to compare a detector's proposals with those of selective search."""
    minutes = model.run_minutes if contracts.is_timed(model) else None
    return model.proposes_itself and seconds_to_compare(minutes) is not None


def _measure_detector(
    model: contracts.DetectorModel, folder: RunFolder, facts: Mapping[str, Any], callbacks: Callbacks
) -> "DetectionRecord":
    from foveal.metrics import evaluate, proposal_recall, to_results
    from foveal.report.records import DetectionRecord

    test: Dataset = facts["test"]
    paths, good = [s.path for s in test], [s.trainable for s in test]
    proposals = None
    if any(g.any() for g in good):
        # Before the detections, which find them in the cache.
        proposals = model.propose_all(paths, callbacks=callbacks)
    detections = model.predict(paths, callbacks=callbacks)
    results = to_results(test, detections)
    folder.write_results(results)
    with stage(callbacks, "evaluation"):
        metrics = evaluate(test.to_coco(), results)
    quality = None
    if proposals is not None:
        quality = proposal_recall(
            [p.boxes for p in proposals],
            [s.boxes[g] for s, g in zip(test, good, strict=True)],
            labels=[s.labels[g] for s, g in zip(test, good, strict=True)],
        )
        if len(quality.mabo):
            metrics |= _at(quality, len(quality.mabo) - 1, "")
    folder.write_metrics(metrics)
    compared = {}
    if proposals is not None and _is_compared(model):
        compared = compare_with_search(test, proposals, callbacks=callbacks)
    return DetectionRecord(
        **facts,
        events=folder.read_log(),
        metrics=metrics,
        detections=detections,
        results=results,
        proposal_quality=quality,
        compared_proposals=compared,
        score_threshold=model.threshold_,
    )


def _measure_proposer(
    model: contracts.LearnedProposer, folder: RunFolder, facts: Mapping[str, Any], callbacks: Callbacks
) -> "ProposalRecord":
    from foveal.metrics import compare_proposers
    from foveal.proposals import Proposer, SelectiveSearch
    from foveal.report.records import ProposalRecord

    name = type(model).__name__
    methods: dict[str, Proposer] = {name: model, "selective search": SelectiveSearch()}
    others = compare_proposers(methods, facts["test"], callbacks=callbacks)
    quality = others.pop(name)
    metrics = proposal_metrics(quality)
    folder.write_metrics(metrics)
    return ProposalRecord(
        **facts, events=folder.read_log(), metrics=metrics, proposal_quality=quality, others=others
    )


def proposal_quality(
    model: contracts.LearnedProposer, dataset: Dataset, callbacks: Callbacks
) -> "ProposalQuality":
    """How well a method of proposing reaches the objects of images."""
    from foveal.metrics import compare_proposers

    name = type(model).__name__
    return compare_proposers({name: model}, dataset, callbacks=callbacks)[name]


def proposal_metrics(quality: "ProposalQuality") -> dict[str, float]:
    """Recall and average best overlap as flat figures: ``proposals/recall50@100`` is of the best 100.

    Without objects there are none. Of more proposals than any image has nothing is told, unless they are as
    few as reports always tell of.
    """
    metrics: dict[str, float] = {}
    if quality.objects:
        most = int(quality.curve_numbers[-1])
        for column, number in enumerate(quality.numbers):
            if number is not None and number > max(most, _ALWAYS):
                continue
            metrics |= _at(quality, column, "" if number is None else f"@{number}")
    return metrics


def _at(quality: "ProposalQuality", column: int, number: str) -> dict[str, float]:
    """The figures of so many proposals."""
    metrics = {f"proposals/MABO{number}": round(float(quality.mabo[column]), 6)}
    for threshold, row in zip(quality.thresholds, quality.recall, strict=True):
        metrics[f"proposals/recall{round(100 * threshold)}{number}"] = round(float(row[column]), 6)
    return metrics


# -- classification ---------------------------------------------------------------------------------


def _measure_classifier(
    model: contracts.ClassifierModel, folder: RunFolder, facts: Mapping[str, Any], callbacks: Callbacks
) -> "ClassificationRecord":
    from foveal.report.records import ClassificationRecord

    test: Dataset = facts["test"]
    with stage(callbacks, "prediction"):
        probabilities = class_probabilities(model, test)
    write_probabilities(folder, test, probabilities)
    with stage(callbacks, "evaluation"):
        metrics = classification_metrics(test, probabilities)
    folder.write_metrics(metrics)
    return ClassificationRecord(
        **facts,
        events=folder.read_log(),
        metrics=metrics,
        predictions=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )


def write_probabilities(folder: RunFolder, dataset: Dataset, probabilities: NDArray[np.float64]) -> None:
    """Write ``predictions.csv``, of probabilities (N, K) in the order of the data set's classes."""
    folder.write_probabilities(
        [relative_name(s.path, dataset.root) for s in dataset],
        dataset.classes,
        [dataset.classes[label] for label in _truth(dataset)],
        probabilities,
    )


def class_probabilities(
    model: contracts.ClassifierModel, dataset: Dataset, names: Mapping[str, str] = MappingProxyType({})
) -> NDArray[np.float64]:
    """Probabilities in the order of the data set's classes, shape (N, K); 0 for a class never seen.

    ``names`` are what classes of the model are called there; those of one name are added up.
    """
    probabilities = np.zeros((len(dataset), len(dataset.classes)))
    if not len(dataset):
        return probabilities
    known = {name: i for i, name in enumerate(dataset.classes)}
    answered = model.predict_proba([s.path for s in dataset])
    for column, name in enumerate(model.classes_.tolist()):
        name = names.get(str(name), name)
        if name in known:
            probabilities[:, known[name]] += answered[:, column]
    return probabilities


def classification_metrics(dataset: Dataset, probabilities: NDArray[np.float64]) -> dict[str, float]:
    """The flat figures of a classifier on labelled images."""
    from foveal.metrics import evaluate_classes

    truth = np.array(_truth(dataset), np.int64)
    return evaluate_classes(truth, probabilities.argmax(axis=1), probabilities, classes=dataset.classes)


def _truth(dataset: Dataset) -> list[int]:
    return [0 if s.label is None else s.label for s in dataset]
