"""Settings that a user gives by name: what there is, what was meant, and of what type it must be."""

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import isfinite
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from foveal.errors import SettingError, did_you_mean
from foveal.files.names import names_a_path, path_in_words
from foveal.files.plain import below
from foveal.models import MODELS, model_class
from foveal.models.contracts import Model
from foveal.models.parameter_checks import RENAMED, renamed

if TYPE_CHECKING:
    from foveal.features import Backbone, RegionFeatures
    from foveal.proposals import Proposer, SelectiveSearch

#: Settings of the run rather than of the model.
RUN_SETTINGS: dict[str, Any] = {"test_size": 0.2, "val_size": 0.2}
# A detector lacks the images that it is validated on more than a classifier does.
_DETECTOR_VAL_SIZE = 0.1

#: The kind of features that a detector has where none is named.
DEFAULT_FEATURES = "efficientnet-lite0"

#: How a model file's name ends: a setting that ends so is a path.
MODEL_SUFFIX = ".safetensors"

# Parameters that the run sets itself.
_OWN = ("random_state", "n_jobs")


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
    run = dict(RUN_SETTINGS)
    kind = model_class(model)
    if kind.task == "detection":
        if "features" in settings:
            settings["features"] = features or DEFAULT_FEATURES
            parts = _feature_settings(settings["features"]) if kind.takes_features else {}
            settings |= {f"features.{key}": default for key, default in parts.items()}
        if "proposals" in settings:
            settings |= {f"proposals.{key}": default for key, default in _search_settings().items()}
        if kind.validates:
            run["val_size"] = _DETECTOR_VAL_SIZE
    return {**settings, **run}


