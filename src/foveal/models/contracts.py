"""What a model says of itself, so that nobody has to know it by its name.

A model's class tells what it is for (``task``), what it answers (``answers``) and what its ``fit`` can do;
the command line, reports and exports ask the class, never its name. A new model is one file with these
attributes and one row in :data:`foveal.models.MODELS`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.data.detections import Detections
from foveal.events import Callbacks
from foveal.images import Source
from foveal.proposals import Proposals, Proposer

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace
    from foveal.nn import Sequential

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
        Whether ``fit`` chooses on validation images; else it cross-validates on the training images.
    takes_features : bool
        Whether its ``features`` may be any kind, with settings of their own.
    resumable : bool
        Whether ``fit`` takes a ``checkpoint`` and goes on from it.
    times_the_run : bool
        Whether its ``minutes`` are meant for all that is done: ``fit`` takes ``spent`` and ``images_after``.
    not_exportable : str or None
        Why there can be no ONNX file of it; None where there can.
    not_continuable : str or None
        Why a training cannot go on from a trained one; None where ``fit`` takes ``initial``, one of its kind
        whose weights it begins with.
    warm_ups : tuple of str
        What its training compiles with the usual settings, in the order in which it is needed; see
        :func:`foveal.compiling.begin`.
    """

    name: ClassVar[str]
    task: ClassVar[Task]
    answers: ClassVar[Answers]
    validates: ClassVar[bool]
    takes_features: ClassVar[bool]
    resumable: ClassVar[bool]
    times_the_run: ClassVar[bool]
    not_exportable: ClassVar[str | None]
    not_continuable: ClassVar[str | None]
    warm_ups: ClassVar[tuple[str, ...]]

    def __init__(self, **parameters: Any) -> None: ...

    @property
    def resolved_(self) -> Mapping[str, Any]:
        """What ``fit`` decided about parameters that left it the choice; empty where there are none."""

    def fit(self, *args: Any, **options: Any) -> Any:
        """Train; what a classifier and a detector are given differs."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, by name."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a model file."""

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self: ...


class TimedModel(Model, Protocol):
    """A model whose minutes are meant for all that is done with it; see ``times_the_run``."""

    @property
    def run_minutes(self) -> float | None:
        """The minutes that all may take; None where the epochs are given."""


class EstimatedModel(TimedModel, Protocol):
    """A model that can tell, before it is trained, how many minutes it wants at least."""

    def fewest_minutes(self, n_images: int, *, spent: float = 0.0, images_after: int = 0) -> float:
        """The least minutes that are worth it for so many images, as the speed of this machine tells."""


