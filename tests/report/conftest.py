"""Records with made-up pictures and predictions, for the tests of this folder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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
    folder: Path,
    classes: tuple[str, ...],
    number: int,
    *,
    task: Any = "detection",
    objects: int = 3,
    named: str = "image",
) -> Dataset:
    """Noise pictures of 60 × 40 pixels; those of one folder and number are the same every time."""
    random = np.random.default_rng(number)
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for i in range(number):
        path = folder / f"{named} {i}.png"
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


def detection_steps(
    classes: tuple[str, ...] = ("cat", "<b>dog</b>"), *, objects: bool = True, **changes: Any
) -> Any:
    """Made-up steps of a detector of two classes, with two levels and 3 × 3 bins."""
    from foveal.boxes import match, nms
    from foveal.models.detection.trace import DetectionTrace

    rng = np.random.default_rng(0)
    truth = np.float32([[8, 8, 40, 40], [50, 20, 80, 50]])
    strides, sizes = (8, 16), (np.float32([[16, 16]]), np.float32([[32, 32], [45, 22]]))
    anchors, shapes = [], []
    for stride, own in zip(strides, sizes, strict=True):
        rows, columns = 64 // stride, 96 // stride
        y, x = np.meshgrid(
            (np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij"
        )
        centres = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
        anchors.append(np.concatenate([centres - own / 2, centres + own / 2], axis=2).reshape(-1, 4))
        shapes.append((rows, columns, len(own)))
    every = np.concatenate(anchors).astype(np.float32)
    candidates = np.clip(every[rng.permutation(len(every))[:60]], 0, [96, 64, 96, 64]).astype(np.float32)
    candidates[:2] = truth + 3
    scores = np.sort(rng.random(60)).astype(np.float32)[::-1]
    kept = nms(candidates, scores, 0.7)[:30]
    probabilities = rng.dirichlet(np.ones(3), len(kept)).astype(np.float32)
    probabilities[:2] = [[0.9, 0.05, 0.05], [0.05, 0.8, 0.15]]
    moved = np.repeat(candidates[kept][:, None], 2, axis=1)
    moved[:2] = truth[:, None]
    rows, labels = np.nonzero(probabilities[:, :2] >= 0.3)
    answers = Detections(moved[rows, labels], probabilities[rows, labels], labels.astype(np.int64), classes)
    stays = nms(answers.boxes, answers.scores, 0.5, labels)
    known = {
        "image": rng.integers(0, 255, (64, 96, 3)).astype(np.uint8),
        "classes": classes,
        "detections": answers[stays],
        "strides": strides,
        "sizes": sizes,
        "anchors": tuple(anchors),
        "objectness": tuple(rng.random(shape).astype(np.float32) for shape in shapes),
        "activity": tuple(rng.random(shape[:2]).astype(np.float32) for shape in shapes),
        "candidates": candidates,
        "candidate_scores": scores,
        "kept": kept,
        "proposal_threshold": 0.7,
        "roi_size": 3,
        "probabilities": probabilities,
        "moved": moved,
        "answers": answers,
        "answer_regions": rows,
        "answer_kept": stays,
        "answer_threshold": 0.5,
        "attention": rng.normal(0, 0.1, (2, 3, 3)).astype(np.float32),
    }
    if objects:
        matches = match(every, truth, foreground=0.7, background=0.3, force_best=True)
        known |= {"objects": truth, "object_names": classes, "matches": matches}
    return DetectionTrace(**(known | changes))


@pytest.fixture
def make_steps() -> Callable[..., Any]:
    return detection_steps


@pytest.fixture(scope="session")
def made_up() -> SimpleNamespace:
    """What the other fixtures make, for folders of the test's own."""
    return SimpleNamespace(
        dataset=make_dataset,
        detection=detection_record,
        classification=classification_record,
        steps=detection_steps,
    )
