"""Schemas of JSON values: what a file may say, checked before it is believed."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from foveal.errors import ModelFileError


class Strict(BaseModel):
    """A JSON object with these fields and no others, whose numbers are finite."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


Schema = TypeVar("Schema", bound=Strict)


def checked(schema: type[Schema], value: Any, what: str) -> Schema:
    """A JSON value as its schema has it.

    Parameters
    ----------
    schema : subclass of Strict
    value : JSON value
    what : str
        What the error calls it, such as ``"its settings"``.

    Raises
    ------
    ModelFileError
        The sentence names the place and what is wrong with it.

    Examples
    --------
    >>> class Step(Strict):
    ...     number: int
    >>> checked(Step, {"number": "3"}, "its step")
    Traceback (most recent call last):
    ...
    foveal.errors.ModelFileError: its step.number cannot be: input should be a valid integer.
    """
    try:
        # As JSON: there a list stands for a tuple, and nothing else is taken for what it is not.
        return schema.model_validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])[:300]
        message = first["msg"][:1].lower() + first["msg"][1:300]
        raise ModelFileError(f"{what}{place} cannot be: {message}.") from error
    except (ValueError, RecursionError, TypeError) as error:
        raise ModelFileError(f"{what} cannot be read ({error}).") from error
