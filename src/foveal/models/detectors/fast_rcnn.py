"""Fast R-CNN: proposals, regions read off shared maps, one network that names and moves them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from foveal import nn, parallel
from foveal.boxes import warm_ups as box_kernels
from foveal.compiling import clock
from foveal.data import Dataset, Detections
from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.features import EfficientNetLite0, RegionsOnMaps, regions_on_maps
from foveal.files.plain import below
from foveal.images import resize
from foveal.metrics import choose_threshold
from foveal.models.detection.frozen_maps import (
    FrozenMaps,
    ImageMaps,
    RoIBatches,
    SeenRegions,
    channel_scaling,
    image_maps,
)
from foveal.models.detection.image_regions import ImageRegions, regions_of
from foveal.models.detection.onnx.fast_rcnn_graph import to_fast_rcnn_onnx
from foveal.models.detection.roi.head import BoxHead, check_box_loss, roi_loss
from foveal.models.detection.roi.pooling import RoIPooling
from foveal.models.detection.roi.postprocess import DetectedRegions, Postprocessor
from foveal.models.detection.roi.sampling import RoISampler, RoITargets
from foveal.models.detection.trace import DetectionTrace, roi_stage
from foveal.models.detection.training.head_budget import HeadBudget
from foveal.models.detectors.proposal_detector import ProposalDetector, trained_proposer
from foveal.models.going_on import check_same_features
from foveal.models.parameter_checks import check_parameters
from foveal.nn import warm_ups as nn_kernels
from foveal.nn.module import in_use
from foveal.nn.training_loop import TrainingLoop
from foveal.proposals import Proposals
from foveal.proposals.warm_ups import SEARCH

# Steps of a training where nothing is said, and how often every image is seen at least.
_STEPS, _LEAST_EPOCHS = 1600, 3
# Dropout where there are few objects. It makes a head of 256 learn more slowly too: where there are thousands
# of objects it costs more than it gives.
_FEW_OBJECTS, _DROPOUT = 1000, 0.5
# Images that are held out for the threshold, at most and as a share, and the share of the training that
# their own network gets.
_HELD_OUT, _HELD_SHARE, _HELD_STEPS = 24, 0.2, 0.2
# Longer gradients are shortened.
_CLIP_NORM = 10.0
# How strongly weights are averaged.
_EMA_DECAY = 0.99
# Copies of every object, its sides moved a little, that are learned from too.
_JITTERED = 4


@dataclass(kw_only=True, eq=False, repr=False)
class FastRCNN(ProposalDetector):
    """The detector of Girshick (2015), on the maps of a pretrained network that does not learn.

    The image goes through the network once. Every proposal is read off its maps by RoIAlign; a small network
    says which class it is, or background, and how the box has to move for each class. That network alone is
    trained, in mini-batches of few images with many regions; since the maps stay the same, they are computed
    once, for every image and its mirror image.

    Parameters
    ----------
    proposals : Proposer or str, default="fast"
        Where to look: a mode of :class:`foveal.proposals.SelectiveSearch` or anything with ``propose``, such
        as a :class:`foveal.models.RPN`. One that is not trained yet, or ``"rpn"``, is first trained on the
        training images; what it learned is in the model file.
    features : Backbone or RegionsOnMaps, optional
        The pretrained network, with the maps that regions are read off (``levels``), the cells a side that a
        region is read in (``grid``) and the images' longer side (``longest``);
        :class:`foveal.features.EfficientNetLite0` by default.
    max_proposals : int, default=1500
        The best so many proposals of each image, in training and prediction.
    hidden : int, default=256
        Width of the head's two hidden layers.
    dropout : float, optional
        Behind each of them. By default 0.5, the paper's, where there are fewer than a thousand objects to
        learn from, which a head soon overfits, and else 0.
    epochs : float, optional
        How often every image is seen. By default 1600 steps are taken, and no image is seen less than three
        times.
    minutes : float, optional
        The time for everything, as :class:`foveal.models.FasterRCNN`'s: by what is measured, as many steps
        are taken as fit, from 300 to the default.
    max_images : int, optional
        Learn from at most so many images, drawn at random. By default from all; where ``minutes`` are given
        and searching all images would take more than half of them, from as many as take half, and the others
        are left out with a note.
    learning_rate : float, default=0.002
        Of AdamW, at its highest; it rises and then falls along a cosine.
    weight_decay : float, default=0.02
    images_per_step, regions_per_image : int, default=2, 64
        Of a mini-batch.
    foreground_fraction : float, default=0.25
        The most of a mini-batch that overlaps an object by half or more.
    background_floor : float, default=0.1
        Background overlaps an object by at least this much, where there is enough of it.
    box_loss : {"smooth-l1", "giou", "diou", "ciou"}, default="smooth-l1"
    box_weight : float, default=1.0
        Of the box loss against that of the class.
    flip : bool, optional
        Learn from the mirrored images as well: by default, unless mirrored objects look like those of other
        classes, as in writing (:func:`foveal.data.mirroring.objects_may_be_mirrored`).
    refinements : int, default=1
        How often probable boxes are looked at again, each time moved and judged anew.
    nms_threshold : float, default=0.5
        Of two boxes of a class that overlap by more, the better one stays.
    vote_threshold : float, default=0.7
        Boxes that overlap the better one by this much help to place it; 1 for none.
    score_threshold : float, default=0.005
        Detections less probable than this are left out.
    max_detections : int, default=100
        The best so many detections of each image.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    network_ : foveal.models.detection.BoxHead
        The head.
    mean_, scale_ : ndarray of shape (channels,), float32
        What every channel of the maps is standardised by.
    history_ : foveal.nn.History
        The course of the training; not in the model file.
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on the validation
        images or, without any, on some training images, by a network that has not seen them and is trained
        for a fifth of the time. ``predict`` gives less probable detections too, unless it is
        given ``min_score``; ``foveal predict`` and :meth:`foveal.data.Detections.above` begin here.
    dropout_ : float
    flip_ : bool
        What was used.
    n_images_ : int
        How many images it was trained on.
    resolved_ : dict
        The ``epochs`` and ``max_images`` that the minutes came to; else empty.

    Examples
    --------
    >>> FastRCNN(proposals="single", hidden=128)
    FastRCNN(hidden=128, proposals='single')
    """

    name: ClassVar[str] = "fast-rcnn"
    resumable: ClassVar[bool] = True
    times_the_run: ClassVar[bool] = True
    warm_ups: ClassVar[tuple[str, ...]] = (
        *SEARCH,
        *nn_kernels.ROI_ALIGN,
        *nn_kernels.DENSE,
        *box_kernels.MATCHING,
        *box_kernels.OVERLAPS,
        *nn_kernels.ADAMW,
        *nn_kernels.AVERAGING,
        *box_kernels.SUPPRESSION,
    )

    max_proposals: int = 1500
    hidden: int = 256
    dropout: float | None = None
    epochs: float | None = None
    minutes: float | None = None
    max_images: int | None = None
    learning_rate: float = 0.002
    weight_decay: float = 0.02
    images_per_step: int = 2
    regions_per_image: int = 64
    foreground_fraction: float = 0.25
    background_floor: float = 0.1
    box_loss: str = "smooth-l1"
    box_weight: float = 1.0
    refinements: int = 1
    vote_threshold: float = 0.7

    network_: BoxHead = field(init=False)
    mean_: NDArray[np.float32] = field(init=False)
    scale_: NDArray[np.float32] = field(init=False)
    history_: nn.History = field(init=False)
    dropout_: float = field(init=False)
    resolved_: dict[str, float] = field(init=False)

    @property
    def run_minutes(self) -> float | None:
        """The minutes that training, evaluation and report may take; None where none are given."""
        return None if self.minutes is None or self.epochs is not None else float(self.minutes)

    # -- training -----------------------------------------------------------------------------------

    def fit(
        self,
        dataset: Dataset,
        *,
        validation: Dataset | None = None,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
        spent: float = 0.0,
        images_after: int = 0,
        initial: Self | None = None,
    ) -> Self:
        """Train on labelled images, as :meth:`foveal.models.FasterRCNN.fit`.

        ``validation`` chooses ``threshold_`` alone, instead of some of the training images. Of ``initial``
        the head's weights and the channels' standardisation are taken; a region proposal network that it
        trained is trained further.
        """
        began = clock() - spent
        check_parameters(self)
        check_box_loss(self.box_loss)
        features = regions_on_maps(EfficientNetLite0() if self.features is None else self.features)
        if features is None:
            raise SettingError(f"Fast R-CNN reads regions off a backbone's maps; {self.features} has none.")
        # Without an object this is refused, before anything is looked at.
        dataset.count_objects()
        proposer = None
        if initial is not None:
            initial, dataset, validation = self._going_on(initial, dataset, validation, ("hidden",))
            check_same_features(initial.features_, features)
            proposer = initial.proposer_
        self._forget()
        self.proposer_ = trained_proposer(
            self.proposals, dataset, self.random_state, callbacks, initial=proposer
        )
        self.features_: RegionsOnMaps = features
        self.classes_ = dataset.classes
        self.resolved_ = {}
        budget, max_images = None, self.max_images
        if checkpoint is not None and checkpoint.exists():
            # What was chosen once is gone on with.
            max_images = max(1, checkpoint.of_batches("examples"))
            if self.run_minutes is not None:
                per_epoch = ceil(max_images / max(1, checkpoint.of_batches("batch_size")))
                epochs = (checkpoint.total() or 0) / per_epoch
                self.resolved_ = {"epochs": epochs, "max_images": max_images}
        elif self.run_minutes is not None:
            budget = HeadBudget(self.run_minutes, began, images_after)
            max_images = budget.most_images(dataset, self._look_at) if max_images is None else max_images
        dataset = self._part_of(dataset, max_images, callbacks)
        n_objects = dataset.count_objects()
        usual = _DROPOUT if n_objects < _FEW_OBJECTS else 0.0
        self.dropout_ = usual if self.dropout is None else float(self.dropout)
        self.flip_ = self._flips(dataset, callbacks)
        maps = FrozenMaps(dataset.samples, features, mirror=self.flip_)
        # Images go to threads of their own, and one thread a product adds up in the same order.
        with parallel.blas_threads(1):
            regions = [image.sound() for image in self._look(dataset, maps, callbacks)]
            head = None
            if initial is None:
                self.mean_, self.scale_ = channel_scaling(maps)
            else:
                self.mean_, self.scale_, head = initial.mean_, initial.scale_, initial.network_
            with stage(callbacks, "training the head"):
                everything = np.arange(len(dataset))
                self.network_, self.history_ = self._train(
                    maps, regions, everything, 1.0, callbacks, checkpoint, budget, initial=head
                )
            with stage(callbacks, "choosing the threshold"):
                self.threshold_ = self._choose_threshold(dataset, validation, maps, regions, head)
        self.n_images_ = len(dataset)
        return self

    def _look_at(self, image: NDArray[np.uint8]) -> None:
        """All that is done to an image before a head can learn from it."""
        self.proposer_.propose(image)
        image_maps(self.features_, image, mirror=True)

    def _part_of(self, dataset: Dataset, most: int | None, callbacks: Callbacks) -> Dataset:
        """At most so many images, drawn at random; those with objects come first."""
        if most is None or most >= len(dataset):
            return dataset
        order = np.random.default_rng([self.random_state, 2]).permutation(len(dataset))
        empty = np.array([not dataset[i].trainable.any() for i in order])
        chosen = np.sort(order[np.argsort(empty, kind="stable")][:most])
        why = ", for want of time" if self.max_images is None else ""
        text = f"{most} of {len(dataset)} training images, drawn at random, are learned from{why}."
        emit(callbacks, "note", text=text)
        return dataset.select(chosen.tolist())

    def _look(self, dataset: Dataset, maps: FrozenMaps, callbacks: Callbacks) -> list[ImageRegions]:
        """The proposals of all images, and their maps into ``maps``."""
        with ThreadPoolExecutor(1, thread_name_prefix="foveal-maps") as pool:
            working = pool.submit(maps.work)
            try:
                regions = regions_of(
                    dataset, self.proposer_, max_proposals=self.max_proposals, callbacks=callbacks
                )
                maps.complete(callbacks)
            finally:
                maps.stop()
            working.result()
        return regions

    def _train(
        self,
        maps: FrozenMaps,
        regions: list[ImageRegions],
        chosen: NDArray[np.int64],
        share: float,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
        budget: HeadBudget | None = None,
        *,
        initial: BoxHead | None = None,
    ) -> tuple[BoxHead, nn.History]:
        """A head that was trained on the chosen images, for a share of the training's time."""
        seed = int(np.random.default_rng(self.random_state).integers(2**31))
        network = self._make_head(seed)
        if initial is not None:
            network.begin_from(initial)
        sampler = RoISampler(
            self.regions_per_image,
            self.foreground_fraction,
            background_floor=self.background_floor,
            jittered=_JITTERED,
            balanced=True,
        )
        batches = nn.ArrayBatches(
            chosen,
            chosen,
            self.images_per_step,
            random_state=seed,
            transform=RoIBatches(maps, regions, sampler, self._seen),
        )
        optimizer = nn.AdamW(
            nn.decayed_groups(network), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        if budget is not None:
            loss = _HeadLoss(self.box_loss, self.box_weight, (), step=0)
            loop = TrainingLoop(
                network,
                loss,
                optimizer,
                batches,
                measure=None,
                stopping=None,
                decay=_EMA_DECAY,
                clip_norm=_CLIP_NORM,
                seed=seed,
                callbacks=(),
            )
            most = round(self._epochs(len(regions)) * len(batches))
            steps = budget.steps(loop, most, 1 / (1 + _HELD_STEPS), callbacks)
            self.resolved_ = {"epochs": steps / len(batches), "max_images": len(regions)}
        step = (checkpoint.step() or 0) if checkpoint is not None else 0
        history = nn.fit(
            network,
            _HeadLoss(self.box_loss, self.box_weight, callbacks, step=step),
            optimizer,
            batches,
            epochs=share * self._epochs(len(regions)),
            schedule="cosine",
            ema_decay=_EMA_DECAY,
            clip_norm=_CLIP_NORM,
            callbacks=callbacks,
            checkpoint=checkpoint,
            random_state=seed,
        )
        return network, history

    def _epochs(self, n_images: int) -> float:
        """Passes over the images: as the minutes came to, as was given, or else by the steps."""
        given = self.resolved_.get("epochs", self.epochs)
        return given or max(_LEAST_EPOCHS, _STEPS / ceil(n_images / self.images_per_step))

    def _make_head(self, seed: int) -> BoxHead:
        return BoxHead(
            self.features_.n_features,
            len(self.classes_),
            hidden=self.hidden,
            dropout=self.dropout_,
            random_state=seed,
        )

    def _choose_threshold(
        self,
        dataset: Dataset,
        validation: Dataset | None,
        maps: FrozenMaps,
        regions: list[ImageRegions],
        initial: BoxHead | None,
    ) -> float:
        if validation is not None and len(validation):
            return choose_threshold(self._predict([sample.path for sample in validation]), validation)
        number = min(_HELD_OUT, int(_HELD_SHARE * len(dataset)))
        order = np.random.default_rng([self.random_state, 1]).permutation(len(dataset))
        held, rest = np.sort(order[:number]).tolist(), np.sort(order[number:])
        if not number or not any(len(regions[i].objects) for i in rest):
            return 0.5
        network, _ = self._train(maps, regions, rest, _HELD_STEPS, initial=initial)

        def found(index: int) -> Detections:
            view = maps.view(index)
            detected, _ = self._pass(network, view, view.to_working(regions[index].boxes))
            return self._in_image(view, detected)

        return choose_threshold(parallel.map(found, held), dataset.select(held))

    # -- prediction ---------------------------------------------------------------------------------

    @property
    def box_head(self) -> BoxHead:
        """What tells what is in a region."""
        return self.network_

    @property
    def _seen(self) -> SeenRegions:
        """How regions are read off maps."""
        features = self.features_
        pooling = RoIPooling(tuple(features.strides[level] for level in features.levels), features.grid)
        return SeenRegions(pooling, self.mean_, self.scale_)

    @property
    def _postprocessor(self) -> Postprocessor:
        return Postprocessor(
            min_score=self.score_threshold,
            nms_threshold=self.nms_threshold,
            max_detections=self.max_detections,
            refinements=self.refinements,
            vote_threshold=self.vote_threshold,
            min_side=1.0,
        )

    def _pass(
        self, network: BoxHead, maps: ImageMaps, rois: NDArray[np.float32]
    ) -> tuple[DetectedRegions, NDArray[np.float32]]:
        """What became of regions, in pixels of the working image, and what the head saw of them."""
        seen = self._seen

        def head(boxes: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
            return network.forward(seen(maps, boxes))  # type: ignore[no-any-return]

        with in_use(network.modules()), nn.no_grad():
            pooled = seen(maps, rois)
            logits, deltas = network.forward(pooled)
            return self._postprocessor(logits, deltas, rois, maps.shape, head=head), pooled

    def _in_image(self, maps: ImageMaps, detected: DetectedRegions) -> Detections:
        return Detections(maps.to_image(detected.boxes), detected.scores, detected.labels, self.classes_)

    def to_onnx(self) -> Any:
        """All that is behind the proposals as an ``onnx.ModelProto``, whose second input they are.

        See :func:`foveal.models.detection.onnx.fast_rcnn_graph.to_fast_rcnn_onnx`; :func:`foveal.runs.export`
        writes it to a file that has been checked. With ``proposals`` of :meth:`propose` it gives what
        :meth:`predict` does.
        """
        self._check_fitted()
        return to_fast_rcnn_onnx(
            self.network_,
            self._seen,
            self.features_,
            self._postprocessor,
            self.classes_,
            max_proposals=self.max_proposals,
            proposals=self.proposer_.get_config(),
            threshold=self.threshold_,
        )

    def _detect(self, image: NDArray[np.uint8], proposals: Proposals) -> Detections:
        (maps,) = image_maps(self.features_, image)
        detected, _ = self._pass(self.network_, maps, maps.to_working(proposals.boxes))
        return self._in_image(maps, detected)

    def _follow(self, image: NDArray[np.uint8], proposals: Proposals) -> DetectionTrace:
        (maps,) = image_maps(self.features_, image)
        rois = maps.to_working(proposals.boxes)
        detected, pooled = self._pass(self.network_, maps, rois)
        pooling = self._seen.pooling
        looked_at = roi_stage(detected, pooled, pooling, maps.shape, self.classes_, self.nms_threshold)
        return DetectionTrace(
            image=np.asarray(resize(image, maps.shape), np.uint8),
            scale=(float(maps.scale[0]), float(maps.scale[1])),
            strides=pooling.strides,
            activity=tuple(np.abs(level[0]).mean(axis=2) for level in maps.levels),
            candidates=rois,
            candidate_scores=np.asarray(proposals.scores, np.float32),
            kept=np.arange(len(rois)),
            **looked_at,
        )

    # -- the model file -----------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it has learned, its method of proposing too."""
        arrays = {**super().arrays(), "mean": self.mean_, "scale": self.scale_}
        return arrays | {f"network.{name}": value for name, value in self.network_.state_dict().items()}

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON values."""
        config = super().get_config()
        settled: dict[str, Any] = {"dropout": self.dropout_}
        if self.resolved_:
            settled |= {"minutes": None, **self.resolved_}
        return {**config, "settings": {**config["settings"], **settled}}

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Self:
        model = super()._restore(arrays, metadata)
        features = regions_on_maps(model.features_)
        assert features is not None
        model.features_ = features
        model.resolved_ = {}
        model.dropout_ = float(metadata["settings"]["dropout"])
        model.mean_, model.scale_ = arrays["mean"], arrays["scale"]
        with nn.unfilled():
            model.network_ = model._make_head(0)
        model.network_.load_state_dict(below(arrays, "network."))
        model.network_.eval()
        return model


class _HeadLoss(nn.JointLoss):
    """The loss of a head that is trained by itself, on regions that were drawn for it."""

    def __init__(self, box_loss: str, box_weight: float, callbacks: Callbacks, *, step: int) -> None:
        super().__init__(("head_class", "head_box"), callbacks, step=step)
        self.box_loss, self.box_weight = box_loss, box_weight

    def __call__(self, output: Any, target: Any = None) -> tuple[float, Any]:
        """The sum of both parts, and its gradient by logits and deltas."""
        targets: RoITargets = target
        logits, deltas = output
        values, grads = roi_loss(logits, deltas, targets, box_loss=self.box_loss, box_weight=self.box_weight)
        self.tell(values)
        return sum(values), grads
