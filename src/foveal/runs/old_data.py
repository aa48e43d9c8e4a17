"""What a model that another was trained on from is worth, on old images and on new ones, before and after."""

import numpy as np

from foveal.data import Dataset
from foveal.data.class_order import joined_classes, with_classes
from foveal.events import Callbacks, stage
from foveal.metrics import evaluate, to_results
from foveal.models.contracts import Model, is_classifier, is_detector, is_proposer
from foveal.runs.measuring import (
    class_probabilities,
    classification_metrics,
    proposal_metrics,
    proposal_quality,
)

# The figures that are compared, by what a model answers, and how those of a class begin.
_FIGURES = {
    "detections": ("AP50", "AP", "AP50/"),
    "proposals": ("proposals/recall50@100", "proposals/MABO@100"),
    "classes": ("accuracy", "balanced_accuracy", "recall/"),
}
#: What the keys begin with of figures of the old model, and of the old images.
BEFORE, OLD_DATA = "before/", "old_data/"


def figures_before(
    model: Model, test: Dataset, old: Dataset | None, callbacks: Callbacks
) -> dict[str, float]:
    """The figures of the model that is gone on from.

    Parameters
    ----------
    model : Model
    test : Dataset
        What the new model will be measured on.
    old : Dataset or None
        What the old run held out.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to float
        ``before/AP50`` of the new held-out images and ``old_data/before/AP50`` of the old ones, and others.
    """
    with stage(callbacks, "the old model"):
        new = _figures(model, test)
        known = {} if old is None else _figures(model, old)
    return _named(BEFORE, new) | _named(OLD_DATA + BEFORE, known)


def figures_after(model: Model, old: Dataset | None, callbacks: Callbacks) -> dict[str, float]:
    """The figures of the new model on the old images, such as ``old_data/AP50``, and ``old_data/images``."""
    if old is None:
        return {}
    with stage(callbacks, "the old data"):
        return {f"{OLD_DATA}images": len(old)} | _named(OLD_DATA, _figures(model, old))


def _figures(model: Model, dataset: Dataset) -> dict[str, float]:
    """The figures of a model on images; classes that only one of both has are met by their names."""
    if not len(dataset):
        return {}
    measured: dict[str, float]
    if is_proposer(model):
        measured = proposal_metrics(proposal_quality(model, dataset, ()))
    elif is_detector(model):
        found = model.predict([s.path for s in dataset])
        known = [d[np.isin([d.classes[label] for label in d.labels], dataset.classes)] for d in found]
        measured = evaluate(dataset.to_coco(), to_results(dataset, known))
    else:
        assert is_classifier(model)
        dataset = with_classes(dataset, joined_classes(dataset.classes, map(str, model.classes_.tolist())))
        measured = classification_metrics(dataset, class_probabilities(model, dataset))
    shown = _FIGURES[model.answers]
    return {
        key: value
        for key, value in measured.items()
        if key in shown or any(start.endswith("/") and key.startswith(start) for start in shown)
    }


def _named(start: str, figures: dict[str, float]) -> dict[str, float]:
    return {start + key: value for key, value in figures.items()}
