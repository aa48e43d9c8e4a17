"""Which images of a data set a model learns from, is validated on and is measured on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from foveal.data import Dataset, Parts, cut_off, partition
from foveal.data.splitting import FEWEST_TO_VALIDATE, MOST_THAT_VALIDATE
from foveal.models import model_class


def split_dataset(dataset: Dataset, model: str, settings: Mapping[str, Any], seed: int) -> Parts:
    """The parts of a data set for a model, by its settings ``test_size`` and ``val_size``.

    A detector that chooses on a validation part has one cut off only where there are at least 40 images to
    learn from, and of at most 60 images. Of a part of the data set's own that is larger than that share, so
    many images validate and the others are learned from.
    """
    kind = model_class(model)
    cut: dict[str, Any] = {key: settings[key] for key in ("test_size", "val_size")} | {"random_state": seed}
    if kind.validates and kind.task != "detection":
        return partition(dataset, **cut)
    parts = partition(dataset, **cut, validation="none")
    if not kind.validates:
        return _without_validation(dataset, parts, model)
    if len(parts.validation):
        return _with_less_validation(dataset, parts, cut["val_size"], seed)
    if len(parts.train) >= FEWEST_TO_VALIDATE:
        cut["val_size"] = min(cut["val_size"], MOST_THAT_VALIDATE / len(parts.train))
        return partition(dataset, **cut)
    return parts


def _without_validation(dataset: Dataset, parts: Parts, model: str) -> Parts:
    if not len(parts.validation):
        return parts
    trained = {s.id for part in (parts.train, parts.validation) for s in part}
    return replace(
        parts,
        train=dataset.with_ids(trained),
        validation=dataset.select([]),
        origin=f"{parts.origin} Its val part is trained on: {model} chooses and calibrates by "
        "cross-validation on the training images.",
    )


def _with_less_validation(dataset: Dataset, parts: Parts, share: float, seed: int) -> Parts:
    known, own = len(parts.train) + len(parts.validation), len(parts.validation)
    number = min(MOST_THAT_VALIDATE, round(share * known))
    if known < FEWEST_TO_VALIDATE or own <= number:
        return parts
    learnt, held = ({s.id for s in some} for some in cut_off(parts.validation, number / own, seed))
    return replace(
        parts,
        train=dataset.with_ids(learnt | {s.id for s in parts.train}),
        validation=dataset.with_ids(held),
        origin=f"{parts.origin} Of its {own} val images {len(held)}, drawn with seed {seed}, validate; the "
        "others are learnt from.",
    )
