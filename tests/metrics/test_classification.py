"""Figures of classifiers."""

import warnings

import numpy as np
import pytest

from foveal.metrics import confusion_of_classes, evaluate_classes

CLASSES = ("cat", "dog", "bird")


def test_figures_by_hand():
    figures = evaluate_classes([0, 0, 0, 1], [0, 0, 1, 1], classes=CLASSES)
    assert figures["images"] == 4
    assert figures["accuracy"] == pytest.approx(0.75)
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["precision/cat"] == pytest.approx(1)
    assert figures["recall/cat"] == pytest.approx(2 / 3)
    assert figures["f1/cat"] == pytest.approx(0.8)
    assert figures["f1_macro"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert not any("bird" in key for key in figures)
    assert "log_loss" not in figures
    assert all(type(v) in (int, float) for v in figures.values())


def test_classes_on_one_side_only():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = evaluate_classes([0, 1], [0, 2], classes=CLASSES)
    assert figures["precision/dog"] == 0
    assert figures["recall/dog"] == 0
    assert figures["precision/bird"] == 0
    assert "recall/bird" not in figures
    assert figures["balanced_accuracy"] == 0.5
    assert figures["f1_macro"] == pytest.approx(1 / 3)


def test_log_loss():
    shares = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    figures = evaluate_classes([0, 0], [0, 1], shares, classes=CLASSES)
    assert figures["log_loss"] == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)
    sure = evaluate_classes([0], [1], [[0, 1, 0]], classes=CLASSES)
    assert np.isfinite(sure["log_loss"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounded = evaluate_classes(
            [0], [0], np.array([[0.3333, 0.3333, 0.3333]], np.float32), classes=CLASSES
        )
    assert rounded["log_loss"] == pytest.approx(np.log(3), abs=1e-4)


def test_one_class_and_none():
    one = evaluate_classes([0, 0], [0, 0], [[1], [1]], classes=("cat",))
    assert (one["accuracy"], one["balanced_accuracy"], one["f1_macro"], one["log_loss"]) == (1, 1, 1, 0)
    assert evaluate_classes([], [], [], classes=CLASSES) == {"images": 0}
    assert evaluate_classes([], [], classes=()) == {"images": 0}
    assert confusion_of_classes([], [], classes=CLASSES).matrix.tolist() == [[0] * 3] * 3
    assert confusion_of_classes([0], [0], classes=("cat",)).matrix.tolist() == [[1]]


def test_confusion():
    matrix = confusion_of_classes([0, 0, 1], np.array([0, 2, 1], np.uint8), classes=CLASSES)
    assert matrix.matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert matrix.matrix.dtype == np.int64
    assert matrix.classes == CLASSES


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [0, 1]), "as many"),
        (([0], [3]), "y_pred has classes from 3 to 3"),
        (([-1], [0]), "y_true has classes"),
        (([0.5], [0]), "whole numbers"),
        (([[0]], [0]), "shape"),
        (([0], [0], [[0.5, 0.5]]), r"\(1, 3\)"),
        (([0], [0], [[0.5, 0.6, 0.5]]), "add up"),
        (([0], [0], [[1.5, -0.5, 0]]), "not negative"),
        (([0], [0], [[np.nan, 0.5, 0.5]]), "finite"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_classes(*arguments, classes=CLASSES)
