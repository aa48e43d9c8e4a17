"""Schemas of JSON values, made of the dataclasses that the values are of."""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Field, create_model

from foveal.files.schemas import Strict
from foveal.models.parameter_checks import RANGES, Range

#: A name of a class, a map or the like.
Word = Annotated[str, Field(max_length=10_000)]
#: What any list may have at most.
MANY = 100_000


@cache
def schema_of(kind: type, left_out: tuple[str, ...] = ()) -> type[Strict]:
    """The schema of a dataclass as ``asdict`` and then JSON make it, or of an estimator's parameters.

    Types are those of its fields; the numbers have the ranges that its ``ranges`` name, and of an estimator
    those of :data:`foveal.models.parameter_checks.RANGES`. A field that has a default may be missing, as
    one is that a later version has added.

    Parameters
    ----------
    kind : type
    left_out : tuple of str
        Fields that are no part of it.
    """
    ranges = {**(RANGES if _is_estimator(kind) else {}), **getattr(kind, "ranges", {})}
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for field in fields(kind):
        if not field.init or field.name in left_out:
            continue
        hint = _hint(field.name, hints[field.name])
        if field.name in ranges:
            hint = Annotated[hint, AfterValidator(_within(ranges[field.name]))]
        made[field.name] = (hint, _default(field))
    return create_model(kind.__name__, __base__=Strict, **made)


def _default(field: Any) -> Any:
    """What stands in the place of a field that is missing, as the schema has it."""
    if field.default is not MISSING:
        return field.default
    if field.default_factory is MISSING:
        return ...
    value = field.default_factory()
    if not is_dataclass(value):
        return value
    return schema_of(type(value)).model_validate_json(json.dumps(asdict(value)))  # type: ignore[arg-type]


def _is_estimator(kind: type) -> bool:
    return hasattr(kind, "get_params")


def _hint(name: str, hint: Any) -> Any:
    """A field's type, as JSON has it."""
    if name == "random_state":
        return Annotated[int, Field(ge=0, lt=2**64)] | None
    if isinstance(hint, type) and is_dataclass(hint):
        return schema_of(hint)
    if hint is str:
        return Word
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return Union[tuple(_hint("", inner) for inner in get_args(hint))]  # noqa: UP007 - of values
    if origin is not None and (isinstance(origin, type) and issubclass(origin, Collection)):
        if issubclass(origin, Mapping):
            return hint
        several = Annotated[hint, Field(max_length=MANY)]
        # One number will do where many are asked for.
        return several | float if get_args(hint) == (float,) else several
    return hint


def _within(allowed: Range) -> Any:
    def check(value: Any) -> Any:
        if value is not None and value not in allowed:
            raise ValueError(f"it is {str(value)[:80]}; it has to be {allowed}")
        return value

    return check
