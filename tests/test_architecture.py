"""The page about the architecture and the contracts of imports tell of the same rooms, in one order."""

import re
import tomllib
from pathlib import Path

import pytest

from foveal import __version__
from foveal.models.parameter_checks import RENAMED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "foveal"
DOCS = ROOT / "docs"

if not DOCS.is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)

_LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in _LINTER["contracts"]}


def told(inside: str = "") -> list[list[str]]:
    """The rooms in the first column of a table, row by row; those inside a room without its name."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = [re.findall("`([^`]+)`", row) for row in re.findall(r"(?m)^\| (`[^|]+`) \|", text)]
    return [
        [name.removesuffix("/").removesuffix(".py").removeprefix(inside) for name in row]
        for row in rows
        if bool(inside) == ("/" in row[0].rstrip("/"))
    ]


def built(contract: str) -> list[set[str]]:
    """The layers of a contract, the one that everything may import first."""
    return [set(re.split(r" [|:] ", layer)) for layer in reversed(CONTRACTS[contract]["layers"])]


def table_of_contents(page: Path) -> list[str]:
    listed = re.search(r"```\{toctree\}(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    return [name for name in listed.split() if re.fullmatch(r"[a-z]\w*", name)]


def test_the_table_of_rooms_is_in_the_order_of_the_contract():
    assert [set(row) for row in told()] == built("rooms")


def test_the_table_names_every_room():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in _packages(PACKAGE)}
    assert {room for room in rooms if not room.startswith("__")} == {name for row in told() for name in row}


def test_the_table_of_the_rooms_inside_models_is_in_the_order_of_the_contract():
    places = {name: place for place, layer in enumerate(built("models")) for name in layer}
    rows = [[places[name] for name in row] for row in told("models/")]
    assert [place for row in rows for place in row] == sorted(place for row in rows for place in row)
    folders = {path.parent.name for path in _packages(PACKAGE / "models")}
    assert folders <= {name for row in told("models/") for name in row}


def _packages(folder: Path) -> list[Path]:
    return list(folder.glob("*/__init__.py"))


def test_the_library_page_lists_the_rooms_from_the_bottom_up():
    pages = table_of_contents(DOCS / "api" / "index.md")
    order = [name for layer in built("rooms") for name in sorted(layer)]
    assert sorted(pages) == sorted(page.stem for page in (DOCS / "api").glob("*.rst"))
    assert pages == ["foveal", *(name for name in order if name in pages)]


def test_the_changes_of_this_version_are_told():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## \[(.+?)\]", changes)[0] == __version__
    assert not [old for old, new in RENAMED.items() if f"| `{old}` | `{new}` |" not in changes]


def test_every_example_is_in_the_gallery():
    configuration = (DOCS / "conf.py").read_text(encoding="utf-8")
    listed = re.search(r"(?ms)^examples = \((.*?)\)", configuration)[1]
    there = {path.stem.removeprefix("plot_") for path in (DOCS / "examples").glob("plot_*.py")}
    assert set(re.findall(r'"(\w+)"', listed)) == there