class ClassifierModel(Model, Protocol):
    """A classifier of whole images, or of rows of numbers.

    Attributes
    ----------
    enlarging : {"linear", "cubic"}
        How images that are smaller than what is seen of them are enlarged.
    """

    enlarging: ClassVar[Literal["linear", "cubic"]]

    #: Whether it chooses among other classifiers, and stands for the one that it chose.
    chooses: ClassVar[bool]
    #: Whether it is a network with convolutions, whose layers keep places, as Grad-CAM needs.
    convolutional: ClassVar[bool]

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, (K,)."""

    @property
    def history_(self) -> Mapping[str, NDArray[Any]]:
        """The curves of a training by epochs, such as ``loss``; empty where there are none."""

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each image, (N,)."""

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities, (N, K), in the order of ``classes_``."""

    def score(self, X: Any, y: Any) -> float:
        """The accuracy on labelled images."""

    @property
    def sees_images(self) -> bool:
        """Whether it was fitted on images, not on rows."""

    def as_seen(self, X: Any) -> NDArray[Any]:
        """Images at the size at which they are looked at."""

    def as_network(self) -> "tuple[Sequential, tuple[int, ...]]":
        """From what it sees to probabilities, and the shape of one example."""


class ChoosingModel(ClassifierModel, Protocol):
    """A classifier that stands for another, which it chose; what is saved is that one."""

    @property
    def best_(self) -> ClassifierModel:
        """The one that was chosen, fitted."""


class NetworkModel(ClassifierModel, Protocol):
    """A classifier that is one network of layers."""

    @property
    def network_(self) -> "Sequential":
        """In use; of what :meth:`prepare` gives it makes logits, (N, K)."""

    @property
    def image_shape_(self) -> tuple[int, int, int]:
        """Rows, columns and channels of what the network is given."""

    def prepare(self, X: Any) -> NDArray[np.float32]:
        """What the network is given for some examples, (N, *image_shape_)."""


class ProposerModel(Model, Protocol):
    """A model that says where objects may be: a detector, or a region proposal network alone."""

    @property
    def classes_(self) -> tuple[str, ...]:
        """Of the objects that it learnt from."""

    def propose(self, image: Source) -> Proposals:
        """Regions of an image, (H, W, 3) uint8, or of a file, in its pixels, the best first."""

    def propose_all(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Proposals]:
        """:meth:`propose` for each of several images or files."""

    def trace(
        self, image: Source, objects: ArrayLike | None = None, *, object_names: Sequence[str] = ()
    ) -> "DetectionTrace":
        """How the answer for an image came about."""


class LearnedProposer(ProposerModel, Proposer, Protocol):
    """A model that says where objects may be and no more: a method of proposing for detectors."""


class ImageDetector(Protocol):
    """A function from one image to its detections."""

    def __call__(self, image: NDArray[np.uint8], *, threads: int | None = None) -> Detections:
        """Detections in an image, (H, W, 3) uint8, by so many threads; all cores by default."""


class DetectorModel(ProposerModel, Protocol):
    """A model that finds objects."""

    #: Whether its own network proposes, rather than a method that it was given.
    proposes_itself: ClassVar[bool]

    @property
    def threshold_(self) -> float:
        """The least score to believe where a yes or no is wanted."""

    def predict(
        self, images: Any, *, min_score: float | None = None, callbacks: Callbacks = ()
    ) -> list[Detections]:
        """Detections in each image or file, the most probable first."""

    def detector(self) -> ImageDetector:
        """What :meth:`predict` does with one image."""


class GuidedDetectorModel(DetectorModel, Protocol):
    """A detector that looks where a method of proposing, which it was given, tells it to."""

    @property
    def proposer_(self) -> Proposer:
        """The method, with all that it learned."""


def is_detector(model: Model) -> TypeGuard[DetectorModel]:
    """Whether a model finds objects and names them."""
    return model.answers == "detections"


def is_proposer(model: Model) -> TypeGuard[LearnedProposer]:
    """Whether a model says where objects may be and no more."""
    return model.answers == "proposals"


def is_classifier(model: Model) -> TypeGuard[ClassifierModel]:
    """Whether a model says what an image shows."""
    return model.answers == "classes"


def is_choosing(model: Model) -> TypeGuard[ChoosingModel]:
    """Whether a model is a classifier that stands for another, which it chose."""
    return is_classifier(model) and model.chooses


def is_guided(model: Model) -> TypeGuard[GuidedDetectorModel]:
    """Whether a model is a detector that a method of proposing tells where to look."""
    return is_detector(model) and not model.proposes_itself


def is_timed(model: Model) -> TypeGuard[TimedModel]:
    """Whether a model's minutes are meant for all that is done with it."""
    return model.times_the_run


def is_estimated(model: Model) -> TypeGuard[EstimatedModel]:
    """Whether a model can tell, before it is trained, how many minutes it wants at least."""
    return is_timed(model) and hasattr(model, "fewest_minutes")


def is_convolutional(model: Model) -> TypeGuard[NetworkModel]:
    """Whether a model is a classifier whose layers keep places, as Grad-CAM needs."""
    return is_classifier(model) and model.convolutional
