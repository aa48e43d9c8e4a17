"""Training a detection network: how long, on which views, and which of its weights are kept."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from foveal import nn, parallel
from foveal.data import BoxAugmentation, Dataset
from foveal.events import Callbacks, emit
from foveal.features import Backbone
from foveal.models.detection.losses import JointLoss
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.training.planning import Kind, plan
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.models.detection.training.views import Pictures, ViewBatches
from foveal.nn.training_loop import TrainingLoop

# Gradients longer than this are shortened: the first ones, of untrained heads, can be wild.
_CLIP_NORM = 10.0
# The shortest stretch of training between two validations, in steps.
_LEAST_STEPS = 50
# Pictures that the laterals' standardisation is measured on.
_STANDARDIZED_ON = 8
# The share of the steps in which the backbone learns too, where epochs are given and nothing else said.
_TUNED_SHARE = 0.4
# However much time there is, no picture is learnt from more often.
_MOST_EPOCHS = 300
# By so much the average precision of a few dozen pictures wavers from one validation to the next: the highest
# one is luck in part, and the last weights of a schedule are the most settled.
_WAVERING = 0.02
# Streams of random numbers of one seed; the views' own are below these.
_STANDARDIZING = 9


@dataclass(frozen=True)
class TrainingConfig:
    """How a detection network learns: :class:`foveal.models.FasterRCNN`'s parameters of the same names."""

    minutes: float
    epochs: float | None
    batch_size: int
    learning_rate: float
    backbone_lr_factor: float
    weight_decay: float
    finetune_fraction: float | None
    passes_per_view: int
    ema_decay: float
    scale: tuple[float, float]
    jitter: float


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A training that came to its end.

    Attributes
    ----------
    history : foveal.nn.History
    steps, tunes_from : int
    epochs : float
        Passes over the training pictures.
    """

    history: nn.History
    steps: int
    tunes_from: int
    epochs: float

    @property
    def finetune_fraction(self) -> float:
        """The share of the steps in which the backbone learnt too."""
        return (self.steps - self.tunes_from) / self.steps


def learn(
    network: RegionProposalNetwork,
    backbone: Backbone,
    dataset: Dataset,
    judge: DetectionEvaluator | None,
    how: TrainingConfig,
    *,
    seed: int,
    callbacks: Callbacks,
    checkpoint: nn.Checkpoint | None,
    spent: float,
    after: Callable[[float], float],
) -> TrainingResult:
    """Train a network; it is left with the last averaged weights that the judge found as good as any.

    Parameters
    ----------
    network : RegionProposalNetwork
    backbone : Backbone
    dataset : Dataset
    judge : DetectionEvaluator, optional
        Measures the network after each round: weights that are worse than earlier ones are not kept.
    how : TrainingConfig
    seed : int
    callbacks : sequence of callables
    checkpoint : Checkpoint, optional
        Where it exists already, the training goes on from it.
    spent : float
        Seconds of ``how.minutes`` that are gone.
    after : callable
        Seconds that are needed after the training, from those that a validation takes.

    Returns
    -------
    TrainingResult
    """
    began = time.perf_counter()
    settings = network.settings
    pictures = Pictures(dataset.samples, settings.size)
    loss = JointLoss(network.losses, callbacks)

    def batches(
        tunes_from: int,
        augmentation: BoxAugmentation | None = None,
        *,
        pictures: Pictures = pictures,
        passes_per_view: int = how.passes_per_view,
    ) -> ViewBatches:
        return ViewBatches(
            pictures,
            backbone,
            settings.levels,
            settings.size,
            BoxAugmentation(scale=how.scale, jitter=how.jitter) if augmentation is None else augmentation,
            how.batch_size,
            least_steps=_LEAST_STEPS,
            tunes_from=tunes_from,
            n_tuned=len(network.stages),
            passes_per_view=passes_per_view,
            seed=seed,
        )

    never = 1 << 60
    _standardize(network, batches(never, BoxAugmentation.none()), seed)
    optimizer = make_optimizer(network, how)
    per_pass = batches(never).per_pass
    if checkpoint is not None and (known := checkpoint.total()) is not None:
        # What was chosen once is gone on with.
        steps, tunes_from = known, int(checkpoint.settings()["batches"]["tunes from"])
    elif how.epochs is not None:
        steps = max(1, round(how.epochs * per_pass))
        share = _TUNED_SHARE if how.finetune_fraction is None else how.finetune_fraction
        tunes_from = steps - round(share * steps)
    else:

        def make_loop(kind: Kind) -> TrainingLoop:
            if kind == "seen":
                # A few pictures, whose views are there again after the first steps.
                few = Pictures(dataset.samples[: 2 * how.batch_size], settings.size)
                data = batches(never, pictures=few, passes_per_view=never)
            else:
                data = batches(0 if kind == "tuned" else never)
            return TrainingLoop(
                network,
                JointLoss(network.losses),
                optimizer,
                data,
                measure=None if judge is None or kind == "seen" else _named(judge),
                stopping=None,
                decay=how.ema_decay,
                clip_norm=_CLIP_NORM,
                seed=seed,
                callbacks=(),
            )

        with _quiet():
            planned = plan(
                how.minutes,
                make_loop,
                finetune_fraction=how.finetune_fraction,
                passes_per_view=how.passes_per_view,
                per_pass=per_pass,
                spent=spent + time.perf_counter() - began,
                after=after,
                most_steps=_MOST_EPOCHS * per_pass,
            )
        steps, tunes_from = planned.steps, planned.tunes_from
        emit(
            callbacks,
            "schedule",
            minutes=how.minutes,
            epochs=steps / per_pass,
            steps=steps,
            finetune_fraction=(steps - tunes_from) / steps,
            seconds_per_step=round(planned.seconds_per_step, 4),
            text=planned.text,
        )
    data = batches(tunes_from)
    stopping = None
    if judge is not None:
        stopping = nn.EarlyStopping(never, metric=f"validation_{judge.decides}", tolerance=_WAVERING)
    loss.begin()
    history = nn.fit(
        network,
        loss,
        optimizer,
        data,
        epochs=steps / len(data),
        schedule="cosine",
        validation=judge,
        # The whole schedule is gone through, and its last weights are kept unless they are worse than others.
        early_stopping=stopping,
        ema_decay=how.ema_decay,
        clip_norm=_CLIP_NORM,
        callbacks=callbacks,
        checkpoint=checkpoint,
        random_state=seed,
    )
    return TrainingResult(history, steps, tunes_from, steps / per_pass)


def make_optimizer(network: RegionProposalNetwork, how: TrainingConfig) -> nn.AdamW:
    """AdamW (Loshchilov & Hutter 2019); the pretrained stage learns at a lower rate and does not decay."""
    own: list[nn.Parameter] = []
    tuned: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        (tuned if name.startswith("stages.") else own).append(parameter)
    groups: list[dict[str, Any]] = [{"params": own}]
    if tuned:
        groups.append(
            {"params": tuned, "lr": how.backbone_lr_factor * how.learning_rate, "weight_decay": 0.0}
        )
    return nn.AdamW(groups, lr=how.learning_rate, weight_decay=how.weight_decay)


def _standardize(network: RegionProposalNetwork, batches: ViewBatches, seed: int) -> None:
    number = batches.n_examples
    some = np.random.default_rng([seed, _STANDARDIZING]).permutation(number)[:_STANDARDIZED_ON]
    views = [batches.views([int(i)], 0, batches.levels)[0] for i in some]
    network.pyramid.standardize(
        [
            np.concatenate([view.maps[name].reshape(-1, view.maps[name].shape[-1]) for view in views])
            for name in batches.levels
        ]
    )


def _named(judge: DetectionEvaluator) -> Callable[[nn.Module], dict[str, float]]:
    """The figures under the names that a training gives them."""
    return lambda network: {f"validation_{name}": value for name, value in judge(network).items()}


def _quiet() -> Any:
    """The conditions of :func:`foveal.nn.fit`, for steps that only measure."""
    from contextlib import ExitStack

    conditions = ExitStack()
    conditions.enter_context(parallel.blas_threads(1))
    conditions.enter_context(parallel.one_opencv_thread())
    return conditions
