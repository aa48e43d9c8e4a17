"""What fits into somebody's minutes where a head learns on frozen maps: how many images, how many steps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.compiling import clock
from foveal.data import Dataset
from foveal.events import Callbacks, emit
from foveal.images import read
from foveal.models.detection.training.planning import enough_minutes
from foveal.nn.speed import measure_speed
from foveal.nn.training_loop import TrainingLoop
from foveal.wording import amount, count, minutes_text

# Left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.06
# Looking at the training images takes at most this share of the time.
_LOOKING = 0.5
# A head that has learned for fewer steps, or from fewer images, is worth nothing: these are taken however
# short the time is.
_FEWEST_STEPS, _FEWEST_IMAGES = 300, 16
# Images that are looked at to see how long one takes; the first one is not counted.
_TIMED = 3
# So much longer than alone takes an image on every core at once.
_BESIDE_OTHERS = 1.2


@dataclass
class HeadBudget:
    """The time of a training by minutes.

    Parameters
    ----------
    minutes : float
        For everything.
    began : float
        On :func:`foveal.compiling.clock`.
    images_after : int
        So many images are to be looked at once more after the training.
    """

    minutes: float
    began: float
    images_after: int
    _an_image: float = 0.0

    @property
    def _left(self) -> float:
        """Seconds until what comes after the training has to begin."""
        whole = 60 * self.minutes * (1 - _MARGIN)
        return self.began + whole - clock() - self.images_after * self._an_image

    def most_images(self, dataset: Dataset, look: Callable[[NDArray[np.uint8]], None]) -> int:
        """How many images of a data set can be looked at, as a few of them tell.

        Parameters
        ----------
        dataset : Dataset
        look : callable
            What is done to each image, (H, W, 3) uint8.

        Returns
        -------
        int
            At most ``len(dataset)``.
        """
        seconds = []
        for sample in dataset.samples[:_TIMED]:
            image = read(sample.path)
            start = clock()
            look(image)
            seconds.append(clock() - start)
        self._an_image = min(seconds[1:] or seconds) * _BESIDE_OTHERS / parallel.cores()
        number = int(_LOOKING * self._left / self._an_image)
        return min(len(dataset), max(_FEWEST_IMAGES, number))

    def steps(self, loop: TrainingLoop, most: int, share: float, callbacks: Callbacks) -> int:
        """How many steps fit, measured and told.

        Parameters
        ----------
        loop : TrainingLoop
            At its beginning.
        most : int
            Never more, unless they are fewer than what is worth it.
        share : float
            The steps' share of the time that is left.
        callbacks : sequence of callables
            Told of the ``schedule``.
        """
        speed = measure_speed(loop, self._left)
        fit = int(self._left * share / speed.step)
        steps = min(most, max(_FEWEST_STEPS, fit))
        per_epoch = len(loop.batches)
        text = (
            f"{minutes_text(self.minutes, 'hold')} {count(steps, 'step')}, "
            f"{amount(steps / per_epoch, 'pass', 'passes')} over the training images, "
            f"at {1000 * speed.step:.0f} ms a step."
        )
        if fit < steps:
            needed = minutes_text(enough_minutes(self.minutes, (steps - fit) * speed.step / share), "hold")
            text += f" That is more than they have room for, but fewer are of no use: {needed} them."
        emit(
            callbacks,
            "schedule",
            minutes=self.minutes,
            epochs=steps / per_epoch,
            steps=steps,
            seconds_per_step=round(speed.step, 4),
            text=text,
        )
        return steps
