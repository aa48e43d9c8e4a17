"""The run that a training goes on from: its model, its settings, and the pictures that it held out."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foveal.data import Dataset, Parts
from foveal.data.class_order import joined_classes, only_classes, with_classes
from foveal.errors import FovealError, ModelFileError, SettingError
from foveal.files import digest_file
from foveal.models.contracts import Model
from foveal.models.loading import MODEL_FILE
from foveal.models.loading import load as load_model
from foveal.runs.folder import flat, run_data
from foveal.runs.settings import available_settings, swept_settings
from foveal.wording import count

# Of an image's SHA-256, what tells it from all others of a data set.
_DIGITS = 16
# The parts of a run, those whose images matter most last.
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Origin:
    """A finished run whose model a training begins with.

    Attributes
    ----------
    path : pathlib.Path
        Its folder.
    config : mapping of str
        What its ``config.toml`` says, with flat ``settings``.
    model : Model
    digest : str
        SHA-256 of the model file.
    """

    path: Path
    config: Mapping[str, Any]
    model: Model
    digest: str

    @classmethod
    def open(cls, run: str | os.PathLike[str], config: Mapping[str, Any], digest: str = "") -> "Origin":
        """A run by its folder, or the model file in it.

        Parameters
        ----------
        run : path-like
        config : mapping of str
            See :attr:`config`.
        digest : str, optional
            What the model file has to be.

        Raises
        ------
        FovealError
            If there is no model, it is another, or its training cannot be gone on with.
        """
        file = Path(run)
        file = file / MODEL_FILE if file.is_dir() else file
        model: Model = load_model(file)
        found = digest_file(file)
        if digest and found != digest:
            raise ModelFileError(f"{file} is another model than the one that was gone on from.")
        if model.not_continuable is not None:
            raise SettingError(
                f"A training cannot go on from {run} ({model.name}): {model.not_continuable}. "
                "Train on the old and the new pictures together."
            )
        return cls(file.parent, config, model, found)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the model, in its order."""
        return tuple(str(name) for name in self.model.classes_)  # type: ignore[attr-defined]

    def as_config(self) -> dict[str, Any]:
        """What a ``config.toml`` says of it."""
        return {
            "run": str(self.path.resolve()),
            "model": self.model.name,
            "digest": self.digest,
            "classes": list(self.classes),
        }

    # -- settings -----------------------------------------------------------------------------------

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The run's own settings, with those that are given in their places.

        Of several values that it compared it has the chosen ones. Minutes that are given take the place of
        epochs. A run of ``auto`` has the settings of the model that
        it chose.

        Raises
        ------
        SettingError
            If several values are given for a setting.
        """
        if swept := swept_settings(dict(given)):
            raise SettingError(
                f"A training that goes on from a run takes one value of {next(iter(swept))}: values are "
                "compared in trainings from nothing."
            )
        own = dict(self.config["settings"]) | flat(self.config.get("chosen", {}))
        known = available_settings(self.model.name)
        if self.config["model"] != self.model.name:
            parameters = self.model.get_params(deep=False)
            run = {key: own[key] for key in ("minutes", "test_size", "val_size") if key in own}
            own = {key: value for key, value in parameters.items() if key in known} | run
            own |= {key: None for key in ("epochs", "fine_tune") if key in own}
        if given.get("minutes") not in (None, "none") and "epochs" in own:
            own["epochs"] = None
        return own | dict(given)

    # -- images -------------------------------------------------------------------------------------

    def with_its_classes(self, dataset: Dataset) -> Dataset:
        """A data set with the classes of the model first, in its order.

        Raises
        ------
        SettingError
            If a class differs from one of the model in capitals alone.
        """
        alike = {name.casefold(): name for name in self.classes}
        for name in dataset.classes:
            known = alike.get(name.casefold(), name)
            if name not in self.classes and known != name:
                raise SettingError(
                    f"{dataset.path} has a class {name!r}, and the model of {self.path} a class {known!r}: "
                    "write them alike, or they would be two."
                )
        return with_classes(dataset, joined_classes(self.classes, dataset.classes))

    def known_images(self) -> dict[str, str]:
        """The part of the run, ``train``, ``validation`` or ``test``, of each image, by its digest.

        Empty where nothing tells: the run was made by an earlier version, and its data is not what it was.
        """
        split: Mapping[str, Any] = self.config.get("split", {})
        digests: Mapping[str, list[str]] = split.get("digests", {})
        if not digests and (data := self._data_as_it_was()) is not None:
            ids = {s.id: content for s, content in zip(data, short_digests(data), strict=True)}
            digests = {part: [ids[i] for i in split.get(part, ()) if i in ids] for part in _PARTS}
        return {digest: part for part in _PARTS for digest in digests.get(part, ())}

    def keep_parts(self, parts: Parts, digests: Mapping[Any, str]) -> Parts:
        """The parts of a data set, where images that the run knew stay in the run's parts.

        So nothing is measured on that was learned from, and what was held out is held out still.

        Parameters
        ----------
        parts : Parts
        digests : mapping
            Of each image, by its id.
        """
        known, moved = self.known_images(), Counter[str]()
        ids: dict[str, set[Any]] = {part: set() for part in _PARTS}
        for part in _PARTS:
            for sample in getattr(parts, part):
                place = known.get(digests[sample.id])
                if place == "validation" and not len(parts.validation):
                    place = "train"
                if place is not None:
                    moved[place] += 1
                ids[place or part].add(sample.id)
        if not moved:
            return parts
        every = parts.train.with_ids(set())
        samples = sorted((s for part in _PARTS for s in getattr(parts, part)), key=lambda s: s.id)
        every = replace(every, samples=tuple(samples))
        said = {"train": "learned from", "validation": "validate", "test": "held out"}
        stay = ", ".join(f"{moved[part]:,} {said[part]}" for part in _PARTS if moved[part])
        origin = f"{count(moved.total(), 'picture')} that {self.path} knew stay in its parts: {stay}."
        train, validation, test = (every.with_ids(ids[part]) for part in _PARTS)
        return Parts(train, validation, test, f"{parts.origin} {origin}")

    def held_out(self, dataset: Dataset) -> tuple[Dataset | None, str]:
        """The images that the run held out, with the classes that it knew, and a sentence that says which.

        They are those of its data, where that is what it was. Else they are found by their digests, in what
        its data is now or in the new data, and have the labels that they have there.

        Parameters
        ----------
        dataset : Dataset
            The new data.
        """
        split: Mapping[str, Any] = self.config.get("split", {})
        number = len(split.get("test", ()))
        if not number:
            return None, f"{self.path} held out no picture: there is no figure of the old data."
        if (data := self._data_as_it_was()) is not None:
            held = data.with_ids(set(split["test"]))
            return only_classes(
                held, self.classes
            ), f"The {count(number, 'picture')} that {self.path} held out."
        wanted = set(split.get("digests", {}).get("test", ()))
        now = self._data()
        gone = "is gone" if now is None else "has changed since"
        path = self.config["data"]["path"]
        found: Dataset | None = None
        for place in (now, dataset):
            if place is None or not wanted:
                continue
            some = [i for i, digest in enumerate(short_digests(place)) if digest in wanted]
            if len(some) > (0 if found is None else len(found)):
                found = place.select(some)
        if found is None:
            return None, (
                f"The data of {self.path}, {path}, {gone}, and the pictures that it held out are not to be "
                "found: there is no figure of the old data."
            )
        held = only_classes(found, self.classes)
        return held, (
            f"The data of {self.path}, {path}, {gone}: of the {count(number, 'picture')} that it held out "
            f"{len(held):,} are found in {found.path}, with the labels that they have there."
        )

    def _data_as_it_was(self) -> Dataset | None:
        data = self._data()
        return data if data is not None and data.digest == self.config["data"].get("digest") else None

    def _data(self) -> Dataset | None:
        """The run's data as it is now; None where it cannot be read any more."""
        try:
            return run_data(self.config)
        except (FovealError, OSError):
            return None


def short_digests(dataset: Dataset) -> list[str]:
    """The beginnings of the SHA-256 of all images of a data set, by which a run knows them again."""
    return [content[:_DIGITS] for content in dataset.contents]
