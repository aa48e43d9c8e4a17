"""Which model is trained where none is named."""

from collections.abc import Mapping
from typing import Any

from foveal.compiling import clock
from foveal.data import Dataset
from foveal.errors import SettingError
from foveal.models import MODELS, model_class
from foveal.models.contracts import is_estimated
from foveal.runs.measuring import seconds_after_training
from foveal.runs.settings import available_settings, make_model, resolve
from foveal.runs.splitting import split_dataset

#: What is trained where no model is named.
DEFAULT_MODELS = {"detection": "faster-rcnn", "classification": "auto"}

# What learns sooner, if less.
_QUICKER = {"faster-rcnn": "fast-rcnn"}


def default_model(
    dataset: Dataset,
    settings: Mapping[str, Any],
    seed: int,
    *,
    began: float,
) -> tuple[str, str]:
    """The usual model for a data set, or a quicker one where the ``minutes`` are too few for it.

    Parameters
    ----------
    dataset : Dataset
    settings : mapping
        As they were given. Where the quicker model does not have them all, the usual one is meant.
    seed : int
    began : float
        When the minutes began, on :func:`foveal.compiling.clock`.

    Returns
    -------
    name : str
    why : str
        A sentence where it is not the usual one, else empty.

    Raises
    ------
    SettingError
        If a setting does not suit the usual model; the sentence names the models that have it.
    """
    usual = DEFAULT_MODELS[dataset.task]
    _check_meant(usual, settings)
    quicker = _QUICKER.get(usual)
    if quicker is None or settings.get("minutes") is None:
        return usual, ""
    resolved = resolve(usual, settings)
    try:
        resolve(quicker, settings)
    except SettingError:
        return usual, ""
    model = make_model(usual, resolved, seed)
    if not is_estimated(model) or model.run_minutes is None:
        return usual, ""
    parts = split_dataset(dataset, usual, resolved, seed)
    needed = model.fewest_minutes(
        len(parts.train),
        spent=clock() - began + seconds_after_training(model, len(parts.test)),
        images_after=len(parts.test),
    )
    if model.run_minutes >= needed:
        return usual, ""
    why = (
        f"minutes={model.run_minutes:g} is too little for {usual}, which takes about {needed:.1f} for these "
        f"images: {quicker} is trained, which learns sooner. With --model {usual} that one is."
    )
    return quicker, why


def _check_meant(usual: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that the usual model does not have and others do."""
    foreign = [key for key in settings if key not in available_settings(usual)]
    task = model_class(usual).task
    others = [
        name
        for name in MODELS
        if foreign and model_class(name).task == task and set(foreign) <= set(available_settings(name))
    ]
    if others:
        named = " and ".join(map(repr, foreign))
        raise SettingError(
            f"{usual}, which is trained where none is named, has no setting {named}: name a model that has, "
            f"with --model {' or '.join(others)}."
        )
