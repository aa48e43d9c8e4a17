"""Every public name is on one page of ``docs/api``, and every name on a page is there."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import NamedTuple

import pytest

import foveal

PAGES = Path(__file__).parents[1] / "docs" / "api"

if not PAGES.is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)


class Entry(NamedTuple):
    """A name on a page."""

    page: str
    module: str
    name: str

    def found(self) -> object:
        return getattr(import_module(self.module), self.name)


def entries(page: Path) -> Iterator[Entry]:
    """The names of a page: in an autosummary, after ``data::``, or the members of an ``automodule::``."""
    module, listing = "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        directive = re.match(r"\.\. (\w+):: *(\S*)", line)
        if directive:
            kind, argument = directive.groups()
            listing = kind == "autosummary"
            if kind in ("module", "currentmodule", "automodule"):
                module = argument
            elif kind == "data":
                yield Entry(page.name, module, argument)
        elif members := re.match(r" +:members: (.+)", line):
            for name in members[1].split(","):
                yield Entry(page.name, module, name.strip())
        elif listing and re.fullmatch(r" +\w+", line):
            yield Entry(page.name, module, line.strip())
        elif line and not line.startswith(" "):
            listing = False


ENTRIES = [entry for page in sorted(PAGES.glob("*.rst")) for entry in entries(page)]


def rooms() -> list[str]:
    """Packages that say what is public in them, and the modules that one of them names."""
    found = ["foveal"]
    for info in walk_packages(foveal.__path__, "foveal."):
        if any(part.startswith("_") for part in info.name.split(".")) or info.name == "foveal.cli":
            continue
        if info.ispkg and hasattr(import_module(info.name), "__all__"):
            found.append(info.name)
    public = [f"{room}.{name}" for room in found for name in import_module(room).__all__]
    named = [name for name in public if _is_module(name)]
    return sorted({*found, *named})


def _is_module(dotted: str) -> bool:
    room, _, name = dotted.rpartition(".")
    return isinstance(getattr(import_module(room), name), ModuleType)


def public_names(room: str) -> list[str]:
    """What a room says is public, without the rooms among it."""
    names = import_module(room).__all__
    return [name for name in names if name != "__version__" and not _is_module(f"{room}.{name}")]


ROOMS = rooms()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.module}.{entry.name}")
def test_names_on_a_page_are_there(entry):
    assert hasattr(import_module(entry.module), entry.name)


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_on_one_page(room):
    """A room inside a room may export what the outer one exports: it is described once."""
    module = import_module(room)
    times = {}
    for name in public_names(room):
        thing = getattr(module, name)
        same = [e for e in ENTRIES if e.name == name and _related(e.module, room) and e.found() is thing]
        times[name] = len(same)
    assert not [name for name, n in times.items() if n == 0], "on no page of docs/api"
    assert not [name for name, n in times.items() if n > 1], "described more than once"


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def test_nothing_is_twice_on_a_page():
    repeated = [entry for entry, times in Counter(ENTRIES).items() if times > 1]
    assert not repeated


@pytest.mark.parametrize("room", [name for name in foveal.__all__ if _is_module(f"foveal.{name}")])
def test_rooms_have_a_section(room):
    directive = re.compile(rf"^\.\. (auto)?module:: foveal\.{room}$", re.MULTILINE)
    assert [page for page in PAGES.glob("*.rst") if directive.search(page.read_text(encoding="utf-8"))]


def test_a_missing_name_would_be_seen(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text(
        ".. module:: foveal.boxes\n\n.. autosummary::\n   :toctree: generated\n\n   iou\n   union\n\n"
        ".. data:: BACKGROUND\n\n   -1.\n",
        encoding="utf-8",
    )
    names = {entry.name: entry for entry in entries(page)}
    assert list(names) == ["iou", "union", "BACKGROUND"]
    with pytest.raises(AttributeError):
        names["union"].found()
