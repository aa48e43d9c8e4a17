"""Folders whose split only those beside them tell: ``pets_train`` and ``pets_test``."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from foveal.data.dataset import SplitName
from foveal.data.formats.split_lists import normalise, of_folder

# Between the words of a name; one may begin with a capital: PetsTrain, trainA.
_GAPS = re.compile(r"([^A-Za-z0-9]+)|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Named:
    """What a folder's name says beside the word for a split.

    Attributes
    ----------
    split : {"train", "val", "test"}
    rest : str
        The name without the word and the marks around it, as it is written.
    """

    split: SplitName
    rest: str


def of_siblings(names: Iterable[str]) -> dict[str, Named]:
    """The folders beside each other whose names are the same but for a split's word.

    A split's word among others may be chance; where one such name is for training and another, with the
    same rest, is not, it is none.

    Examples
    --------
    >>> {name: told.split for name, told in of_siblings(["pets_train", "pets_test", "pets_raw"]).items()}
    {'pets_train': 'train', 'pets_test': 'test'}
    >>> of_siblings(["freight_train", "night_train"])
    {}
    """
    alike: dict[tuple[str, str], dict[str, Named]] = defaultdict(dict)
    for name in names:
        words = [word for word in _GAPS.split(name) if word]
        told = [(place, split) for place, word in enumerate(words) if (split := normalise(word)) is not None]
        if len(told) == 1 and of_folder(name) is None:
            ((place, split),) = told
            before, behind = "".join(words[:place]), "".join(words[place + 1 :])
            frame = (_GAPS.sub("-", before.lower()), _GAPS.sub("-", behind.lower()))
            alike[frame][name] = Named(split, (before + behind).strip("-_. "))
    found: dict[str, Named] = {}
    for some in alike.values():
        splits = {told.split for told in some.values()}
        if "train" in splits and len(splits) > 1:
            found |= some
    return found


def from_siblings(folders: Iterable[str]) -> dict[str, SplitName]:
    """The folders whose split is told by those beside them alone."""
    beside: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        above, _, name = folder.rpartition("/")
        beside[above].append(name)
    return {
        f"{above}/{name}" if above else name: told.split
        for above, names in beside.items()
        if len(names) > 1
        for name, told in of_siblings(names).items()
    }
