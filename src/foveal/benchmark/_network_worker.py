"""One network in a process of its own, Foveal's or PyTorch's; asked through a pipe what to time.

This file is run by its path, like ``_worker.py``, whose messages it speaks. For PyTorch it imports NumPy and
PyTorch and nothing of Foveal. Weights and examples lie in the file that the task names, the same for both.

Requests name a ``kind`` ("training" or "inference"), a ``way`` (how the library goes about it) and a
``batch``: ``time`` runs it again and again, ``values`` tells the losses or outputs of an untouched network,
``memory`` what training steps need, ``first`` how long the very first took.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Call(NamedTuple):
    """What is timed, and what the library chose by itself for it."""

    run: Callable[[], Any]
    choice: Callable[[], str]


def foveal_call(task: dict[str, Any], given: Any, threads: int) -> Callable[[str, str, int], Call]:
    from foveal import nn

    def make(kind: str, way: str, batch: int) -> Call:
        layers = [getattr(nn, name)(*positions, **names) for name, positions, names in task["layers"]]
        network = nn.Sequential(*layers)
        network.load_state_dict({name: given[f"weights/{name}"] for name in task["weights"]})
        x, y = given["x"][:batch].copy(), given["y"][:batch].copy()
        if kind == "training":
            loss = nn.CrossEntropyLoss()
            optimizer = nn.SGD(network.parameters(), lr=task["lr"], momentum=task["momentum"])
            return Call(lambda: nn.train_step(network, loss, optimizer, x, y), lambda: "engine")
        network.eval()
        inference = nn.Inference(
            network, x.shape[1:], runtime="auto" if way == "fastest" else "engine", watch=False
        )

        def choice() -> str:
            return next(iter(inference.choices.values()), "engine")

        return Call(lambda: inference.predict(x), choice)

    return make


def torch_call(task: dict[str, Any], given: Any, threads: int) -> Callable[[str, str, int], Call]:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(threads)

    def make(kind: str, way: str, batch: int) -> Call:
        layers = [getattr(torch.nn, name)(*positions, **names) for name, positions, names in task["layers"]]
        network = torch.nn.Sequential(*layers)
        weights = {name: torch.from_numpy(given[f"weights/{name}"].copy()) for name in task["weights"]}
        network.load_state_dict(weights)
        examples, y = given["x"][:batch], torch.from_numpy(given["y"][:batch].copy())
        images = examples.ndim == 4
        x = torch.from_numpy((examples.transpose(0, 3, 1, 2) if images else examples).copy(order="C"))
        if way == "channels_last":
            network = network.to(memory_format=torch.channels_last)
            x = x.to(memory_format=torch.channels_last)
        if kind == "training":
            loss_of = torch.nn.CrossEntropyLoss()
            optimizer = torch.optim.SGD(network.parameters(), lr=task["lr"], momentum=task["momentum"])

            def step() -> Any:
                optimizer.zero_grad()
                loss = loss_of(network(x), y)
                loss.backward()
                optimizer.step()
                return loss.item()

            return Call(step, lambda: way)
        network.eval()

        def predict() -> Any:
            with torch.inference_mode():
                return network(x)

        return Call(predict, lambda: way)

    return make


class Network:
    """What the process holds: the calls that were asked for, made and warmed up once."""

    def __init__(self, task: dict[str, Any], threads: int) -> None:
        import numpy as np

        with np.load(task["file"]) as file:
            given = {name: file[name] for name in file.files}
        library = foveal_call if task["library"] == "foveal" else torch_call
        self.make = library(task, given, threads)
        self.calls: dict[tuple[str, str, int], Call] = {}

    def answer(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Whatever a request asks for."""
        asked = {name: value for name, value in header.items() if name not in ("do", "bytes")}
        answer = getattr(self, header["do"])(**asked)
        return answer if isinstance(answer, tuple) else (answer, b"")

    def time(self, kind: str, way: str, batch: int, calls: int, seconds: float) -> dict[str, Any]:
        """So many calls, or two and what fits into ``seconds``; one more before is not counted."""
        key = (kind, way, batch)
        if key not in self.calls:
            self.calls[key] = self.make(*key)
            for _ in range(3):
                self.calls[key].run()
        call, found = self.calls[key], list[float]()
        call.run()
        while len(found) < calls and (len(found) < 2 or sum(found) < seconds):
            start = time.perf_counter()
            call.run()
            found.append(time.perf_counter() - start)
        return {"times": found, "choice": call.choice()}

    def values(self, kind: str, way: str, batch: int, steps: int) -> tuple[dict[str, Any], bytes]:
        """Losses of the first steps, or the output."""
        import numpy as np

        run = self.make(kind, way, batch).run
        result = [run() for _ in range(steps)] if kind == "training" else run()
        array = np.ascontiguousarray(np.asarray(result), "<f4")
        return {"shape": array.shape, "dtype": array.dtype.str}, array.tobytes()

    def first(self, kind: str, way: str, batch: int) -> dict[str, Any]:
        """Seconds of the very first call, and of one that follows."""
        run, found = self.make(kind, way, batch).run, []
        for _ in range(4):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
        return {"first": found[0], "later": min(found[1:])}

    def memory(self, kind: str, way: str, batch: int, steps: int) -> dict[str, Any]:
        """The most memory that steps had at a time, above what lay there before, and the whole process's."""
        # What is loaded or compiled at first use is there before the steps are; kept, so that its own
        # memory is not used again by what is measured.
        self.calls[kind, way, 1] = self.make(kind, way, 1)
        self.calls[kind, way, 1].run()
        run = self.make(kind, way, batch).run
        forget_peak()
        status = sys.modules["_worker"].status
        before = status("VmRSS")
        for _ in range(steps):
            run()
        peak = status("VmHWM")
        return {"process": peak, "step": None if peak is None or before is None else peak - before}


def forget_peak() -> None:
    """Let Linux measure the most memory from here on."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:  # then it counts from the process's beginning
        return


def detect() -> dict[str, Any]:
    """The versions of NumPy and PyTorch, where they can be imported."""
    found = {}
    for package in ("numpy", "torch"):
        try:
            found[package] = str(importlib.import_module(package).__version__)
        except Exception:  # whatever a broken installation raises
            continue
    return {"packages": found}


if __name__ == "__main__":
    worker: Any = importlib.import_module("_worker")
    # This folder must not be searched for modules afterwards: it belongs to another package than the peer.
    sys.path.pop(0)
    worker.main(sys.argv[1:], detect, lambda task: Network(task["options"], task["threads"]).answer)
