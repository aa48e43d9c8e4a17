"""The Python of the README and of ``docs/`` compiles, and what it takes from Foveal is there.

Blocks of ``convolution.md`` are run as a whole by its own test, those of the README with ``>>>`` by doctest.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

if not (ROOT / "docs").is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)


def snippets(page: Path) -> Iterator[str]:
    """The blocks that are marked as Python; of a session what was typed."""
    for code in re.findall(r"(?ms)^```(?:python|pycon|py)\n(.*?)^```", page.read_text(encoding="utf-8")):
        if ">>>" in code:
            code = "\n".join(re.findall(r"(?m)^(?:>>>|\.\.\.) ?(.*)$", code))
        yield code


class Imported(ast.NodeVisitor):
    """What the names of a snippet stand for, as far as imports say; calls are held against signatures."""

    def __init__(self) -> None:
        self.known: dict[str, object] = {}
        self.wrong: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if find_spec(alias.name.partition(".")[0]) is None:
                self.wrong.append(alias.name)
            elif alias.name.startswith("foveal"):
                module = import_module(alias.name)
                name = alias.asname or alias.name.partition(".")[0]
                self.known[name] = module if alias.asname else import_module(name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = import_module(node.module)
        for alias in node.names:
            if hasattr(module, alias.name):
                self.known[alias.asname or alias.name] = getattr(module, alias.name)
            elif not hasattr(module, "__path__") or find_spec(f"{node.module}.{alias.name}") is None:
                self.wrong.append(f"{node.module}.{alias.name}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        owner = self.meant(node.value)
        if inspect.ismodule(owner) and not hasattr(owner, node.attr):
            self.wrong.append(ast.unparse(node))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        called = self.meant(node.func)
        starred = any(isinstance(a, ast.Starred) for a in node.args) or any(
            k.arg is None for k in node.keywords
        )
        if called is None or starred or not getattr(called, "__module__", "").startswith("foveal"):
            return
        try:
            inspect.signature(called).bind(*node.args, **{k.arg: k.value for k in node.keywords})
        except TypeError as error:
            self.wrong.append(f"{ast.unparse(node)}: {error}")

    def meant(self, node: ast.expr) -> object:
        """What a name or a chain of attributes stands for; None where that is not known."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id)
        if isinstance(node, ast.Attribute) and inspect.ismodule(owner := self.meant(node.value)):
            return getattr(owner, node.attr, None)
        return None


def wrong_names(code: str) -> list[str]:
    imported = Imported()
    imported.visit(ast.parse(code))
    return imported.wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_compile_and_what_they_import_is_there(page):
    for code in snippets(page):
        assert not wrong_names(code)


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("[!.]*.py")), ids=lambda path: path.name)
def test_what_examples_take_is_there(path):
    """The gallery runs them; this takes no time."""
    assert not wrong_names(path.read_text(encoding="utf-8"))


def test_snippets_are_seen():
    assert sum(len(list(snippets(page))) for page in PAGES) > 10


@pytest.mark.parametrize(
    "code",
    [
        "from foveal.boxes import union",
        "import foveal\nfoveal.runs.learn('photos')",
        "import foveal\nfoveal.runs.train('photos', folder='runs/first')",
        "from foveal import boxes as b\nb.iou([])",
    ],
)
def test_a_wrong_snippet_would_be_seen(code):
    assert wrong_names(code)
