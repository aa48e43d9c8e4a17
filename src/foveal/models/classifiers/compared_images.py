"""The images that candidates are compared on: who learns from which, and what is computed of them once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.events import Callbacks, stage
from foveal.models.classifiers.held_out import held_out_part, stratified_folds
from foveal.models.classifiers.image_bank import ImageBank
from foveal.models.classifiers.image_input import ImageArrays, are_images
from foveal.models.classifiers.transfer import TransferClassifier

# With fewer examples a part that is held out says too little: each is answered for by a classifier
# that has not seen it.
_FEW, _FOLDS = 500, 3
# More than so many held-out examples make nothing surer.
_MOST_HELD, _HELD_SHARE = 1000, 0.2
# The side of images that networks without pretraining and support vector machines are shown.
_SMALL_SIDE = 64
# Maps of all images beyond this are not kept, in bytes.
_MEMORY_OF_MAPS = 2_000_000_000
# What of the seed draws which examples.
_OF_THE_HELD, _OF_THE_FOLDS, _OF_THE_SOME = 11, 12, 13


class ComparedExamples:
    """Labelled images, or rows, divided for a comparison.

    Parameters
    ----------
    X : list of paths or images, or array
        Of the training, then of the validation.
    y : ndarray of shape (N,)
        Their labels.
    n_validation : int
        How many of them are the validation's.
    seed : int

    Attributes
    ----------
    labels : ndarray of shape (N,), int64
        Class indices.
    folds : list of (ndarray, ndarray)
        The places of the examples that train and of those that are answered for. One pair where a part is
        held out; several where there are few examples, each of which is answered for in turn.
    train, held : ndarray of int
        What the classifier that is left in the end learns from, and is validated on; where there are few
        examples it learns from all.
    """

    def __init__(self, X: Any, y: NDArray[Any], n_validation: int, seed: int) -> None:
        self.X, self.y, self.seed = X, y, seed
        self.classes, labels = np.unique(y, return_inverse=True)
        self.labels = labels.astype(np.int64).reshape(-1)
        self.images = are_images(X)
        n = len(self.labels)
        everything = np.arange(n)
        self.few = n < _FEW
        if self.few:
            fold_of = stratified_folds(self.labels, _FOLDS, np.random.default_rng([seed, _OF_THE_FOLDS]))
            numbers = np.unique(fold_of[fold_of >= 0])
            self.folds = [
                (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in numbers
            ]
            self.train, self.held = everything, everything[:0]
        else:
            rng = np.random.default_rng([seed, _OF_THE_HELD])
            is_held = everything >= n - n_validation
            if not n_validation:
                is_held = held_out_part(self.labels, _HELD_SHARE, rng)
            if is_held.sum() > _MOST_HELD:
                is_held[rng.permutation(np.flatnonzero(is_held))[_MOST_HELD:]] = False
            self.train, self.held = np.flatnonzero(~is_held), np.flatnonzero(is_held)
            self.folds = [(self.train, self.held)]
        self.judged = np.sort(np.concatenate([held for _, held in self.folds] or [everything[:0]]))
        self._banks: dict[tuple[str, int, bool], ImageBank] = {}
        self._looks: dict[tuple[str, int | None], TransferClassifier] = {}
        self._small: NDArray[Any] | None = None
        if self.images:
            self.seen_small = ImageArrays.learn(X, None, _SMALL_SIDE)
            self._known = np.zeros(n, bool)

    def __len__(self) -> int:
        return len(self.labels)

    def some(self, number: int | None) -> NDArray[np.int64]:
        """The places of so many of the training examples, every class among them; all by default."""
        if number is None or number >= len(self.train):
            return self.train
        rng = np.random.default_rng([self.seed, _OF_THE_SOME])
        left_out = held_out_part(self.labels[self.train], 1 - number / len(self.train), rng)
        return self.train[~left_out]

    # -- what classifiers are given -----------------------------------------------------------------

    def examples(self, rows: ArrayLike, callbacks: Callbacks = ()) -> Any:
        """Some of the examples, files read once and small."""
        rows = np.asarray(rows, np.int64)
        if not self.images or not self._reads:
            return self.X[rows] if isinstance(self.X, np.ndarray) else [self.X[int(i)] for i in rows]
        return self.small(rows, callbacks)

    @property
    def _reads(self) -> bool:
        """Whether images are small before classifiers see them: not where they are floats."""
        return self.seen_small.pixel_scale == 1 and not any(
            isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in self.X
        )

    def small(self, rows: ArrayLike, callbacks: Callbacks = ()) -> NDArray[Any]:
        """Images at a small size, (R, h, w, C)."""
        rows = np.asarray(rows, np.int64)
        missing = rows[~self._known[rows]]
        if len(missing):
            with stage(callbacks, "reading pictures"):
                found = self.seen_small.arrays([self.X[int(i)] for i in missing])
            if self._small is None:
                self._small = np.zeros((len(self), *found.shape[1:]), found.dtype)
            self._small = self._small.astype(np.result_type(self._small, found), copy=False)
            self._small[missing] = found
            self._known[missing] = True
        assert self._small is not None
        small: NDArray[Any] = self._small[rows]
        return small

    def bank(
        self, model: TransferClassifier, callbacks: Callbacks, *row_sets: NDArray[np.int64]
    ) -> ImageBank:
        """What a network makes of some of the images; the classifier learns how it looks at them."""
        look = (model.backbone, model.image_size)
        if look in self._looks:
            model.look_as(self._looks[look])
        else:
            model.learn_images(self.X, self.y)
            self._looks[look] = model
        mirror = bool(model.mirror)
        key = (model.backbone, model.image_side_, mirror)
        if key not in self._banks:
            backbone = model.backbone_
            memory = ImageBank.bytes_of_maps(backbone, len(self), model.image_side_, mirror=mirror)
            self._banks[key] = model.make_bank(_listed(self.X), keeps_maps=memory <= _MEMORY_OF_MAPS)
        bank = self._banks[key]
        for rows in row_sets:
            bank.fill(rows, callbacks)
        return bank


def _listed(X: Any) -> Sequence[Any]:
    return X if isinstance(X, list) else list(X)
