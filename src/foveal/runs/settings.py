"""Settings that a user gives by name: what there is, what was meant, and of what type it must be."""

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args

from foveal.errors import SettingError
from foveal.models import DETECTORS, model_class

if TYPE_CHECKING:
    from foveal.proposals import SelectiveSearch

#: Settings of the run rather than of the model.
RUN_SETTINGS: dict[str, Any] = {"test_size": 0.2, "val_size": 0.2}
# A detector lacks the pictures that it is judged on more than a classifier does.
_DETECTOR_VAL_SIZE = 0.1

# Parameters that the run sets itself.
_OWN = ("random_state", "n_jobs")
# Settings that may be none, whatever their default, by the last part of their names.
_WHOLE = ("working_size", "image_size")
_NUMBERS = ("k",)
_WORDS = ("color_spaces", "similarities", "levels")
_SEVERAL = ("image_shape",)


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` pairs.

    A value is read as TOML (``0.1``, ``true``, ``[1, 2]``); what is not TOML is text, and numbers with
    commas between them are a list.

    Raises
    ------
    SettingError
        If a pair has no ``=``.

    Examples
    --------
    >>> parse_settings(["C=0.1", "proposals=quality", "learning_rates=0.001,0.01"])
    {'C': 0.1, 'proposals': 'quality', 'learning_rates': [0.001, 0.01]}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip() or "\n" in pair:
            raise SettingError(f"--set takes key=value, such as --set C=0.1; got {pair!r}.")
        settings[key.strip()] = _value(value.strip())
    return settings


def _value(text: str) -> Any:
    for candidate in (text, f"[{text}]"):
        try:
            return tomllib.loads(f"value = {candidate}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    return text


def available_settings(model: str, features: str | None = None) -> dict[str, Any]:
    """Every setting of a model and of its run, with the default.

    The parameters of a detector's features and of its selective search are among them as
    ``features.size`` and ``proposals.working_size``.

    Parameters
    ----------
    model : str
    features : str, optional
        The kind of features of a detector, whose own parameters are listed; by default the model's.
    """
    settings = {name: p.default for name, p in _parameters(model).items() if name not in _OWN}
    if model in DETECTORS:
        if "features" in settings:
            settings["features"] = features or default_features(model)
            parts = _feature_settings(settings["features"]) if model_class(model).takes_features else {}
            settings |= {f"features.{key}": default for key, default in parts.items()}
        if "proposals" in settings:
            settings |= {f"proposals.{key}": default for key, default in _search_settings().items()}
    run = dict(RUN_SETTINGS)
    if model in DETECTORS and model_class(model).validates:
        run["val_size"] = _DETECTOR_VAL_SIZE
    return {**settings, **run}


def default_features(model: str) -> str:
    """The kind of features that a detector has where none is named."""
    return "efficientnet-lite0"


def _parameters(model: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(model_class(model)).parameters


def _features(kind: str, given: Mapping[str, Any]) -> Any:
    """Features by the name of their kind.

    Raises
    ------
    SettingError
        If there is no such kind.
    """
    from foveal.errors import ModelFileError
    from foveal.features import features_from_config

    try:
        return features_from_config({"kind": kind, **given})
    except ModelFileError as error:
        raise SettingError(
            f"There are no features {kind!r}: give hog-color, pixels, efficientnet-lite0, efficientnet-lite1 "
            "or efficientnet-lite2."
        ) from error


def _feature_settings(kind: str) -> dict[str, Any]:
    """The parameters of a kind of features, with their defaults."""
    config = _features(kind, {}).get_config()
    # A list would be several values to compare.
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return {key: value for key, value in plain.items() if key not in ("kind", "sha256")}


def _search_settings() -> dict[str, Any]:
    """The parameters of selective search that ``--set`` reaches, with their defaults."""
    from foveal.proposals import SelectiveSearch

    config = SelectiveSearch().get_config()
    return {key: value for key, value in config.items() if key not in ("kind", "mode", "order")}


def resolve(model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run: those given, checked, over the defaults.

    A classifier's parameter that is one value may be given several, as a list: they are to be compared, see
    :mod:`foveal.runs.sweeping`, and stay a list.

    Raises
    ------
    SettingError
        If a setting does not exist (the sentence names the nearest) or has another type than its
        default.
    """
    kind = given.get("features") if model in DETECTORS else None
    if kind is not None and not isinstance(kind, str):
        raise SettingError(f"The setting features is a word, such as hog-color; got {kind!r}.")
    settings = available_settings(model, kind)
    types = {name: p.annotation for name, p in _parameters(model).items()}
    swept = {} if model in DETECTORS else _lists(given, settings)
    resolved = _resolved(model, settings, {k: v for k, v in given.items() if k not in swept}, types)
    for key, values in swept.items():
        checked = [_checked(key, value, settings[key], types.get(key)) for value in values]
        if len(checked) < 2 or len({repr(value) for value in checked}) < len(checked):
            raise SettingError(f"To compare values of {key}, give different ones; got {list(values)!r}.")
        resolved[key] = checked
    return resolved


def swept_settings(settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Of resolved settings those that are several values to be compared, in the order of their names."""
    return {key: value for key, value in sorted(settings.items()) if isinstance(value, list)}


def _lists(given: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Lists that were given for parameters of the model that are one value."""
    return {
        key: value
        for key, value in given.items()
        if isinstance(value, list)
        and key in settings
        and key not in RUN_SETTINGS
        and key not in _SEVERAL
        and not isinstance(settings[key], (tuple, list))
    }


def make_search(mode: str, given: Mapping[str, Any]) -> "SelectiveSearch":
    """Selective search with settings that a user gave by name.

    Parameters
    ----------
    mode : str
    given : mapping of str
        Any of its parameters beside the mode: ``working_size``, ``sigma``, ``color_spaces``, ``k``,
        ``similarities``, ``nested``.

    Raises
    ------
    SettingError
        If a setting does not exist (the sentence names the nearest), or has a type or a value that
        cannot be.

    Examples
    --------
    >>> make_search("fast", parse_settings(["k=50,200", "color_spaces=rgb", "working_size=none"])).k
    (50, 200)
    """
    from foveal.proposals import SelectiveSearch

    return SelectiveSearch(mode, **_resolved("Selective search", _search_settings(), given))


def _resolved(
    owner: str,
    settings: dict[str, Any],
    given: Mapping[str, Any],
    types: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The defaults of an owner's settings, with those given, checked, in their places."""
    settings = dict(settings)
    for key, value in given.items():
        if key not in settings:
            near = get_close_matches(key, settings, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise SettingError(
                f"{owner} has no setting {key!r}.{hint} Its settings are {', '.join(sorted(settings))}."
            )
        settings[key] = _checked(key, value, settings[key], (types or {}).get(key))
    return settings


def _checked(key: str, value: Any, default: Any, annotation: Any = None) -> Any:
    name = key.rpartition(".")[2]
    if name in (*_WHOLE, *_NUMBERS, *_WORDS, *_SEVERAL):
        return _checked_or_none(key, name, value)
    allowed = get_args(annotation) if isinstance(annotation, UnionType) else ()
    if NoneType in allowed:
        if _is_none(value):
            return None
        # What stands for the type beside None.
        default = 0.0 if float in allowed else 0 if int in allowed else default
    if isinstance(default, bool):
        good = isinstance(value, bool)
        wanted = "true or false"
    elif isinstance(default, int):
        good = isinstance(value, int) and not isinstance(value, bool)
        wanted = "a whole number"
    elif isinstance(default, float):
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        value = float(value) if good else value
        good = good and isfinite(value)
        wanted = "a finite number"
    elif isinstance(default, (tuple, list)):
        value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        good = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value)
        value = tuple(float(v) for v in value) if good else value
        wanted = "one or more numbers, such as 0.1,1"
    elif isinstance(default, str):
        good, wanted = isinstance(value, str), "a word"
    else:
        good, wanted = True, ""
    if not good:
        if NoneType in allowed:
            wanted += " or none"
        raise SettingError(f"The setting {key} is {wanted}; got {value!r}.")
    return value


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.lower() == "none")


def _checked_or_none(key: str, name: str, value: Any) -> Any:
    if _is_none(value):
        return None
    if name in _WHOLE:
        good = isinstance(value, int) and not isinstance(value, bool)
        wanted = "a whole number or none"
    elif name in _SEVERAL:
        value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        good = all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        wanted = "whole numbers, such as 8,8,1, or none"
    elif name in _NUMBERS:
        value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        good = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value)
        wanted = "one or more numbers, such as 50,100, or none"
    else:
        words = value.split(",") if isinstance(value, str) else value
        good = isinstance(words, (list, tuple)) and all(isinstance(w, str) for w in words)
        value = tuple(w.strip() for w in words) if good else value
        wanted = "one or more words with commas between them, or none"
    if not good:
        raise SettingError(f"The setting {key} is {wanted}; got {value!r}.")
    return value


def make_model(model: str, settings: Mapping[str, Any], seed: int) -> Any:
    """An untrained model with resolved settings."""
    plain = {key: value for key, value in settings.items() if "." not in key and key not in RUN_SETTINGS}
    if model in DETECTORS:
        if "features" in plain:
            plain["features"] = _features(plain["features"], _of(settings, "features"))
        if "proposals" in plain:
            plain["proposals"] = _proposer(plain["proposals"], _of(settings, "proposals"))
    return model_class(model)(**plain, random_state=seed)


def _proposer(named: str, given: Mapping[str, Any]) -> Any:
    """A mode of selective search, ``rpn``, or a model that proposes, by the run that trained it."""
    if named == "rpn":
        return named
    if Path(named).exists():
        from foveal.models.loading import load

        return load(named)
    from foveal.proposals import SelectiveSearch

    return SelectiveSearch(mode=named, **given)


def _of(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in settings.items() if key.startswith(start)}
