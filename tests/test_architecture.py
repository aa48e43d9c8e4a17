"""The page about the architecture and import-linter's contracts tell of the rooms that are there, in one order."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "foveal"
PAGE = ROOT / "docs" / "architecture.md"

if not PAGE.is_file():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}


def told(inside: str = "") -> list[list[str]]:
    """The rooms in the first column of a table, row by row; those inside a room without its name."""
    rows = re.findall(r"(?m)^\| (`[^|]+`) \|", PAGE.read_text(encoding="utf-8"))
    rooms = [
        [name.removesuffix("/").removesuffix(".py") for name in re.findall("`([^`]+)`", row)] for row in rows
    ]
    return [[name.removeprefix(inside) for name in row] for row in rooms if ("/" in row[0]) == bool(inside)]


def built(contract: str) -> list[set[str]]:
    """The layers of a contract, the one that everything may import first."""
    return [set(re.split(r" [|:] ", layer)) for layer in reversed(CONTRACTS[contract]["layers"])]


def test_the_table_of_rooms_is_in_the_order_of_the_contract():
    rows = [set(row) for row in told()]
    order = [row for row in rows if row != {"cli"} and row != {"progress"}]
    assert order == [layer for layer in built("rooms") if not layer & {"cli", "progress"}]
    assert {"cli", "progress"} <= set().union(*rows)


def test_the_table_names_every_room():
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("__")
    }
    assert rooms == {name for row in told() for name in row}


def test_the_table_of_the_rooms_inside_models_is_in_the_order_of_the_contract():
    places = {name: place for place, layer in enumerate(built("models")) for name in layer}
    rows = [[places[name] for name in row] for row in told("models/")]
    assert [place for row in rows for place in row] == sorted(place for row in rows for place in row)
    folders = {
        path.name for path in (PACKAGE / "models").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert folders <= {name for row in told("models/") for name in row}


def test_the_library_page_lists_the_rooms_from_the_bottom_up():
    listed = re.search(r"```\{toctree\}(.*?)```", (ROOT / "docs/api/index.md").read_text("utf-8"), re.DOTALL)[
        1
    ]
    pages = [page for page in listed.split()[2:] if page != "foveal"]
    order = [name for layer in built("rooms") for name in sorted(layer)]
    assert pages == [name for name in order if name in pages]


def test_the_changes_of_this_version_are_told():
    from foveal import __version__

    versions = re.findall(r"(?m)^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert versions[0] == __version__


def test_every_example_is_in_the_gallery():
    listed = re.search(
        r"(?s)^examples = \((.*?)\)", (ROOT / "docs/conf.py").read_text("utf-8"), re.MULTILINE
    )[1]
    there = {path.stem.removeprefix("plot_") for path in (ROOT / "docs" / "examples").glob("plot_*.py")}
    assert set(re.findall(r'"(\w+)"', listed)) == there
