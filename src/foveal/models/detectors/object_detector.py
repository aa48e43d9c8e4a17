"""What all models that are trained on boxes have in common."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from foveal.data import Dataset, Detections
from foveal.data.class_order import joined_classes, with_classes
from foveal.data.mirroring import objects_may_be_mirrored
from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.files import write_container
from foveal.images import Origin, Source, as_pixels
from foveal.metrics import evaluate, to_results
from foveal.models.detection.trace import DetectionTrace
from foveal.models.given_images import sources_of
from foveal.models.going_on import check_same
from foveal.models.parameter_checks import NamedParameters
from foveal.models.showing import ShownInNotebooks
from foveal.proposals import Proposals
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal.models.contracts import ImageDetector


class BoxModel(ShownInNotebooks, NamedParameters, BaseEstimator, ABC):  # type: ignore[misc]
    """A model that is trained on boxes: a detector, or a region proposal network alone.

    What its class says of itself is told in :class:`foveal.models.contracts.Model`.
    """

    name: ClassVar[str]
    task: ClassVar[Literal["detection"]] = "detection"
    answers: ClassVar[Literal["detections", "proposals"]] = "detections"
    validates: ClassVar[bool] = False
    takes_features: ClassVar[bool] = True
    resumable: ClassVar[bool] = False
    times_the_run: ClassVar[bool] = False
    not_exportable: ClassVar[str | None] = None
    not_continuable: ClassVar[str | None] = None
    warm_ups: ClassVar[tuple[str, ...]] = ()
    proposes_itself: ClassVar[bool] = False

    flip: bool | None
    random_state: int

    classes_: tuple[str, ...]
    n_images_: int
    threshold_: float
    resolved_: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_fitted(self) -> bool:
        """Whether it has been trained, to the end: a training that is broken off leaves no model."""
        return hasattr(self, "n_images_")

    def _forget(self) -> None:
        """Be untrained; ``n_images_`` is what ``fit`` sets last."""
        if self.is_fitted:
            del self.n_images_

    def _going_on(
        self, initial: Any, dataset: Dataset, validation: Dataset | None, sizes: Sequence[str]
    ) -> tuple[Self, Dataset, Dataset | None]:
        """A trained model to begin with, which has been checked, and the data with its classes first."""
        if type(initial) is not type(self):
            raise SettingError(
                f"{self.name} goes on from a trained {self.name}; this is {type(initial).__name__}."
            )
        initial._check_fitted()
        check_same(self, initial, sizes)
        classes = joined_classes(initial.classes_, dataset.classes)
        validation = None if validation is None else with_classes(validation, classes)
        # It may be this model itself, which is about to forget.
        return copy(initial), with_classes(dataset, classes), validation

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(f"This {type(self).__name__} is not trained yet: call fit first.")

    def _flips(self, dataset: Dataset, callbacks: Callbacks) -> bool:
        """Whether it learns from mirrored images too: as ``flip`` says, else where classes bear it."""
        if self.flip is not None:
            return bool(self.flip)
        if self.answers == "proposals" or objects_may_be_mirrored(dataset, self.random_state):
            return True
        text = "Mirrored, objects look like those of other classes, as in writing: no image is mirrored."
        emit(callbacks, "note", text=text)
        return False

    @abstractmethod
    def propose(self, image: Source) -> Proposals:
        """Regions of an image, (H, W, 3) uint8, or of a file, in its pixels and within it, the best first."""

    def propose_all(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Proposals]:
        """:meth:`propose` for several images or files; one that cannot be read raises ImageError."""
        found = []
        with stage(callbacks, "proposals of held-out images", len(images)) as progress:
            for done, source in enumerate(sources_of(images), 1):
                found.append(self.propose(source))
                progress(done)
        return found

    def trace(
        self, image: Source, objects: ArrayLike | None = None, *, object_names: Sequence[str] = ()
    ) -> DetectionTrace:
        """How the answer for one image came about: everything on the way of one pass.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, or path
        objects : array-like of shape (M, 4), optional
            Ground truth, in the image's pixels.
        object_names : sequence of str, optional
            What the objects are.

        Returns
        -------
        DetectionTrace
            In the pixels of its working image. That of a model that proposes and no more ends with the
            proposals.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        self._check_fitted()
        return replace(self._trace(as_pixels(image), objects), object_names=tuple(object_names))

    @abstractmethod
    def _trace(self, image: NDArray[np.uint8], objects: ArrayLike | None) -> DetectionTrace:
        """See :meth:`trace`; without the objects' names."""

    # -- the model file -----------------------------------------------------------------------------

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it has learned; with :meth:`get_config` all that it is made again from."""

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        self._check_fitted()
        return {"kind": self.name, "classes": list(self.classes_), "n_images": self.n_images_}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as one safetensors file; :func:`foveal.load` reads it.

        A backbone's pretrained weights are not in it, but their digest is; those that were fine-tuned are.
        """
        metadata = {"model": self.name, "version": __version__, **self.get_config()}
        write_container(path, self.arrays(), metadata)
        return Path(path)


class ObjectDetector(BoxModel):
    """A detector: it predicts boxes of classes and is scored by average precision."""

    def predict(
        self, images: Any, *, min_score: float | None = None, callbacks: Callbacks = ()
    ) -> list[Detections]:
        """Detect objects.

        Parameters
        ----------
        images : list of paths, of ndarray of shape (H, W, 3), uint8, or of images of Pillow
            Also one array (N, H, W, 3), a pandas Series or column of paths, a :class:`foveal.data.Dataset`,
            or one image or path, which is a list of one.
        min_score : float, optional
            Leave out what is less probable. By default everything is given, down to scores that no one
            believes, as measures of average precision need it. ``foveal predict`` leaves out what is below
            ``threshold_``: ``min_score=model.threshold_`` does the same, and so does
            :meth:`foveal.data.Detections.above` of what is given here.
        callbacks : sequence of callables

        Returns
        -------
        list of Detections
            One for each image, also where there is but one; the most probable first; ``scores`` are
            probabilities.

        Raises
        ------
        ImageError
            If a file cannot be read.
        ValueError
            If these are no images, or floating-point ones from 0 to 1.

        Examples
        --------
        One image is a list of one::

            (found,) = model.predict("a.jpg")
            found.above()  # what the model believes
        """
        self._check_fitted()
        if min_score is not None and not 0 <= min_score <= 1:
            raise ValueError(f"min_score is a probability from 0 to 1; got {min_score!r}.")
        sources = sources_of(images)
        found = [
            replace(detections, threshold=self.threshold_, origin=Origin(source))
            for detections, source in zip(self._predict(sources, callbacks), sources, strict=True)
        ]
        return found if min_score is None else [detections.above(min_score) for detections in found]

    @abstractmethod
    def _predict(self, images: Sequence[Source], callbacks: Callbacks = ()) -> list[Detections]:
        """See :meth:`predict`; of images and files."""

    def detector(self) -> ImageDetector:
        """What :meth:`predict` does with one image: a function that gives its detections."""

        def detect(image: NDArray[np.uint8], *, threads: int | None = None) -> Detections:
            return self.predict([image])[0]

        return detect

    def score(self, dataset: Dataset) -> float:
        """COCO's AP at IoU 0.5 on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection.

        Returns
        -------
        float
            From 0 to 1; 0 where the images show no object at all.
        """
        detections = self.predict([sample.path for sample in dataset])
        return evaluate(dataset.to_coco(), to_results(dataset, detections)).get("AP50", 0.0)
