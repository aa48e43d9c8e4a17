"""The end of a training: the model measured on held-out pictures, and the report."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Detections, Parts
from foveal.data.dataset import relative_name
from foveal.events import Callbacks, stage
from foveal.runs.comparing_proposals import compare_with_search, proposes_itself, seconds_to_compare
from foveal.runs.explanations import with_explanations, with_traces
from foveal.runs.folder import RunFolder
from foveal.runs.time_reserve import minutes_of

if TYPE_CHECKING:
    from foveal.metrics import ProposalQuality


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
    record: Any


def finish_detector(
    run: RunFolder, estimator: Any, parts: Parts, record: dict[str, Any], callbacks: Callbacks
) -> Finished:
    """Measure a detector on the held-out pictures and report."""
    from foveal.metrics import evaluate, proposal_recall, to_results
    from foveal.report import DetectionRecord, write_detection_report

    test = parts.test
    proposals = None
    if any(s.trainable.any() for s in test):
        # Before the detections, which find them in the cache.
        proposals = estimator.propose_all([s.path for s in test], callbacks=callbacks)
    detections = cast("list[Detections]", estimator.predict([s.path for s in test], callbacks=callbacks))
    results = to_results(test, detections)
    run.write_results(results)
    with stage(callbacks, "evaluation"):
        metrics = evaluate(test.to_coco(), results)
    quality = None
    if proposals is not None:
        good = [s.trainable for s in test]
        quality = proposal_recall(
            [p.boxes for p in proposals],
            [s.boxes[g] for s, g in zip(test, good, strict=True)],
            labels=[s.labels[g] for s, g in zip(test, good, strict=True)],
        )
        if len(quality.mabo):
            metrics["proposals/MABO"] = round(float(quality.mabo[-1]), 6)
            for threshold, row in zip(quality.thresholds, quality.recall, strict=True):
                metrics[f"proposals/recall{round(100 * threshold)}"] = round(float(row[-1]), 6)
    run.write_metrics(metrics)
    alone = proposes_itself(estimator)
    compared = {}
    if alone and proposals is not None and seconds_to_compare(minutes_of(estimator)) is not None:
        compared = compare_with_search(test, proposals, callbacks=callbacks)
    finished = DetectionRecord(
        **record,
        events=run.read_log(),
        metrics=metrics,
        detections=detections,
        results=results,
        proposal_quality=quality,
        compared_proposals=compared,
        score_threshold=estimator.threshold_,
    )
    with stage(callbacks, "report"):
        if alone:
            finished = with_traces(finished, estimator)
        write_detection_report(run.report_file, finished)
    return Finished(run, metrics, finished)


def finish_proposer(
    run: RunFolder, estimator: Any, parts: Parts, record: dict[str, Any], callbacks: Callbacks
) -> Finished:
    """Measure a method of proposing on the held-out pictures, beside selective search, and report."""
    from foveal.metrics import compare_proposers
    from foveal.proposals import SelectiveSearch
    from foveal.report import ProposalRecord, proposal_chapter, write_report

    methods = {"RPN": estimator, "selective search": SelectiveSearch()}
    others = compare_proposers(methods, parts.test, callbacks=callbacks)
    quality = others.pop("RPN")
    metrics = proposal_metrics(quality)
    run.write_metrics(metrics)
    finished = ProposalRecord(
        **record, events=run.read_log(), metrics=metrics, proposal_quality=quality, others=others
    )
    with stage(callbacks, "report"):
        write_report(run.report_file, finished.title, "", [proposal_chapter(finished)])
    return Finished(run, metrics, finished)


def proposal_quality(estimator: Any, dataset: Dataset, callbacks: Callbacks) -> "ProposalQuality":
    """How well a method of proposing reaches the objects of pictures."""
    from foveal.metrics import compare_proposers

    return compare_proposers({"RPN": estimator}, dataset, callbacks=callbacks)["RPN"]


def proposal_metrics(quality: "ProposalQuality") -> dict[str, float]:
    """Recall and average best overlap as flat figures: ``proposals/recall50@100`` is of the best 100.

    Without objects there are none.
    """
    metrics: dict[str, float] = {}
    if not quality.objects:
        return metrics
    for column, number in enumerate(quality.numbers):
        at = "" if number is None else f"@{number}"
        metrics[f"proposals/MABO{at}"] = round(float(quality.mabo[column]), 6)
        for threshold, row in zip(quality.thresholds, quality.recall, strict=True):
            metrics[f"proposals/recall{round(100 * threshold)}{at}"] = round(float(row[column]), 6)
    return metrics


def finish_classifier(
    run: RunFolder, estimator: Any, parts: Parts, record: dict[str, Any], callbacks: Callbacks
) -> Finished:
    """Measure a classifier on the held-out pictures and report."""
    from foveal.report import ClassificationRecord, write_classification_report

    test = parts.test
    with stage(callbacks, "prediction"):
        probabilities = class_probabilities(estimator, test)
    truth = [0 if s.label is None else s.label for s in test]
    run.write_probabilities(
        [relative_name(s.path, test.root) for s in test],
        test.classes,
        [test.classes[t] for t in truth],
        probabilities,
    )
    with stage(callbacks, "evaluation"):
        metrics = classification_metrics(test, probabilities)
    run.write_metrics(metrics)
    finished = ClassificationRecord(
        **record,
        events=run.read_log(),
        metrics=metrics,
        predictions=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )
    with stage(callbacks, "report"):
        finished = with_explanations(finished, estimator)
        write_classification_report(run.report_file, finished)
    return Finished(run, metrics, finished)


def class_probabilities(estimator: Any, dataset: Dataset) -> NDArray[np.float64]:
    """Probabilities in the order of the data set's classes, shape (N, K); 0 for a class never seen."""
    probabilities = np.zeros((len(dataset), len(dataset.classes)))
    if not len(dataset):
        return probabilities
    known = {name: i for i, name in enumerate(dataset.classes)}
    answered = estimator.predict_proba([s.path for s in dataset])
    for column, name in enumerate(estimator.classes_.tolist()):
        if name in known:
            probabilities[:, known[name]] = answered[:, column]
    return probabilities


def classification_metrics(dataset: Dataset, probabilities: NDArray[np.float64]) -> dict[str, float]:
    """The flat figures of a classifier on labelled pictures."""
    from foveal.metrics import evaluate_classes

    truth = np.array([0 if s.label is None else s.label for s in dataset], np.int64)
    return evaluate_classes(truth, probabilities.argmax(axis=1), probabilities, classes=dataset.classes)
