"""Methods measured in turn on the same images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from foveal.benchmark.methods import Method
from foveal.benchmark.photographs import Photograph
from foveal.benchmark.processes import Worker, WorkerError

Answer = tuple[float, NDArray[Any]]


@dataclass(frozen=True)
class Turn:
    """One image, gone through by every method that takes it.

    Attributes
    ----------
    round : int
        Counted from 0.
    image : int
        Index of the photograph.
    answers : dict of Method to (float, ndarray)
        Seconds, and boxes or regions, of the methods that did not fail.
    failures : dict of Method to str
        What the others said.
    """

    round: int
    image: int
    answers: dict[Method, Answer] = field(default_factory=dict)
    failures: dict[Method, str] = field(default_factory=dict)


class Workers:
    """A process for each method, started and warmed up; a context that ends them.

    Parameters
    ----------
    placed : mapping of Method to path-like
        The interpreter of each.
    first : Photograph
        The warm-up: what is compiled or loaded by the first call is not measured.

    Attributes
    ----------
    methods : list of Method
        Those that could be started, in the order given.
    failed : dict of Method to str
        A sentence for each of the others.
    """

    def __init__(self, placed: Mapping[Method, Any], first: Photograph) -> None:
        self._placed = dict(placed)
        self._image = first.read()
        self._running: dict[Method, Worker] = {}
        self.methods: list[Method] = []
        self.failed: dict[Method, str] = {}

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._running.values():
            worker.close()

    def start(self, method: Method) -> None:
        """Start a method's process and warm it up.

        Raises
        ------
        WorkerError
            If the method is ours and does not start; a peer's failure is noted.
        """
        try:
            self._running[method] = self._started(method)
        except WorkerError as error:
            if method.ours:
                raise
            self.failed[method] = str(error)
            return
        self.methods.append(method)

    def measure(self, method: Method, image: NDArray[Any]) -> Answer | str:
        """Run a method on an image; a string says how it failed.

        A peer's process that ended is started anew, for the images that follow.

        Raises
        ------
        WorkerError
            If ours fails: its figures would not be worth anything.
        """
        if method not in self._running:
            return self.failed[method]
        worker = self._running[method]
        try:
            answer = worker.measure(image)
            if not isinstance(answer, str):
                return answer
            if method.ours:
                raise WorkerError(f"{method.name} failed: {answer}.")
            return answer
        except WorkerError as error:
            if method.ours:
                raise
            worker.close()
            del self._running[method]
            try:
                self._running[method] = self._started(method)
            except WorkerError as again:
                self.failed[method] = str(again)
            return str(error)

    def usage(self, method: Method) -> tuple[int | None, float]:
        """Peak memory of a method's process in bytes, None if unknown, and its processor seconds."""
        try:
            return self._running[method].usage() if method in self._running else (None, 0.0)
        except WorkerError:
            return None, 0.0

    def _started(self, method: Method) -> Worker:
        worker = Worker(method.name, self._placed[method], method.task, dict(method.options), method.threads)
        try:
            answer = worker.measure(self._image)
            if isinstance(answer, str):
                raise WorkerError(f"{method.name} fails on the first picture: {answer}.")
        except BaseException:
            worker.close()
            raise
        return worker


def interleave(
    workers: Workers, photographs: Sequence[Photograph], limits: Mapping[Method, int], rounds: int
) -> Iterator[Turn]:
    """Go through the images, each with every method before the next.

    Whatever else the machine does falls on all methods alike, and since the order goes round by one from
    image to image, none always comes after the same other one.

    Parameters
    ----------
    workers : Workers
    photographs : sequence of Photograph
    limits : mapping of Method to int
        How many of the first images a method takes.
    rounds : int
        How often each image is measured.

    Yields
    ------
    Turn
    """
    for number in range(rounds):
        for index, photograph in enumerate(photographs):
            taking = [m for m in workers.methods if index < limits[m]]
            if not taking:
                break
            first = (index + number) % len(taking)
            turn = Turn(number, index)
            image = photograph.read()
            for method in taking[first:] + taking[:first]:
                answer = workers.measure(method, image)
                if isinstance(answer, str):
                    turn.failures[method] = answer
                else:
                    turn.answers[method] = answer
            yield turn
