"""Detectors that a method of proposing tells where to look, and that method as a part of them."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from foveal import parallel
from foveal.data import Dataset, Detections
from foveal.errors import ModelFileError, SettingError
from foveal.events import Callbacks, stage
from foveal.features import features_from_config
from foveal.files import user_cache
from foveal.files.plain import below
from foveal.images import Origin, Source, as_pixels
from foveal.models import MODELS, model_class
from foveal.models.contracts import is_proposer
from foveal.models.detection.trace import DetectionTrace, scaled_objects
from foveal.models.detectors.object_detector import BoxModel, ObjectDetector
from foveal.models.detectors.rpn import RPN
from foveal.models.given_images import sources_of
from foveal.proposals import FileProposer, Proposals, Proposer, SelectiveSearch, propose_files
from foveal.proposals.cached import proposer_from_config

# Passes of a region proposal network that is asked for by a word; not minutes, so that the model is the same
# every time.
_RPN_EPOCHS = 30

# What a method has learned is kept under this name and a dot.
_PREFIX = "proposals."


@dataclass(kw_only=True, eq=False, repr=False)
class ProposalDetector(ObjectDetector):
    """A detector that classifies what a method of proposing gives.

    :class:`foveal.models.FastRCNN` explains the parameters.
    """

    proposals: Proposer | str = "fast"
    features: Any = None
    max_proposals: int = 2000
    flip: bool | None = None
    nms_threshold: float = 0.5
    score_threshold: float = 0.005
    max_detections: int = 100
    random_state: int = 0

    proposer_: Proposer = field(init=False)
    features_: Any = field(init=False)
    flip_: bool = field(init=False)

    def propose(self, image: Source) -> Proposals:
        """The regions of an image, (H, W, 3) uint8, or of a file, that :meth:`predict` looks at first."""
        self._check_fitted()
        found = self.proposer_.propose(as_pixels(image)).best(self.max_proposals)
        return replace(found, origin=Origin(image))

    def propose_all(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Proposals]:
        """:meth:`propose` for several images; see :meth:`BoxModel.propose_all`.

        Proposals of files are kept in the user's cache (:func:`foveal.files.user_cache`), where
        :meth:`predict` finds them.
        """
        self._check_fitted()
        found = propose_files(
            self.proposer_,
            sources_of(images),
            number=self.max_proposals,
            cache=user_cache(),
            name="proposals of held-out images",
            callbacks=callbacks,
        )
        return [answer.proposals for answer in found]

    def _predict(self, images: Sequence[Source], callbacks: Callbacks = ()) -> list[Detections]:
        # Proposals of files that are in the user's cache are taken from there; none are added, since images
        # to predict on are rarely seen again.
        files = FileProposer(self.proposer_, user_cache(), keep=False)

        def one(source: Source) -> Detections:
            image = as_pixels(source)
            return self._detect(image, files.propose(source, image).proposals.best(self.max_proposals))

        with stage(callbacks, "detection", len(images)) as progress, parallel.blas_threads(1):
            return parallel.map(one, images, done=progress)

    def _trace(self, image: NDArray[np.uint8], objects: ArrayLike | None) -> DetectionTrace:
        with parallel.blas_threads(1):
            trace = self._follow(image, self.propose(image))
        return replace(trace, objects=scaled_objects(objects, trace.scale))

    @abstractmethod
    def _detect(self, image: NDArray[np.uint8], proposals: Proposals) -> Detections:
        """The detections in an image, in its pixels."""

    @abstractmethod
    def _follow(self, image: NDArray[np.uint8], proposals: Proposals) -> DetectionTrace:
        """The same pass, told whole, without the ground truth."""

    # -- the model file -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it has learned, its method of proposing too."""
        self._check_fitted()
        # What the method has learned; most have learned nothing.
        learned = self.proposer_.arrays() if isinstance(self.proposer_, BoxModel) else {}
        return {_PREFIX + name: value for name, value in learned.items()}

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        config = super().get_config()
        settings = self.get_params(deep=False)
        del settings["proposals"], settings["features"]
        return {
            **config,
            "threshold": self.threshold_,
            "proposals": self.proposer_.get_config(),
            "features": self.features_.get_config(),
            "settings": {**settings, "flip": self.flip_},
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        proposer = restore_proposer(metadata["proposals"], arrays)
        features = features_from_config(metadata["features"])
        model = cls(proposals=proposer, features=features, **metadata["settings"])
        model.proposer_, model.features_ = proposer, features
        model.classes_ = tuple(metadata["classes"])
        model.n_images_ = int(metadata["n_images"])
        model.threshold_ = float(metadata["threshold"])
        model.flip_ = bool(metadata["settings"].get("flip"))
        return model


def trained_proposer(
    proposals: Proposer | str,
    dataset: Dataset,
    random_state: int = 0,
    callbacks: Callbacks = (),
    *,
    initial: Proposer | None = None,
) -> Proposer:
    """A detector's method of proposing; a region proposal network that is not trained yet is trained first.

    The parameter stays as the user made it.

    Parameters
    ----------
    proposals : Proposer or str
        A method, or a word: a mode of selective search, or ``rpn``.
    dataset : Dataset
        What the detector is trained on.
    random_state : int, default=0
        Of a network that is asked for by a word.
    callbacks : sequence of callables
    initial : Proposer, optional
        Of the detector that a training goes on from: where both are region proposal networks, the new one
        begins with its weights.

    Returns
    -------
    Proposer

    Raises
    ------
    SettingError
        If ``proposals`` is neither.
    """
    proposer: Any = proposals
    if isinstance(proposals, str):
        if proposals == "rpn":
            proposer = RPN(epochs=_RPN_EPOCHS, random_state=random_state)
        else:
            proposer = SelectiveSearch(mode=proposals)
    if not isinstance(proposer, Proposer):
        raise SettingError(
            f"proposals is a mode of selective search, rpn, or has a method propose; got {proposals!r}."
        )
    if not isinstance(proposer, BoxModel) or proposer.is_fitted:
        return proposer
    begins = {"initial": initial} if type(initial) is type(proposer) else {}
    return clone(proposer).fit(dataset, callbacks=callbacks, **begins)  # type: ignore[no-any-return]


def restore_proposer(config: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> Proposer:
    """A method from what its ``get_config`` gave and the arrays of the detector's model file.

    Raises
    ------
    ModelFileError
        If the kind is unknown to this version.

    Examples
    --------
    >>> restore_proposer(SelectiveSearch(mode="single").get_config(), {}).mode
    'single'
    """
    if config.get("kind") not in MODELS:
        return proposer_from_config(dict(config))
    model = model_class(config["kind"])._restore(below(arrays, _PREFIX), config)
    if not is_proposer(model):
        raise ModelFileError(f"A model of kind {model.name!r} is no method of proposing regions.")
    return model
