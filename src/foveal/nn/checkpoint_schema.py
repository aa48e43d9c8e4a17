"""What the metadata of a checkpoint may say."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from foveal.errors import ModelFileError
from foveal.files.schemas import Strict, checked

_Step = Annotated[int, Field(ge=0, lt=10**9)]
_Seconds = Annotated[float, Field(ge=0)]


class Epoch(Strict):
    """What an epoch measured; a validation adds figures of its own."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, float | None]
    loss: float
    learning_rate: Annotated[float, Field(ge=0)]
    accuracy: float | None
    seconds: _Seconds


class Sums(Strict):
    """Of the epoch under way."""

    loss: float
    right: _Step | None
    seen: Annotated[int, Field(ge=0)]
    seconds: _Seconds


class Budget(Strict):
    """A :class:`foveal.nn.TimeBudget`."""

    minutes: Annotated[float, Field(gt=0)]
    epochs: Annotated[float, Field(ge=0)]
    steps: _Step
    seconds_per_step: _Seconds
    validation_seconds: _Seconds
    text: Annotated[str, Field(max_length=10_000)]


class Facts(Strict):
    """Where the training stands."""

    step: _Step
    steps: Annotated[_Step, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)]
    rows: list[Epoch]
    sums: Sums
    best_value: float | None
    best_epoch: Annotated[int, Field(ge=1)] | None
    stopped: Literal["finished", "early stopping"] | None
    settled: bool
    budget: Budget | None


class CheckpointFile(Strict):
    """The whole of it."""

    kind: str
    version: int
    settings: dict[str, Any]
    groups: list[Literal["average", "best", "network", "optimizer"]]
    scalars: list[str]
    facts: Facts


def check_checkpoint(metadata: Mapping[str, Any]) -> None:
    """Refuse what no training has written.

    Raises
    ------
    ModelFileError
    """
    file = checked(CheckpointFile, metadata, "its metadata")
    facts = file.facts
    if facts.step > facts.steps or len(facts.rows) > facts.step:
        raise ModelFileError(
            f"it stands at step {facts.step} of {facts.steps}, after {len(facts.rows)} epochs."
        )
    if not {"network", "optimizer"} <= set(file.groups):
        raise ModelFileError("it has no weights, or nothing of its optimiser.")
    if facts.settled and facts.stopped is None:
        raise ModelFileError("it has come to its end and was not stopped.")
