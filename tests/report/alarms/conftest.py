"""Records made by hand, of runs that went well; a test changes what is to be wrong. No image is there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foveal.data import Dataset, Detections, Parts, Sample
from foveal.metrics import evaluate, evaluate_classes
from foveal.report import ClassificationRecord, DetectionRecord

ORIGIN = "The data set's own test part (20 images) is held out."


def make_boxed(number: int, classes: tuple[str, ...], *, side: int = 60) -> Dataset:
    """Images of 400 × 300 pixels with an object of each class."""
    samples = []
    for i in range(number):
        corners = np.array([[10 + 90 * k, 20 + i % 7] for k in range(len(classes))], np.float32)
        flags = np.zeros(len(classes), bool)
        samples.append(
            Sample(
                Path(f"{i}.jpg"),
                i + 1,
                400,
                300,
                np.hstack([corners, corners + side]),
                np.arange(len(classes)),
                flags,
                flags,
                np.full(len(classes), float(side**2)),
            )
        )
    return Dataset(Path("pets"), "coco", "detection", classes, tuple(samples))


def found_all(dataset: Dataset) -> list[Detections]:
    return [Detections(s.boxes, np.full(len(s.boxes), 0.9, "f4"), s.labels, dataset.classes) for s in dataset]


def losses(first: float, last: float, number: int = 40) -> list[dict[str, Any]]:
    return [
        {"event": "losses", "step": 10 * (i + 1), "head_class": float(value), "head_box": 0.0}
        for i, value in enumerate(np.linspace(first, last, number))
    ]


def epochs(number: int, steps: int, **curves: tuple[float, float]) -> list[dict[str, Any]]:
    """Epochs of so many steps each, whose figures go straight from one value to another."""
    return [
        {"event": "epoch", "epoch": e, "epochs": number, "step": steps * e}
        | {key: float(np.linspace(*ends, number)[e - 1]) for key, ends in curves.items()}
        for e in range(1, number + 1)
    ]


@pytest.fixture
def made() -> SimpleNamespace:
    """What records are made of."""
    return SimpleNamespace(
        ORIGIN=ORIGIN, make_boxed=make_boxed, found_all=found_all, losses=losses, epochs=epochs
    )


@pytest.fixture
def detection():
    def make(
        detections=None, *, test=None, train=None, classes=("cat", "dog"), **changes: Any
    ) -> DetectionRecord:
        train = make_boxed(60, classes) if train is None else train
        test = make_boxed(20, classes) if test is None else test
        detections = found_all(test) if detections is None else detections
        rows = [row for s, d in zip(test, detections, strict=True) for row in d.to_coco(s.id)]
        facts: dict[str, Any] = {
            "title": "Pets",
            "model": "fast-rcnn",
            "version": "1",
            "config": {"settings": {"learning_rate": 0.002}},
            "events": [*losses(1.5, 0.4), *epochs(6, 100, loss=(1.0, 0.4), validation_AP50=(0.5, 0.9))],
            "metrics": evaluate(test.to_coco(), rows),
            "findings": [],
            "data": train,
            "parts": Parts(train, make_boxed(10, classes), test, ORIGIN),
            "test": test,
            "detections": detections,
        }
        return DetectionRecord(**(facts | changes))

    return make


@pytest.fixture
def classification():
    def make(
        predictions=None, *, of_each=(100, 100, 100), held=20, classes=("cat", "dog", "owl"), **changes: Any
    ) -> ClassificationRecord:
        train = make_labelled(of_each, classes)
        test = make_labelled([held] * len(classes), classes)
        truth = np.array([s.label for s in test])
        predictions = truth if predictions is None else np.asarray(predictions)
        curves = {"loss": (1.0, 0.3), "accuracy": (0.4, 0.95), "validation_accuracy": (0.4, 0.9)}
        facts: dict[str, Any] = {
            "title": "Pets",
            "model": "cnn",
            "version": "1",
            "config": {"settings": {"learning_rate": "none", "label_smoothing": 0.0}},
            "events": epochs(20, 50, **curves),
            "metrics": evaluate_classes(truth, predictions, None, classes=classes),
            "findings": [],
            "data": train,
            "parts": Parts(train, make_labelled([20] * len(classes), classes), test, ORIGIN),
            "test": test,
            "predictions": predictions,
        }
        return ClassificationRecord(**(facts | changes))

    return make


def make_labelled(of_each, classes: tuple[str, ...]) -> Dataset:
    labels = [label for label, number in enumerate(of_each) for _ in range(number)]
    samples = tuple(Sample(Path(f"{i}.jpg"), i + 1, label=label) for i, label in enumerate(labels))
    return Dataset(Path("pets"), "folders", "classification", classes, samples)
