"""What docstrings and pages refer to is there: functions, classes, modules, files and pages.

Sphinx is nitpicky and asks for more, that what is referred to is on a page; but it sees only what is itself
on one. This test looks at every docstring, those of private parts as well.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
DOCS = ROOT / "docs"
ROLES = "func|class|mod|meth|attr|data|exc|obj"
#: Packages that are not dependencies: what is in them cannot be looked up everywhere.
FOREIGN = ("torch", "torchvision", "dask", "supervision")

if not DOCS.is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)


@cache
def resolves(dotted: str) -> bool:
    """Whether a dotted name is a module, or something in one; a field of a dataclass counts."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            fields = {k for c in getattr(found, "__mro__", ()) for k in getattr(c, "__annotations__", {})}
            if name in fields or _is_set_in(found, name):
                return True
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def _is_set_in(thing: object, name: str) -> bool:
    """Whether a method of a class sets an attribute of that name."""
    return any(
        name in function.__code__.co_names
        for parent in getattr(thing, "__mro__", ())
        for function in vars(parent).values()
        if hasattr(function, "__code__")
    )


def docstrings(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Docstrings of a module, each with the scopes in which its names are looked up, the inner one first."""
    package = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    for comment in re.findall(r"(?m)^ *#: ?(.*)$", text):
        yield comment, [package, ""]

    def walk(node: ast.AST, scopes: list[str]) -> Iterator[tuple[str, list[str]]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                inner = [f"{scopes[0]}.{child.name}", *scopes]
                yield ast.get_docstring(child) or "", inner
                yield from walk(child, inner)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(child) or "", scopes
                yield from walk(child, scopes)

    tree = ast.parse(text)
    yield ast.get_docstring(tree) or "", [package, ""]
    yield from walk(tree, [package, ""])


def targets(text: str, role: str) -> list[str]:
    """What a text refers to; ``role`` is a pattern in which ``ROLES`` stands."""
    found = re.findall(role + r"`([^`]+)`", text)
    return [re.sub(r"^.*<(.*)>$", r"\1", target.replace("\n", " ").strip()).lstrip("~.!") for target in found]


def broken(text: str, role: str, scopes: list[str]) -> list[str]:
    return [
        target
        for target in targets(text, role)
        if target.partition(".")[0] not in FOREIGN
        and not any(resolves(f"{scope}.{target}" if scope else target) for scope in scopes)
    ]


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE / "foveal"))
)
def test_docstrings_refer_to_what_is_there(path):
    lost = [name for text, scopes in docstrings(path) for name in broken(text, rf":(?:{ROLES}):", scopes)]
    assert not lost


@pytest.mark.parametrize(
    "path",
    [*sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("api/*.md"))],
    ids=lambda path: str(path.relative_to(DOCS)),
)
def test_pages_refer_to_what_is_there(path):
    assert not broken(path.read_text(encoding="utf-8"), rf"\{{(?:{ROLES})\}}", [""])


@pytest.mark.parametrize("path", sorted(DOCS.glob("examples/*.py")), ids=lambda path: path.name)
def test_examples_refer_to_what_is_there(path):
    assert not broken(path.read_text(encoding="utf-8"), rf":(?:{ROLES}):", [""])


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links
    assert not [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]


@pytest.mark.parametrize("page", ["architecture.md", "conventions.md"])
def test_files_that_a_page_names_are_there(page):
    """``models/loading.py`` and ``report/`` are below ``src/foveal``."""
    named = re.findall(r"`((?:[\w-]+/)*(?:[\w-]+/|[\w-]+\.py))`", (DOCS / page).read_text(encoding="utf-8"))
    places = [SOURCE / "foveal", ROOT]
    assert not [name for name in named if not any((place / name).exists() for place in places)]


def test_a_broken_reference_would_be_seen():
    role = rf":(?:{ROLES}):"
    text = "See :func:`foveal.boxes.iou`, :func:`union`, :class:`~numpy.ndarray` and :meth:`Cache.lose`."
    assert broken(text, role, ["foveal.files", ""]) == ["union", "Cache.lose"]
