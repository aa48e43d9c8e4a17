"""Trainings that can be killed."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError, SettingError
from foveal.files import read_container, write_container
from foveal.nn.descriptions import differences

_KIND = "checkpoint of a training"
_VERSION = 1
# More steps than any training has.
_MOST_STEPS = 10**9

Arrays = dict[str, NDArray[Any]]


@dataclass
class TrainingState:
    """All that a training needs to go on from a step, in arrays and a JSON value.

    Attributes
    ----------
    groups : dict of str to dict of str to ndarray
        ``network``, ``optimizer`` and, where there are any, ``average`` and ``best``.
    facts : dict
        A JSON value: the step, the curves so far and the like.
    """

    groups: dict[str, Arrays]
    facts: dict[str, Any] = field(default_factory=dict)


class Checkpoint:
    """A file from which :func:`foveal.nn.fit` goes on after the process was killed.

    It is one safetensors container, written whole or not at all, and holds the weights, what the optimiser
    remembers, averaged and best weights, the curves and the schedule. A training that goes on from it ends
    with the same weights as one that was never broken off, byte for byte. Weights that are infinite or no
    numbers are never written.

    Parameters
    ----------
    path : path-like
        Such as ``checkpoint.safetensors`` in a run folder.
    every_seconds : float, default=30.0
        Write at the first step after so many seconds since the last time.
    every_steps : int, optional
        Write after every so many steps instead.

    Raises
    ------
    SettingError
        If the interval is not above 0.

    Notes
    -----
    The file stays when the training has come to its end, and a second call of ``fit`` with it returns at
    once: whoever has saved the network calls :meth:`remove`.
    """

    def __init__(
        self, path: str | os.PathLike[str], every_seconds: float = 30.0, every_steps: int | None = None
    ) -> None:
        if not every_seconds > 0 or (every_steps is not None and every_steps < 1):
            raise SettingError("A checkpoint is written every so many seconds, above 0, or steps, from 1.")
        self.path = Path(path)
        self.every_seconds, self.every_steps = every_seconds, every_steps
        self._last = time.monotonic()

    def exists(self) -> bool:
        """Whether there is a file to go on from."""
        return self.path.is_file()

    def step(self) -> int | None:
        """The steps that were taken when the file was written; None where there is none.

        Raises
        ------
        ModelFileError
            If the file is no checkpoint, or damaged.
        """
        return int(self._read()[1]["facts"]["step"]) if self.exists() else None

    def total(self) -> int | None:
        """The steps that the training was to take in all; None and an error as of :meth:`step`."""
        return int(self._read()[1]["facts"]["steps"]) if self.exists() else None

    def of_batches(self, name: str) -> int:
        """A number that the file tells of the batches that it was trained on.

        Raises
        ------
        ModelFileError
            If the file is no checkpoint, or does not tell it.
        """
        value = (self._read()[1]["settings"].get("batches") or {}).get(name)
        if not isinstance(value, int) or not 0 <= value < _MOST_STEPS:
            raise ModelFileError(f"{self.path} is no checkpoint of this training: delete it to start anew.")
        return value

    def remove(self) -> None:
        """Delete the file, if it is there."""
        self.path.unlink(missing_ok=True)

    def is_due(self, step: int) -> bool:
        """Whether to write after a step, counted from 1."""
        if self.every_steps is not None:
            return step % self.every_steps == 0
        return time.monotonic() - self._last >= self.every_seconds

    def begin(self) -> None:
        """Count the seconds from now."""
        self._last = time.monotonic()

    def write(self, state: TrainingState, settings: Mapping[str, Any]) -> bool:
        """Write the state of a training.

        Parameters
        ----------
        state : TrainingState
        settings : mapping
            A JSON value that tells this training from others.

        Returns
        -------
        bool
            False where a weight is infinite or no number; the file is left as it was then.
        """
        arrays: Arrays = {}
        for group, members in state.groups.items():
            for name, array in members.items():
                array = np.asarray(array)
                if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
                    return False
                arrays[f"{group}/{name}"] = array
        metadata = {
            "kind": _KIND,
            "version": _VERSION,
            "settings": dict(settings),
            "groups": sorted(state.groups),
            # A container makes one-dimensional arrays of them.
            "scalars": sorted(name for name, array in arrays.items() if array.ndim == 0),
            "facts": state.facts,
        }
        write_container(self.path, arrays, metadata)
        self._last = time.monotonic()
        return True

    def read(self, settings: Mapping[str, Any]) -> TrainingState:
        """Read the state of a training with the same settings.

        Raises
        ------
        ModelFileError
            If the file is no checkpoint.
        SettingError
            If it is of a training with other settings; the sentence names those that differ.
        """
        arrays, metadata = self._read()
        different = differences(metadata["settings"], settings)
        if different:
            raise SettingError(
                f"The checkpoint {self.path} is of a training with other settings: {'; '.join(different)}. "
                "Train with those settings, or delete it to start anew."
            )
        for name in metadata["scalars"]:
            if name not in arrays or arrays[name].size != 1:
                raise ModelFileError(f"{self.path} is no checkpoint: its {name[:200]!r} is not one number.")
            arrays[name] = arrays[name].reshape(())
        groups: dict[str, Arrays] = {group: {} for group in metadata["groups"]}
        for name, array in arrays.items():
            group, _, inner = name.partition("/")
            if group not in groups:
                raise ModelFileError(f"{self.path} is no checkpoint: its {name[:200]!r} is of no group.")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ModelFileError(
                    f"{self.path} is no checkpoint: its {name[:200]!r} has no finite numbers."
                )
            groups[group][inner] = array
        return TrainingState(groups, metadata["facts"])

    def _read(self) -> tuple[Arrays, dict[str, Any]]:
        arrays, metadata = read_container(self.path)
        if metadata.get("kind") != _KIND or metadata.get("version") != _VERSION:
            raise ModelFileError(f"{self.path} is no checkpoint that this version of Foveal can go on from.")
        from foveal.nn.checkpoint_schema import check_checkpoint

        try:
            check_checkpoint(metadata)
        except ModelFileError as error:
            raise ModelFileError(f"{self.path} is no checkpoint: {error} Delete it to start anew.") from error
        return arrays, metadata
