"""What a model says of itself, so that nobody has to know it by its name.

A model's class tells what it is for (``task``), what it answers (``answers``) and what its ``fit`` can do;
the command line, reports and exports ask the class, never its name. A new model is one file with these
attributes and one row in :data:`foveal.models.MODELS`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.data.detections import Detections
from foveal.events import Callbacks
from foveal.images import Source
from foveal.proposals import Proposals

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace

Task = Literal["classification", "detection"]
Answers = Literal["classes", "detections", "proposals"]


class Model(Protocol):
    """What every estimator has.

    Attributes
    ----------
    name : str
        By which the command line and a model file know it.
    task : {"classification", "detection"}
        The kind of data set that it learns from.
    answers : {"classes", "detections", "proposals"}
        What it says of an image.
    validates : bool
        Whether ``fit`` chooses on validation images; else it holds training images back by turns.
    takes_features : bool
        Whether its ``features`` may be any kind, with settings of their own.
    resumable : bool
        Whether ``fit`` takes a ``checkpoint`` and goes on from it.
    times_the_run : bool
        Whether its ``minutes`` are meant for all that is done: ``fit`` takes ``spent`` and ``images_after``.
    not_exportable : str or None
        Why there can be no ONNX file of it; None where there can.
    """

    name: ClassVar[str]
    task: ClassVar[Task]
    answers: ClassVar[Answers]
    validates: ClassVar[bool]
    takes_features: ClassVar[bool]
    resumable: ClassVar[bool]
    times_the_run: ClassVar[bool]
    not_exportable: ClassVar[str | None]

    def fit(self, *args: Any, **options: Any) -> Any:
        """Train; what a classifier and a detector are given differs."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, by name."""
        ...

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a model file."""
        ...


class ClassifierModel(Model, Protocol):
    """A classifier of whole images."""

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, (K,)."""
        ...

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each image, (N,)."""
        ...

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, (N, K), in the order of ``classes_``."""
        ...

    def as_seen(self, X: Any) -> NDArray[Any]:
        """Images at the size at which they are looked at."""
        ...


class ProposerModel(Model, Protocol):
    """A model that says where objects may be: a detector, or a region proposal network alone."""

    @property
    def classes_(self) -> tuple[str, ...]:
        """Of the objects that it learnt from."""
        ...

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """Regions of an image, (H, W, 3) uint8, in its pixels, the best first."""
        ...

    def propose_all(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Proposals]:
        """:meth:`propose` for each of several images or files."""
        ...

    def trace(
        self, image: Source, objects: ArrayLike | None = None, *, object_names: Sequence[str] = ()
    ) -> "DetectionTrace":
        """How the answer for an image came about."""
        ...


class DetectorModel(ProposerModel, Protocol):
    """A model that finds objects."""

    #: Whether its own network proposes, rather than a method that it was given.
    proposes_itself: ClassVar[bool]

    @property
    def threshold_(self) -> float:
        """The least score to believe where a yes or no is wanted."""
        ...

    def predict(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Detections]:
        """Detections in each image or file, the most probable first."""
        ...


def is_detector(model: Model) -> TypeGuard[DetectorModel]:
    """Whether a model finds objects and names them."""
    return model.answers == "detections"


def is_proposer(model: Model) -> TypeGuard[ProposerModel]:
    """Whether a model says where objects may be and no more."""
    return model.answers == "proposals"


def is_classifier(model: Model) -> TypeGuard[ClassifierModel]:
    """Whether a model says what an image shows."""
    return model.answers == "classes"