def _parameters(model: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(model_class(model)).parameters


def _features(kind: str, given: Mapping[str, Any]) -> "Backbone | RegionFeatures":
    """Features by the name of their kind.

    Raises
    ------
    SettingError
        If there is no such kind.
    """
    from foveal.features import feature_kinds, features_from_config

    if kind not in feature_kinds():
        # The nearest first.
        kinds = get_close_matches(kind, feature_kinds(), n=len(feature_kinds()), cutoff=0)
        raise SettingError(f"There are no features {kind!r}: give {', '.join(kinds[:-1])} or {kinds[-1]}.")
    features: Backbone | RegionFeatures = features_from_config({"kind": kind, **given})
    return features


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
    :mod:`foveal.runs.grid_search`, and stay a list.

    Raises
    ------
    SettingError
        If a setting does not exist (the sentence names the nearest, or the new name of a parameter that was
        renamed), has another type than its default, or names proposals that do not exist.
    """
    detects = model_class(model).task == "detection"
    kind = given.get("features") if detects else None
    if kind is not None and not isinstance(kind, str):
        raise SettingError(f"The setting features is a word, such as hog-color; got {kind!r}.")
    settings = available_settings(model, kind)
    types = {name: p.annotation for name, p in _parameters(model).items()}
    swept = {} if detects else _lists(given, settings)
    resolved = _resolved(model, settings, {k: v for k, v in given.items() if k not in swept}, types)
    if detects and "proposals" in resolved:
        _check_proposals(resolved["proposals"])
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
        and key != "image_shape"
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
    old = [key for key in given if key not in settings and RENAMED.get(key) in settings]
    if old:
        raise SettingError(" ".join(str(renamed(key)) for key in old))
    for key, value in given.items():
        if key not in settings:
            hint, known = did_you_mean(key, settings), ", ".join(sorted(settings))
            if owner in MODELS:
                hint += _models_with(key, model_class(owner).task)
            raise SettingError(f"{owner} has no setting {key!r}.{hint} Its settings are {known}.")
        settings[key] = _checked(key, value, settings[key], (types or {}).get(key))
    return settings


def _models_with(setting: str, task: str) -> str:
    """A sentence that names the models with a setting, and how to have one for the task; maybe empty."""
    found = [name for name in MODELS if setting in available_settings(name)]
    if not found:
        return ""
    usable = [name for name in found if model_class(name).task == task]
    how = f" (--model {usable[0]})" if usable else ""
    return f" {', '.join(found)} {'has' if len(found) == 1 else 'have'} it{how}."


# -- what a value must be ---------------------------------------------------------------------------


class _Kind(NamedTuple):
    """What a value must be, in words, and of which types; ``several`` may be given with commas."""

    wanted: str
    types: tuple[type, ...]
    several: bool = False


_WHOLE = _Kind("a whole number", (int,))
_FINITE = _Kind("a finite number", (int, float))
_NUMBERS = _Kind("one or more numbers, such as 0.1,1", (int, float), several=True)
_WORDS = _Kind("one or more words with commas between them,", (str,), several=True)
# Settings that may be none, whatever their default, by the last part of their names.
_BY_NAME = {
    "working_size": _WHOLE,
    "image_size": _WHOLE,
    "k": _Kind("one or more numbers, such as 50,100,", (int, float), several=True),
    "color_spaces": _WORDS,
    "similarities": _WORDS,
    "levels": _WORDS,
    "candidates": _WORDS,
    "image_shape": _Kind("whole numbers, such as 8,8,1,", (int,), several=True),
}
# The others, by the type of their default.
_BY_TYPE: dict[type, _Kind] = {
    bool: _Kind("true or false", (bool,)),
    int: _WHOLE,
    float: _FINITE,
    tuple: _NUMBERS,
    str: _Kind("a word", (str,)),
}


def _checked(key: str, value: Any, default: Any, annotation: Any = None) -> Any:
    """A value that was given for a setting, as the type that it must have."""
    kind = _BY_NAME.get(key.rpartition(".")[2])
    allowed = get_args(annotation) if isinstance(annotation, UnionType) else ()
    optional = kind is not None or NoneType in allowed
    if optional and (value is None or (isinstance(value, str) and value.lower() == "none")):
        return None
    beside_none = (t for t in (bool, float, int) if NoneType in allowed and t in allowed)
    kind = kind or _BY_TYPE.get(next(beside_none, type(default)))
    if kind is None:
        return value
    given = value.split(",") if kind is _WORDS and isinstance(value, str) else value
    values = tuple(given) if kind.several and isinstance(given, (list, tuple)) else (given,)
    # A truth value is an int as well.
    good = all(isinstance(v, kind.types) and (bool in kind.types or type(v) is not bool) for v in values)
    if not good or (kind is _FINITE and not isfinite(value)):
        either = " or none" if optional else ""
        raise SettingError(f"The setting {key} is {kind.wanted}{either}; got {value!r}.")
    if kind in (_FINITE, _NUMBERS):
        values = tuple(float(v) for v in values)
    elif kind is _WORDS:
        values = tuple(v.strip() for v in values)
    return values if kind.several else values[0]


# -- what is made of them ---------------------------------------------------------------------------


def make_model(model: str, settings: Mapping[str, Any], seed: int) -> Model:
    """An untrained model with resolved settings."""
    kind = model_class(model)
    plain = {key: value for key, value in settings.items() if "." not in key and key not in RUN_SETTINGS}
    if kind.task == "detection":
        if "features" in plain:
            plain["features"] = _features(plain["features"], below(settings, "features."))
        if "proposals" in plain:
            plain["proposals"] = _proposer(plain["proposals"], below(settings, "proposals."))
    return kind(**plain, random_state=seed)


def _check_proposals(named: str) -> None:
    """Refuse a word that says nothing about where to look; a path is looked at when it is needed."""
    from foveal.proposals.strategies import MODES

    if named in MODES or _is_proposing(named) or names_a_path(named, MODEL_SUFFIX):
        return
    known = [*MODES, *filter(_is_proposing, MODELS)]
    raise SettingError(
        f"There are no proposals {named!r}: give {', '.join(known)}, or the path of a run that proposes, as "
        f"{path_in_words(named)}, with its folder before it.{did_you_mean(named, known)}"
    )


def _is_proposing(named: str) -> bool:
    return named in MODELS and model_class(named).answers == "proposals"


def _proposer(named: str, given: Mapping[str, Any]) -> "Proposer | str":
    """A mode of selective search, a kind of model that proposes, or the run that trained one.

    A word is never taken for a path because such a folder happens to exist.
    """
    if _is_proposing(named):
        return named
    if names_a_path(named, MODEL_SUFFIX):
        from foveal.models.loading import load

        return load(named)  # type: ignore[no-any-return]
    from foveal.proposals import SelectiveSearch

    return SelectiveSearch(mode=named, **given)
