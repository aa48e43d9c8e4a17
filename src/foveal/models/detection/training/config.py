"""How a detection network is trained: its settings, its loss, and the training itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foveal import nn, parallel
from foveal.compiling import clock
from foveal.data import BoxAugmentation, Dataset
from foveal.events import Callbacks, emit
from foveal.features import Backbone
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.training.planning import DetectionPlan, Kind, plan
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detection.training.views import NEVER, TrainingImages, ViewBatches
from foveal.nn.training_loop import TrainingLoop
from foveal.nn.validation import validator

# Gradients longer than this are shortened: the first ones, of untrained heads, can be wild.
_CLIP_NORM = 10.0
# The shortest stretch of training between two validations, in steps.
_LEAST_STEPS = 50
# Images that the laterals' standardisation is measured on.
_STANDARDIZED_ON = 8
# The share of the steps in which the backbone is fine-tuned, where epochs are given and nothing else said.
_FINETUNED = 0.4
# However much time there is, there are no more passes over the images.
_MOST_EPOCHS = 300
# By so much the average precision of a few dozen images wavers from one validation to the next: the highest
# one is luck in part, and the last weights of a schedule are the most settled.
_WAVERING = 0.02
# Streams of random numbers of one seed; the views' own are below these.
_STANDARDIZING = 9


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingConfig:
    """How a detection network is trained; :class:`foveal.models.FasterRCNN` explains these parameters."""

    minutes: float | None = None
    epochs: float | None = None
    batch_size: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    finetune_fraction: float | None = None
    backbone_lr_factor: float = 0.1
    passes_per_view: int = 3
    ema_decay: float = 0.995
    flip: bool | None = None
    scale: tuple[float, float] = (0.6, 1.5)
    jitter: float = 0.3
    random_state: int = 0


def train_network(
    network: RegionProposalNetwork,
    backbone: Backbone,
    dataset: Dataset,
    evaluator: DetectionEvaluator | None,
    config: TrainingConfig,
    *,
    flip: bool,
    minutes: float,
    finetune_fraction: float | None,
    is_trained: bool,
    callbacks: Callbacks,
    checkpoint: nn.Checkpoint | None,
    spent: float,
    after: Callable[[float], float],
) -> DetectionPlan:
    """Train a network; it is left with the last averaged weights that the evaluator found as good as any.

    Parameters
    ----------
    network : RegionProposalNetwork
    backbone : Backbone
    dataset : Dataset
    evaluator : DetectionEvaluator, optional
        Measures the network after each round: weights that are worse than earlier ones are not kept.
    config : TrainingConfig
    flip : bool
        Whether half of the views are mirrored.
    minutes : float
        The time for everything, unless ``config.epochs`` are given.
    finetune_fraction : float, optional
        See :class:`foveal.models.FasterRCNN`.
    is_trained : bool
        Whether the network's weights are those of an earlier training.
    callbacks, checkpoint
        See :meth:`foveal.models.FasterRCNN.fit`.
    spent, after
        See :func:`~foveal.models.detection.training.planning.plan`.

    Returns
    -------
    DetectionPlan
        What was done.
    """
    began = clock()
    batches = ViewBatches(
        images=TrainingImages(dataset.samples, network.settings.size),
        backbone=backbone,
        levels=network.settings.levels,
        size=network.settings.size,
        augmentation=BoxAugmentation(flip=0.5 if flip else 0.0, scale=config.scale, jitter=config.jitter),
        batch_size=config.batch_size,
        n_finetuned=len(network.stages),
        passes_per_view=config.passes_per_view,
        seed=config.random_state,
    )
    if not is_trained:
        _standardize(network, replace(batches, augmentation=BoxAugmentation.none()), config.random_state)
    optimizer = make_optimizer(network, config)
    per_epoch = len(batches)
    validate_every = -(-_LEAST_STEPS // per_epoch)

    def measuring_loop(kind: Kind) -> TrainingLoop:
        """A training loop at its beginning, of one kind of steps, whose speed is measured."""
        views = batches
        if kind == "seen":
            # A few images, whose views are there again after the first steps.
            few = TrainingImages(batches.images.samples[: 2 * config.batch_size], batches.size)
            views = replace(batches, images=few, passes_per_view=NEVER)
        elif kind == "finetuned":
            views = replace(batches, finetunes_from=0)
        loss = nn.JointLoss(network.losses)
        return TrainingLoop(
            network,
            loss,
            optimizer,
            views,
            measure=None if kind == "seen" else validator(evaluator, loss, config.batch_size),
            validate_every=validate_every,
            stopping=None,
            decay=config.ema_decay,
            clip_norm=_CLIP_NORM,
            seed=config.random_state,
            callbacks=(),
        )

    if checkpoint is not None and (known := checkpoint.total()) is not None:
        # What was chosen once is gone on with.
        chosen = DetectionPlan(known, checkpoint.of_batches("finetunes from"), per_epoch)
    elif config.epochs is not None:
        steps = max(1, round(config.epochs * per_epoch))
        share = _FINETUNED if finetune_fraction is None else finetune_fraction
        chosen = DetectionPlan(steps, steps - round(share * steps), per_epoch)
    else:
        with parallel.blas_threads(1), parallel.one_opencv_thread():
            chosen = plan(
                minutes,
                measuring_loop,
                finetune_fraction=finetune_fraction,
                passes_per_view=config.passes_per_view,
                per_epoch=per_epoch,
                spent=spent + clock() - began,
                after=after,
                most_steps=_MOST_EPOCHS * per_epoch,
            )
        emit(
            callbacks,
            "schedule",
            minutes=minutes,
            epochs=chosen.epochs,
            steps=chosen.steps,
            finetune_fraction=chosen.finetune_fraction,
            seconds_per_step=round(chosen.seconds_per_step, 4),
            text=chosen.text,
        )
    stopping = None
    if evaluator is not None:
        # The whole schedule is gone through, and its last weights are kept unless they are worse than others.
        stopping = nn.EarlyStopping(NEVER, metric=f"validation_{evaluator.decides}", tolerance=_WAVERING)
    begun = (checkpoint.step() or 0) if checkpoint is not None else 0
    nn.fit(
        network,
        nn.JointLoss(network.losses, callbacks, step=begun),
        optimizer,
        replace(batches, finetunes_from=chosen.finetunes_from),
        epochs=chosen.epochs,
        schedule="cosine",
        validation=evaluator,
        validate_every=validate_every,
        early_stopping=stopping,
        ema_decay=config.ema_decay,
        clip_norm=_CLIP_NORM,
        callbacks=callbacks,
        checkpoint=checkpoint,
        random_state=config.random_state,
    )
    return chosen


def make_optimizer(network: RegionProposalNetwork, config: TrainingConfig) -> nn.AdamW:
    """AdamW (Loshchilov & Hutter 2019); the pretrained stages have a lower rate and do not decay."""
    own: list[nn.Parameter] = []
    pretrained: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        (pretrained if name.startswith("stages.") else own).append(parameter)
    groups: list[dict[str, Any]] = [{"params": own}]
    if pretrained:
        rate = config.backbone_lr_factor * config.learning_rate
        groups.append({"params": pretrained, "lr": rate, "weight_decay": 0.0})
    return nn.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


def _standardize(network: RegionProposalNetwork, batches: ViewBatches, seed: int) -> None:
    """Let the pyramid see the channels of some training images with mean 0 and variance 1."""
    number = batches.n_examples
    some = np.random.default_rng([seed, _STANDARDIZING]).permutation(number)[:_STANDARDIZED_ON]
    views = [batches.views([int(i)], 0, batches.levels)[0] for i in some]
    network.pyramid.standardize(
        [
            np.concatenate([view.maps[name].reshape(-1, view.maps[name].shape[-1]) for view in views])
            for name in batches.levels
        ]
    )
