"""What a report tells of: plain data, gathered by whoever trained and measured a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding
from foveal.data.detections import Detections
from foveal.data.splitting import Parts
from foveal.files import distinct_names
from foveal.metrics.proposals import ProposalQuality
from foveal.proposals import Proposals

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace


@dataclass(frozen=True)
class Alarm:
    """Something that the figures of a run say is wrong.

    Attributes
    ----------
    kind : {"loss", "near-zero", "class-never-found", "overfit", "forgotten", "unlike"}
        What is wrong, in a word.
    message : str
        The same in a sentence, with the figures.
    reasons : tuple of str
        Why that may be, the likeliest first, each with what to do.
    """

    kind: str
    message: str
    reasons: tuple[str, ...]

    @property
    def heading(self) -> str:
        """A few words to stand before the message."""
        return "Take care." if self.kind == "unlike" else "Something is wrong."


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """What the records of all tasks hold.

    Attributes
    ----------
    title : str
        What was learned: ``"Fruit"``.
    model : str
        The model's name: ``"rcnn"``.
    version : str
        Foveal's version.
    config : mapping
        Every setting as resolved; may be nested.
    events : sequence of mappings
        The training log (:mod:`foveal.events`): times, mining rounds, sweeps and candidates are
        read off it.
    metrics : mapping of str to float
        The figures of the held-out images, flat keys (``AP50``, ``AP50/<class>``, ``accuracy``).
    findings : sequence of Finding
        What the doctor said of the data.
    data : Dataset
        The whole data set.
    parts : Parts
        ``train``, ``validation``, ``test`` and the sentence ``origin``.
    test : Dataset
        The held-out samples that the predictions are aligned with.
    alarms : sequence of Alarm
        What is wrong by all this, the gravest first; see :func:`foveal.report.find_alarms`.
    """

    title: str
    model: str
    version: str
    config: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, float]
    findings: Sequence[Finding]
    data: Dataset
    parts: Parts
    test: Dataset
    alarms: Sequence[Alarm] = ()

    @cached_property
    def names(self) -> Mapping[Path, str]:
        """What each image of the data and of the held-out ones is called: no two alike."""
        return distinct_names(s.path for part in (self.data, self.test) for s in part)


@dataclass(frozen=True, eq=False, kw_only=True)
class DetectionRecord(Record):
    """A detector, what it was trained on and what it says of the held-out images.

    Attributes
    ----------
    title, model, version, config, events, metrics, findings, data, parts, test, alarms
        ``title`` is what was learned and ``model`` the model's name; ``config`` is every setting as
        resolved, ``events`` the training log, ``metrics`` the figures of the held-out images,
        ``findings`` the doctor's, ``data`` the whole data set, ``parts`` its train, validation and
        test parts with a sentence ``origin``, ``test`` the held-out samples, ``alarms`` what is wrong by all
        this.
    detections : sequence of Detections
        One for each sample of ``test``, in its order.
    results : sequence of dict, optional
        The same in COCO's results format; made from ``detections`` where it is ``None``.
    proposal_quality : foveal.metrics.ProposalQuality, optional
        How well the proposals cover the held-out objects.
    compared_proposals : mapping of str to foveal.metrics.ProposalQuality
        The same of several methods by name, on the same images, the detector's own first.
    steps : DetectionTrace, optional
        How the detector came to its answer for one held-out image.
    steps_of : str
        That image's name.
    score_threshold : float
        Detections with lower scores are neither drawn nor counted as errors in the images.
    iou_threshold : float
        The overlap that makes a detection right, in images, curves and the confusion matrix.
    """

    detections: Sequence[Detections]
    results: Sequence[dict[str, Any]] | None = None
    proposal_quality: ProposalQuality | None = None
    compared_proposals: Mapping[str, ProposalQuality] = field(default_factory=dict)
    steps: "DetectionTrace | None" = None
    steps_of: str = ""
    score_threshold: float = 0.5
    iou_threshold: float = 0.5

    def __post_init__(self) -> None:
        if len(self.detections) != len(self.test):
            raise ValueError(
                f"There are {len(self.test)} held-out images but {len(self.detections)} detections."
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class ProposalRecord(Record):
    """A method of proposing that was trained, and how many held-out objects it reaches.

    Attributes
    ----------
    title, model, version, config, events, metrics, findings, data, parts, test, alarms
        As in :class:`DetectionRecord`.
    proposal_quality : foveal.metrics.ProposalQuality
    others : mapping of str to ProposalQuality
        Other methods, by their names, measured on the same images.
    """

    proposal_quality: ProposalQuality
    others: Mapping[str, "ProposalQuality"] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class NetworkLook:
    """What is to be seen inside a convolutional network.

    Attributes
    ----------
    name : str
        Of the image that it was shown.
    image : ndarray of shape (H, W, 3), uint8
        The image.
    filters : ndarray of shape (O, I, kh, kw), or None
        The kernels of the first convolution.
    stages : mapping of int to ndarray of shape (h, w, C)
        The maps of some layers for the image, by their place in the network.
    """

    name: str
    image: NDArray[np.uint8]
    filters: NDArray[np.floating[Any]] | None
    stages: Mapping[int, NDArray[np.floating[Any]]]


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassificationRecord(Record):
    """A classifier of whole images and what it says of the held-out ones.

    Attributes
    ----------
    predictions : ndarray of shape (N,), int64
        The predicted class of each sample of ``test``, an index into ``test.classes``.
    probabilities : ndarray of shape (N, K), float, or None
        Of each class; ``None`` where the model has none.
    explanations : mapping of int to ndarray of shape (h, w)
        For some samples of ``test``, by their index, a map of what speaks for the predicted class.
    explained_by : str
        What the maps are: ``"Grad-CAM"`` or ``"occlusion"``.
    look : NetworkLook, optional
        What is to be seen inside the network, where it is one.
    title, model, version, config, events, metrics, findings, data, parts, test, alarms
        As in :class:`DetectionRecord`.
    """

    predictions: NDArray[np.int64]
    probabilities: NDArray[np.floating[Any]] | None = None
    explanations: Mapping[int, NDArray[np.floating[Any]]] = field(default_factory=dict)
    explained_by: str = ""
    look: NetworkLook | None = None

    def __post_init__(self) -> None:
        if len(self.predictions) != len(self.test):
            raise ValueError(
                f"There are {len(self.test)} held-out images but {len(self.predictions)} predictions."
            )
        shape = (len(self.test), len(self.test.classes))
        if self.probabilities is not None and self.probabilities.shape != shape:
            raise ValueError(f"The probabilities have shape {self.probabilities.shape} instead of {shape}.")

    @property
    def truth(self) -> NDArray[np.int64]:
        """The class of each held-out sample; -1 where it has none, which is never predicted."""
        return np.array([-1 if s.label is None else s.label for s in self.test], np.int64)

    @property
    def confidence(self) -> NDArray[np.float64] | None:
        """The probability of each prediction."""
        if self.probabilities is None:
            return None
        rows = np.arange(len(self.predictions))
        return np.asarray(self.probabilities[rows, self.predictions], np.float64)

    def surest_mistakes(self, most: int = 12) -> list[int]:
        """The wrongly named samples of ``test``, the most confident first; of equals, the first."""
        truth, sure = self.truth, self.confidence
        wrong = np.flatnonzero((self.predictions != truth) & (truth >= 0))
        if sure is not None:
            wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
        return [int(i) for i in wrong[:most]]


@dataclass(frozen=True, eq=False)
class SearchRecord:
    """An image, and what selective search found in it.

    Attributes
    ----------
    name : str
        The file's name.
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    proposals : Proposals
        With their hierarchies.
    method : str
        The search in few words: ``"fast"``.
    objects : ndarray of shape (M, 4), float32, or None
        Ground truth; ``None`` where it is not known.
    object_names : sequence of str
        What the objects are.
    learned : bool
        Whether the order of the proposals was learned.
    """

    name: str
    image: NDArray[np.uint8]
    proposals: Proposals
    method: str = ""
    objects: NDArray[np.float32] | None = None
    object_names: Sequence[str] = ()
    learned: bool = False

    def __post_init__(self) -> None:
        if not self.proposals.hierarchy:
            raise ValueError("The proposals have no hierarchy: they must come from SelectiveSearch.propose.")
        if self.objects is not None and len(self.objects) != len(self.object_names):
            raise ValueError(f"{len(self.objects)} objects but {len(self.object_names)} names.")


@dataclass(frozen=True, eq=False)
class AugmentedView:
    """An image as a training may see it.

    Attributes
    ----------
    image : ndarray of shape (H, W, 3), uint8
    boxes : ndarray of shape (N, 4), float32
        In its pixels; none of a class folder's image.
    labels : ndarray of shape (N,), int64
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataRecord:
    """A data set and what is known of it.

    Attributes
    ----------
    data : Dataset
    format : str
        What its format is called.
    findings : sequence of Finding
        The doctor's.
    views : mapping of str to sequence of AugmentedView
        For some images, by their names, how they are and then how a training may see them.
    changes : str
        What a training changes, in a sentence or two.
    """

    data: Dataset
    format: str
    findings: Sequence[Finding]
    views: Mapping[str, Sequence[AugmentedView]]
    changes: str
