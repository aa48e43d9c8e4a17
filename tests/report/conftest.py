"""Records with made-up pictures and predictions, for the tests of this folder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, Detections, Finding, Sample
from foveal.metrics import evaluate, evaluate_classes, proposal_recall
from foveal.report import ClassificationRecord, DetectionRecord


@dataclass(frozen=True)
class MadeUpParts:
    train: Dataset
    validation: Dataset
    test: Dataset
    origin: str = "A seeded fifth of the images is held out."


def make_dataset(
    folder: Path, classes: tuple[str, ...], number: int, *, task: Any = "detection", objects: int = 3
) -> Dataset:
    """Noise pictures of 60 × 40 pixels; those of one folder and number are the same every time."""
    random = np.random.default_rng(number)
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for i in range(number):
        path = folder / f"image {i}.png"
        Image.fromarray(random.integers(0, 255, (40, 60, 3)).astype(np.uint8)).save(path)
        if task == "classification":
            samples.append(Sample(path, i + 1, 60, 40, label=i % len(classes)))
            continue
        corners = random.integers(0, 20, (objects, 2))
        boxes = np.hstack([corners, corners + random.integers(8, 20, (objects, 2))]).astype(np.float32)
        samples.append(
            Sample(
                path,
                i + 1,
                60,
                40,
                boxes,
                random.integers(0, len(classes), objects).astype(np.int64),
                np.zeros(objects, np.bool_),
                np.zeros(objects, np.bool_),
                np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).astype(np.float64),
            )
        )
    return Dataset(folder, "voc", task, classes, tuple(samples))


def make_events(classes: tuple[str, ...]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [{"event": "stage_start", "stage": "fit"}]
    events += [
        {"event": "mining_round", "label": c, "round": r, "positives": 9, "negatives": 50 + r, "added": 9 - r}
        for c in classes
        for r in range(3)
    ]
    for rate in (0.001, 0.01):
        events += [
            {
                "event": "sweep",
                "parameter": "learning_rate",
                "value": rate,
                "iteration": i,
                "loss": 1 / (1 + rate * i),
            }
            for i in range(0, 100, 10)
        ]
        events.append(
            {"event": "candidate", "setting": {"learning_rate": rate}, "score": rate, "chosen": rate == 0.01}
        )
    events.append({"event": "note", "text": "one note"})
    events.append({"event": "stage_end", "stage": "fit", "seconds": 75.0})
    return events


def detection_record(folder: Path, **changes: Any) -> DetectionRecord:
    classes = changes.pop("classes", ("cat", "dog"))
    train = make_dataset(folder / "train", classes, 6)
    test = changes.pop("test", None) or make_dataset(folder / "test", classes, 14)
    random = np.random.default_rng(0)
    detections = changes.pop("detections", None)
    if detections is None:
        detections = []
        for sample in test:
            boxes = sample.boxes + random.normal(0, 1, sample.boxes.shape).astype(np.float32)
            scores = random.random(len(boxes)).astype(np.float32)
            detections.append(Detections(boxes, scores, sample.labels, classes))
    rows = [r for s, d in zip(test, detections, strict=True) for r in d.to_coco(s.id)]
    quality = proposal_recall([d.boxes for d in detections], [s.boxes for s in test])
    record: dict[str, Any] = {
        "title": "Pets",
        "model": "rcnn",
        "version": "0.1.0",
        "config": {"seed": 0, "rcnn": {"C": 0.001, "rounds": 3}},
        "events": make_events(classes),
        "metrics": evaluate(test.to_coco(), rows),
        "findings": [Finding("empty-box", "error", "a.xml", "Box 1 is empty.", "It is left out.")],
        "data": train,
        "parts": MadeUpParts(train, make_dataset(folder / "validation", classes, 2), test),
        "test": test,
        "detections": detections,
        "proposal_quality": quality,
        "score_threshold": 0.4,
    }
    return DetectionRecord(**(record | changes))


def classification_record(folder: Path, **changes: Any) -> ClassificationRecord:
    classes = changes.pop("classes", ("cat", "dog", "owl"))
    train = make_dataset(folder / "train", classes, 9, task="classification")
    test = changes.pop("test", None) or make_dataset(folder / "test", classes, 12, task="classification")
    random = np.random.default_rng(1)
    probabilities = random.dirichlet(np.ones(len(classes)), len(test))
    predictions = probabilities.argmax(axis=1) if len(test) else np.zeros(0, np.int64)
    truth = np.array([s.label for s in test], np.int64)
    record: dict[str, Any] = {
        "title": "Pets",
        "model": "logistic",
        "version": "0.1.0",
        "config": {"seed": 0},
        "events": make_events(classes),
        "metrics": evaluate_classes(truth, predictions, probabilities, classes=classes),
        "findings": [],
        "data": train,
        "parts": MadeUpParts(train, train.select([]), test),
        "test": test,
        "predictions": predictions,
        "probabilities": probabilities,
    }
    return ClassificationRecord(**(record | changes))


@pytest.fixture
def make_detection(tmp_path: Path) -> Callable[..., DetectionRecord]:
    return partial(detection_record, tmp_path)


@pytest.fixture
def make_classification(tmp_path: Path) -> Callable[..., ClassificationRecord]:
    return partial(classification_record, tmp_path)


@pytest.fixture
def make_pictures(tmp_path: Path) -> Callable[..., Dataset]:
    return partial(make_dataset, tmp_path / "pictures")
