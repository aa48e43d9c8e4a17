"""A training that goes on from a trained model: what has to be as it was there."""

from collections.abc import Sequence
from typing import Any

from foveal.errors import SettingError


def check_same(model: Any, initial: Any, names: Sequence[str]) -> None:
    """Refuse parameters that differ from those of the model that is gone on from.

    Parameters
    ----------
    model, initial : estimator
    names : sequence of str
        Parameters that the sizes of the weights depend on. Where ``model`` leaves one to itself, as None, it
        is that of ``initial``.

    Raises
    ------
    SettingError
        That names the first that differs.
    """
    for name in names:
        own, kept = getattr(model, name), getattr(initial, name)
        refuse_other(name, own, kept)


def refuse_other(name: str, own: Any, kept: Any) -> None:
    """Refuse a parameter that is neither None nor what it is in the model that is gone on from."""
    if own is not None and own != kept:
        raise SettingError(
            f"{name} is {own}, and {kept} in the model to go on from, whose weights have these sizes: leave "
            "the setting out, or train from nothing."
        )


def check_same_features(kept: Any, own: Any) -> None:
    """Refuse other features than those of the model that is gone on from, with a SettingError."""
    configs = [features.get_config() for features in (kept, own)]
    for name in configs[0].keys() | configs[1].keys():
        values = [config.get(name) for config in configs]
        if values[0] != values[1]:
            setting = "features" if name in ("kind", "sha256") else f"features.{name}"
            refuse_other(setting, values[1], values[0])
