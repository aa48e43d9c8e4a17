"""Schemas of what models of several kinds have: features, methods of proposing, classes."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from foveal.errors import FovealError, ModelFileError
from foveal.features import (
    Backbone,
    EfficientNetLite,
    HogColor,
    Pixels,
    features_from_config,
)
from foveal.files.schemas import Strict, checked
from foveal.models.parameter_checks import Range
from foveal.models.schemas.building import MANY, Word, schema_of
from foveal.proposals import SelectiveSearch, SlidingWindow
from foveal.proposals.objectness import MEASURES

#: A digest as hexadecimal digits.
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: The version of Foveal that wrote a file.
Version = Annotated[str, Field(pattern=r"^\d+\.\d+[0-9a-z.+-]*$", max_length=40)]
#: The names of a detector's classes.
Classes = Annotated[list[Word], Field(min_length=1, max_length=MANY)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Probability = Annotated[float, Field(ge=0, le=1)]

# The sides of squares that are looked at, in pixels: more would not fit into memory with what comes of them.
_SIDE = Range(1, 4096, whole=True)
_RANGES: dict[str, dict[str, Range]] = {
    "pixels": {"size": _SIDE, "context": Range(0, 0.5, below=True)},
    "hog-color": {
        "size": _SIDE,
        "cell": _SIDE,
        "grid": Range(1, 64, whole=True),
        "bins": Range(2, 256, whole=True),
        "color_weight": Range(0, 1e6),
    },
    "efficientnet": {"grid": Range(1, 64, whole=True), "longest": Range(32, 4096, whole=True)},
    "backbone-regions": {"grid": Range(1, 64, whole=True), "longest": Range(32, 4096, whole=True)},
    "selective-search": {
        "working_size": Range(16, 4096, whole=True),
        "sigma": Range(0, 100),
        "k": Range(0, 1e9, above=True, many=True),
    },
    "sliding-window": {
        "sizes": Range(0.01, 4, many=True),
        "ratios": Range(0.01, 100, many=True),
        "stride": Range(0.01, 10),
    },
}
# So many of each are combined with each other.
_MOST_COMBINED = 32


class BackboneRegionsConfig(Strict):
    """Of :class:`foveal.features.BackboneRegions`, whose network may be anybody's."""

    network: dict[Word, Any]
    levels: Annotated[list[Word], Field(min_length=1, max_length=_MOST_COMBINED)]
    grid: int
    longest: int


class OrderConfig(Strict):
    """Of a learned order of proposals."""

    mean: Annotated[list[float], Field(min_length=len(MEASURES), max_length=len(MEASURES))]
    scale: Annotated[list[float], Field(min_length=len(MEASURES), max_length=len(MEASURES))]
    weights: Annotated[list[float], Field(min_length=len(MEASURES), max_length=len(MEASURES))]
    bias: float


def make_features(config: Any, what: str = "its features") -> Any:
    """The features, or the backbone, that a model file tells of.

    Parameters
    ----------
    config : JSON value
    what : str
        What the error calls them.

    Raises
    ------
    ModelFileError
        If they are none, or their kind is unknown.
    """
    if not isinstance(config, dict) or not isinstance(config.get("kind"), str):
        raise ModelFileError(f"{what} are no features of a kind.")
    kind = config["kind"]
    settings = {name: value for name, value in config.items() if name != "kind"}
    backbones = {made.name: made for made in EfficientNetLite.__subclasses__()}
    if kind in backbones:
        sha256 = settings.pop("sha256", None)
        if sha256 is not None and sha256 != backbones[kind].sha256:
            raise ModelFileError(f"{what} are of other weights of {kind} than this version of Foveal has.")
        _check(schema_of(backbones[kind]), settings, what, "efficientnet")
    elif kind in ("pixels", "hog-color"):
        _check(schema_of(Pixels if kind == "pixels" else HogColor), settings, what, kind)
    elif kind == "backbone-regions":
        _check(BackboneRegionsConfig, settings, what, kind)
        make_backbone(settings["network"], f"{what}' network")
    return _made(lambda: features_from_config(config), what)


def make_backbone(config: Any, what: str = "its features") -> Backbone:
    """The backbone that a model file tells of; raises as :func:`make_features`."""
    made = make_features(config, what)
    if not isinstance(made, Backbone):
        raise ModelFileError(f"{what} have no maps of a whole image.")
    return made


def check_proposals(config: Any, what: str = "its proposals") -> None:
    """Refuse a hand-made method of proposing that cannot be; raises as :func:`make_features`."""
    if not isinstance(config, dict) or not isinstance(config.get("kind"), str):
        raise ModelFileError(f"{what} are no method of a kind.")
    kind, settings = config["kind"], {name: value for name, value in config.items() if name != "kind"}
    if kind == "selective-search":
        if settings.get("order") is not None:
            checked(OrderConfig, settings["order"], f"{what}' order")
        _check(schema_of(SelectiveSearch, ("n_jobs", "order")), _without(settings, "order"), what, kind)
        _made(lambda: SelectiveSearch(**settings), what)
    elif kind == "sliding-window":
        _check(schema_of(SlidingWindow), settings, what, kind)
        _made(lambda: SlidingWindow(**settings), what)
    else:
        raise ModelFileError(f"{what} are of the kind {kind[:200]!r}, which this version does not know.")


def _check(schema: type[Strict], settings: Mapping[str, Any], what: str, kind: str) -> None:
    checked(schema, settings, what)
    for name, allowed in _RANGES[kind].items():
        value = settings.get(name)
        if value is not None and value not in allowed:
            raise ModelFileError(f"{what}.{name} is {str(value)[:80]}; it has to be {allowed}.")
    for name, value in settings.items():
        if isinstance(value, list) and len(value) > _MOST_COMBINED:
            raise ModelFileError(f"{what}.{name} has {len(value)} values; there may be {_MOST_COMBINED}.")


def _made(make: Any, what: str) -> Any:
    """What is made of settings whose types are right; what they mean together is seen now."""
    try:
        return make()
    except ModelFileError:
        raise
    except (FovealError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ModelFileError(f"{what} cannot be: {error}") from error


def _without(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != name}


class ClassifierClasses(Strict):
    """The classes of a classifier, whatever its labels are."""

    classes: Annotated[list[Word | int | float | bool], Field(min_length=2, max_length=MANY)]
    classes_dtype: Annotated[str, Field(pattern=r"^([<>|=]?(U\d{1,5}|[iu][1248]|f[248]|b1)|\|O)$")]
