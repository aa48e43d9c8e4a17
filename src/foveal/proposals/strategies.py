"""The strategies of selective search, and the paper's settings by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product, starmap

from foveal.errors import SettingError
from foveal.images.color_spaces import COLOR_SPACES

#: Every combination of the four similarities: letters for colour, texture, size and fill.
SIMILARITIES = tuple("".join(letters) for n in range(4, 0, -1) for letters in combinations("CTSF", n))


@dataclass(frozen=True)
class Strategy:
    """One way of grouping: a colour space, a segmentation's ``k`` and a set of similarities.

    Attributes
    ----------
    color_space : str
        See :func:`foveal.images.to_color_space`.
    k : float
        See :func:`foveal.proposals.segment`.
    similarities : str
        Which are added up: letters of ``"CTSF"`` for colour, texture, size and fill.
    """

    color_space: str
    k: float
    similarities: str


@dataclass(frozen=True)
class Mode:
    """Strategies by their parts: every colour space with every ``k`` and every set of similarities."""

    color_spaces: tuple[str, ...]
    k: tuple[float, ...]
    similarities: tuple[str, ...]

    def strategies(self) -> tuple[Strategy, ...]:
        """All combinations, the similarities changing fastest and the colour space slowest."""
        return tuple(starmap(Strategy, product(self.color_spaces, self.k, self.similarities)))


#: The paper's single strategy (section 5.1) and its settings Fast and Quality (table 6).
MODES = {
    "single": Mode(("hsv",), (100.0,), ("CTSF",)),
    "fast": Mode(("hsv", "lab"), (50.0, 100.0), ("CTSF", "TSF")),
    "quality": Mode(
        ("hsv", "lab", "rgi", "hue", "grey"), (50.0, 100.0, 150.0, 300.0), ("CTSF", "TSF", "F", "S")
    ),
}


def mode_with(
    name: str,
    color_spaces: Sequence[str] | None,
    k: Sequence[float] | None,
    similarities: Sequence[str] | None,
) -> Mode:
    """A mode by name, with parts of it replaced.

    Raises
    ------
    SettingError
        If the mode, a colour space or a similarity is unknown, a ``k`` is no number above 0, or a part
        is empty.

    Examples
    --------
    >>> mode_with("single", None, (50, 200), ("SFTC",)).strategies()[1]
    Strategy(color_space='hsv', k=200.0, similarities='CTSF')
    """
    if name not in MODES:
        raise SettingError(f"Selective search has no mode {name!r}; there are {', '.join(map(repr, MODES))}.")
    mode = MODES[name]
    spaces = mode.color_spaces if color_spaces is None else _listed(color_spaces)
    ks = mode.k if k is None else tuple(float(value) for value in (k if isinstance(k, Sequence) else [k]))
    sets = mode.similarities if similarities is None else _listed(similarities)
    for space in spaces:
        if space not in COLOR_SPACES:
            raise SettingError(f"There is no colour space {space!r}; there are {', '.join(COLOR_SPACES)}.")
    for value in ks:
        if not 0 < value < float("inf"):
            raise SettingError(f"k is a number above 0; got {value}.")
    ordered = tuple("".join(letter for letter in "CTSF" if letter in letters.upper()) for letters in sets)
    for letters, sorted_letters in zip(sets, ordered, strict=True):
        if not letters or sorted(letters.upper()) != sorted(sorted_letters):
            raise SettingError(
                f"Similarities are letters of 'CTSF' (colour, texture, size, fill), each once; got "
                f"{letters!r}."
            )
    for what, part in (("colour space", spaces), ("k", ks), ("set of similarities", ordered)):
        if not part:
            raise SettingError(f"Selective search needs at least one {what}.")
        if len(set(part)) < len(part):
            raise SettingError(f"A {what} is named twice: {', '.join(map(str, part))}.")
    return Mode(spaces, ks, ordered)


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    """A tuple of names; a single one, or several with commas between them, may be one text."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return tuple(names)
