"""R-CNN: proposals, features of each, an SVM a class, and box regression."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip, nms
from foveal.boxes import warm_ups as box_kernels
from foveal.data import Dataset, Detections
from foveal.errors import SettingError
from foveal.events import Callbacks
from foveal.features import EfficientNetLite0, HogColor, RegionFeatures, regions_on_maps
from foveal.metrics import best_threshold
from foveal.models.detection.box_regression import BoxRegression, fit_box_regression
from foveal.models.detection.moving import check_finite
from foveal.models.detection.region_bank import RegionBank
from foveal.models.detection.trace import DetectionTrace
from foveal.models.detectors.proposal_detector import ProposalDetector, trained_proposer
from foveal.models.parameter_checks import check_parameters
from foveal.models.svm.examples import ExamplePool
from foveal.models.svm.kernels import fit_with, restore_svms
from foveal.models.svm.linear import LinearSVMs
from foveal.models.svm.mining import Mining, collect_objects, collect_proposals, mine
from foveal.models.svm.out_of_fold import Suppressed, out_of_fold_detections
from foveal.models.svm.platt import Platt, fit_platt
from foveal.models.svm.region_svms import RegionSVMs
from foveal.nn import warm_ups as nn_kernels
from foveal.proposals import Proposals, Proposer, SelectiveSearch
from foveal.proposals.warm_ups import SEARCH

# First and hard negatives of an image, class and round, of features that are read off a network's maps.
_FIRST, _HARD = 8, 8
# Proposals near an object that teach the regression then, instead of ten.
_PER_OBJECT = 4


@dataclass(kw_only=True, eq=False, repr=False)
class RCNN(ProposalDetector):
    """Regions with features: the detector of Girshick, Donahue, Darrell & Malik (2014).

    Every proposal is described by features; an SVM for each class, trained with hard negatives,
    says whether it is an object of that class; ridge regression moves its box; non-maximum suppression
    leaves one box an object. The decision values are turned into probabilities by Platt's method, on
    out-of-fold scores of the training images.

    Parameters
    ----------
    proposals : Proposer or str, default="fast"
        As :class:`foveal.models.FastRCNN`'s.
    features : RegionFeatures, optional
        What is seen of each region; :class:`foveal.features.EfficientNetLite0` by default, read off
        maps that all regions share (He et al. 2014); :class:`foveal.features.HogColor`, which the
        intersection kernel has by default, needs no network.
    learned_order : bool, default=False
        Let selective search learn from the training images which proposals to put first
        (:meth:`foveal.proposals.SelectiveSearch.fit`); what it learned is in the model file.
    kernel : {"linear", "intersection"}, default="linear"
        The SVMs' kernel. ``"intersection"`` is the histogram intersection of Uijlings et al. (2013,
        section 4), ``sum of min(a, b)`` (Maji, Berg & Malik 2008): a feature may speak for a class
        between two values and against it beyond them. Features must not be negative. It takes
        longer to train, the more so the more images and classes there are: see
        :func:`foveal.models.svm.intersection.fit_intersection_svms`, which bounds its memory.
    C : float, default=0.01
        Weight of the SVMs' losses against their margin: squared hinge losses with the linear kernel,
        hinge losses with the other.
    negative_low, negative_high : float, default=0.2, 0.5
        The first negatives of a class overlap one of its objects by an IoU in this range (Uijlings et
        al. 2013); below the upper end a proposal is background.
    mining_rounds : int, default=4
        At most so many rounds of looking for hard negatives.
    positive_overlap : float, default=0.8
        Proposals that overlap an object at least this much are positives beside the object itself, so
        that the SVMs see boxes as proposals draw them; above 1 for none, as in the paper.
    regression_alpha : float, default=100.0
        Ridge penalty of the box regression.
    calibration_folds : int, default=3
        Folds of the cross-validation whose scores the probabilities are calibrated on.
    max_proposals, nms_threshold, score_threshold : default=2000, 0.4, 0.001
        As :class:`foveal.models.FastRCNN`'s, and so are ``flip`` and ``max_detections``.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    svms_ : LinearSVMs or IntersectionSVMs
    box_regression_ : BoxRegression
    platt_ : Platt
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on
        out-of-fold detections. ``predict`` gives less probable detections too, unless it is
        given ``min_score``; ``foveal predict`` and :meth:`foveal.data.Detections.above` begin here.
    n_images_ : int
        How many images it was trained on.

    Examples
    --------
    >>> RCNN(proposals="single", C=0.1)
    RCNN(C=0.1, proposals='single')
    """

    name: ClassVar[str] = "rcnn"
    not_exportable: ClassVar[str | None] = "its support vector machines are no network"
    not_continuable: ClassVar[str | None] = (
        "its support vector machines are fitted to the regions of all images at once"
    )
    warm_ups: ClassVar[tuple[str, ...]] = (*SEARCH, *nn_kernels.ROI_ALIGN, *box_kernels.SUPPRESSION)

    learned_order: bool = False
    kernel: str = "linear"
    C: float = 0.01
    negative_low: float = 0.2
    negative_high: float = 0.5
    mining_rounds: int = 4
    positive_overlap: float = 0.8
    regression_alpha: float = 100.0
    calibration_folds: int = 3
    nms_threshold: float = 0.4
    score_threshold: float = 0.001

    svms_: RegionSVMs = field(init=False)
    box_regression_: BoxRegression = field(init=False)
    platt_: Platt = field(init=False)

    def fit(self, dataset: Dataset, *, validation: Dataset | None = None, callbacks: Callbacks = ()) -> Self:
        """Train on labelled images, as :meth:`foveal.models.FasterRCNN.fit`.

        ``validation`` is not used: the calibration is cross-validated on the training images. A
        SettingError is raised too where the features do not suit the kernel.
        """
        check_parameters(self)
        if self.negative_low > self.negative_high:
            raise SettingError(
                f"negative_low ({self.negative_low}) is not above negative_high ({self.negative_high})."
            )
        self.flip_ = self._flips(dataset, callbacks)
        fit_svms = fit_with(self.kernel, C=self.C)
        n_objects = dataset.count_objects()
        self._forget()
        self.features_, on_maps = self._features()
        self.proposer_ = trained_proposer(self.proposals, dataset, self.random_state, callbacks)
        if self.learned_order:
            self.proposer_ = _with_learned_order(self.proposer_, dataset, self.random_state, callbacks)
        self.classes_ = dataset.classes
        mining = Mining(low=self.negative_low, high=self.negative_high, rounds=self.mining_rounds)
        if on_maps:
            # Vectors are three times as long, and tell background apart sooner.
            mining = replace(mining, first=_FIRST, hard=_HARD)

        # Images go to threads of their own, and one thread a product adds up in the same order.
        with parallel.blas_threads(1):
            bank = RegionBank(
                dataset,
                self.proposer_,
                self.features_,
                max_proposals=self.max_proposals,
                flip=self.flip_,
                callbacks=callbacks,
            )
            pool = ExamplePool(len(self.classes_), np.float16 if on_maps else np.float32)
            collect_objects(bank, pool, flip=self.flip_, callbacks=callbacks)
            near = collect_proposals(
                bank,
                pool,
                mining,
                len(self.classes_),
                positive_overlap=self.positive_overlap,
                random_state=self.random_state,
                per_object=_PER_OBJECT if on_maps else 10,
            )
            self.box_regression_ = fit_box_regression(*near, alpha=self.regression_alpha)
            del near
            self.svms_ = mine(bank, pool, self.classes_, mining, fit_svms, callbacks=callbacks)
            held_out = out_of_fold_detections(
                bank,
                pool.examples(),
                self._suppress,
                fit_svms,
                folds=self.calibration_folds,
                random_state=self.random_state,
                callbacks=callbacks,
            )
        if bank.scaling is not None:
            # What is found in a new image is not standardised: the machines do that themselves.
            assert isinstance(self.svms_, LinearSVMs)
            self.svms_ = self.svms_.unscaled(*bank.scaling)
            self.box_regression_ = self.box_regression_.unscaled(*bank.scaling)
        self.platt_ = fit_platt(held_out.values, held_out.labels, held_out.correct, len(self.classes_))
        probabilities = self.platt_(held_out.values, held_out.labels)
        self.threshold_ = best_threshold(probabilities, held_out.correct, n_objects)
        self.n_images_ = len(dataset)
        return self

    def _features(self) -> tuple[RegionFeatures, bool]:
        """What describes regions, and whether it is read off maps that all regions of an image share."""
        features = self.features
        if features is None:
            features = HogColor() if self.kernel == "intersection" else EfficientNetLite0()
        on_maps: Any = regions_on_maps(features)
        if on_maps is not None and self.kernel != "linear":
            raise SettingError(
                "The intersection kernel needs features that are never negative: give features=hog-color, or "
                "kernel=linear."
            )
        return (features, False) if on_maps is None else (on_maps, True)

    def _suppress(
        self, svms: RegionSVMs, features: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> Suppressed:
        """Every class's probable regions, moved by its regression, without those that a better one covers."""
        values = svms(features)
        check_finite(values)
        parts: list[tuple[NDArray[Any], ...]] = []
        seen = 0
        for label in range(values.shape[1]):
            # Far behind the margin a proposal is never probable; suppression is quadratic.
            rows = np.flatnonzero(values[:, label] > -2.0)
            rows = rows[np.argsort(-values[rows, label], kind="stable")[: 5 * self.max_detections]]
            moved = self.box_regression_(features[rows], boxes[rows], label)
            kept = nms(moved, values[rows, label], self.nms_threshold)
            parts.append((moved, values[rows, label], np.full(len(rows), label, np.int64), rows, seen + kept))
            seen += len(rows)
        return Suppressed(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _pass(
        self, image: NDArray[np.uint8], features: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> tuple[Detections, Suppressed, NDArray[np.int64]]:
        """All answers, within the image; how they came about; and which of them are the detections."""
        found = self._suppress(self.svms_, features, boxes)
        moved = clip(found.boxes, image.shape[1], image.shape[0])
        scores = self.platt_(found.values, found.labels)
        answers = Detections(moved, scores, found.labels, self.classes_, found.values)
        sides = moved[found.kept, 2:] - moved[found.kept, :2]
        kept = found.kept[(scores[found.kept] >= self.score_threshold) & (sides > 0).all(axis=1)]
        kept = kept[np.lexsort((-found.values[kept], -scores[kept]))[: self.max_detections]]
        return answers, found, kept

    def _detect(self, image: NDArray[np.uint8], proposals: Proposals) -> Detections:
        features = self.features_.extract(image, proposals.boxes)
        answers, _, kept = self._pass(image, features, proposals.boxes)
        return answers[kept]

    def _follow(self, image: NDArray[np.uint8], proposals: Proposals) -> DetectionTrace:
        boxes, n_classes = proposals.boxes, len(self.classes_)
        features = self.features_.extract(image, boxes)
        answers, found, kept = self._pass(image, features, boxes)
        values = self.svms_(features)
        every = [np.full(len(boxes), label, np.int64) for label in range(n_classes)]
        moved = np.stack([self.box_regression_(features, boxes, k) for k in range(n_classes)], axis=1)
        return DetectionTrace(
            image=image,
            classes=self.classes_,
            detections=answers[kept],
            candidates=boxes,
            candidate_scores=np.asarray(proposals.scores, np.float32),
            kept=np.arange(len(boxes)),
            probabilities=np.stack([self.platt_(values[:, k], every[k]) for k in range(n_classes)], axis=1),
            moved=clip(moved.reshape(-1, 4), image.shape[1], image.shape[0]).reshape(moved.shape),
            answers=answers,
            answer_regions=found.rois,
            answer_kept=kept,
            answer_threshold=self.nms_threshold,
        )

    # -- the model file -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it has learned, its method of proposing too."""
        return {
            **super().arrays(),
            **self.svms_.arrays(),
            "box_regression.weights": self.box_regression_.weights,
            "box_regression.biases": self.box_regression_.biases,
            "platt.slopes": self.platt_.slopes,
            "platt.offsets": self.platt_.offsets,
        }

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        model = super()._restore(arrays, metadata)
        n_classes, n_features = len(model.classes_), model.features_.n_features
        model.svms_ = restore_svms(model.kernel, arrays, n_features=n_features, n_classes=n_classes)
        model.box_regression_ = BoxRegression(
            arrays["box_regression.weights"], arrays["box_regression.biases"]
        )
        model.platt_ = Platt(arrays["platt.slopes"], arrays["platt.offsets"])
        return model


def _with_learned_order(
    proposer: Proposer, dataset: Dataset, random_state: int, callbacks: Callbacks
) -> Proposer:
    if not isinstance(proposer, SelectiveSearch):
        raise SettingError(f"learned_order is selective search's; {type(proposer).__name__} has none.")
    # The parameter stays as the user made it.
    return replace(proposer).fit(dataset, random_state=random_state, callbacks=callbacks)
