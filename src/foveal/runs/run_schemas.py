"""What the files of a run folder may say that a later command believes: ``config.toml`` and ``log.jsonl``."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foveal.errors import ModelFileError
from foveal.files.schemas import Strict, checked

Text = Annotated[str, Field(max_length=1_000_000)]
_Seed = Annotated[int, Field(ge=0, lt=2**64)]
_Ids = list[Text | int]


class _Open(Strict):
    """With entries that are no business of ours."""

    model_config = ConfigDict(extra="allow")


class SplitConfig(_Open):
    """Which images the run learned from, validated and measured on."""

    origin: Text = ""
    train: _Ids = Field(default_factory=list)
    validation: _Ids = Field(default_factory=list)
    test: _Ids = Field(default_factory=list)
    digests: dict[Text, list[Text]] = Field(default_factory=dict)


class FromConfig(_Open):
    """The run that this one goes on from."""

    run: Text
    digest: Text


class DataConfig(_Open):
    """The data set."""

    path: Text = ""
    digest: Text = ""
    asked_format: Text | None = None
    format: Text | None = None
    images: Annotated[int, Field(ge=0)] | None = None
    classes: list[Text] = Field(default_factory=list)


class RunConfig(_Open):
    """A ``config.toml``, as far as it goes."""

    model: Text = ""
    seed: _Seed = 0
    settings: dict[Text, Any] = Field(default_factory=dict)
    data: DataConfig | None = None
    version: Text = ""
    task: Text = ""
    model_chosen: Text = ""
    split: SplitConfig | None = None
    origin: FromConfig | None = Field(default=None, alias="from")
    chosen: dict[Text, Any] = Field(default_factory=dict)
    schedule: dict[Text, bool | int | float | str] = Field(default_factory=dict)
    resolved: dict[Text, Any] = Field(default_factory=dict)


Plain = bool | int | float | str | None


class _Event(BaseModel):
    """An event; numbers may be infinite or none, as those of a training that diverges are."""

    model_config = ConfigDict(strict=True, extra="allow")

    __pydantic_extra__: dict[str, Plain]
    event: str


class _Stage(_Event):
    stage: str


class _Told(_Event):
    text: str


class _Mining(_Event):
    label: str
    round: int
    positives: int
    negatives: int
    added: int


class _Sweep(_Event):
    parameter: str
    value: Plain
    iteration: int
    loss: float | None


class _Candidate(_Event):
    setting: dict[str, Any]
    score: float | None
    chosen: bool


class _Schedule(_Told):
    minutes: float
    epochs: float
    steps: int


class _Epoch(_Event):
    epoch: int
    epochs: int
    step: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float


class _Losses(_Event):
    step: int
    seconds: float


class _Rate(_Event):
    learning_rate: float
    loss: float | None


class _Alarm(_Told):
    kind: str
    reasons: list[str]


_EVENTS: dict[str, type[_Event]] = {
    "stage_start": _Stage,
    "stage_end": _Stage,
    "note": _Told,
    "mining_round": _Mining,
    "sweep": _Sweep,
    "candidate": _Candidate,
    "schedule": _Schedule,
    "epoch": _Epoch,
    "losses": _Losses,
    "lr_range": _Rate,
    "alarm": _Alarm,
}


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse what no run has written as its ``config.toml``; entries may be missing.

    Raises
    ------
    ModelFileError
    """
    checked(RunConfig, config, "its entry")


def check_event(event: Any) -> None:
    """Refuse what is no event, or of a known kind that lacks something.

    Raises
    ------
    ModelFileError
    """
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ModelFileError("it is no event")
    schema = _EVENTS.get(event["event"])
    if schema is None:
        # Of another version.
        return
    try:
        schema.model_validate(event)
    except (ValidationError, RecursionError) as error:
        raise ModelFileError(f"it is no event {event['event']!r} as Foveal writes them") from error
