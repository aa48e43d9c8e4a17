"""Every ``foveal …`` command in the README, in ``docs/`` and in the source is one that the program takes.

Commands are parsed by the program itself without doing their work; ``--set`` is held against the settings of
the model that the command would train.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import typer

from foveal.cli import app
from foveal.errors import SettingError
from foveal.models import MODELS, model_class
from foveal.models.parameter_checks import RANGES
from foveal.runs.settings import available_settings, make_search, parse_settings, resolve
from foveal.runs.training import DEFAULT_MODELS

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROGRAM = typer.main.get_command(app)
#: What the data sets of the examples hold. ``DATA`` may be either.
TASKS = {
    "photos": "detection",
    "crops": "classification",
    "mugs": "classification",
    "DATA": "detection, classification",
    "DIR": "classification",
    "digits": "classification",
}
#: Options of other programs that the pages name alone.
OF_OTHERS = {"--corpus"}
#: A word in capitals, brackets or an ellipsis: a synopsis, which is no command to be typed in.
PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b|\b[A-Z]\b(?!=)|[…\[\]|]|\.\.\.")

if not (ROOT / "docs").is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)


class Shown(NamedTuple):
    """A text that shows commands: its place, itself, and what is said around it."""

    place: str
    text: str
    around: str


def typed(page: Path) -> Iterator[Shown]:
    """The lines of a page's shell blocks, and those of other blocks that are commands."""
    for kind, block in re.findall(r"(?ms)^```(\S*)\n(.*?)^```", page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if kind in ("sh", "bash", "console") or re.match(r"(\$ )?foveal [a-z-]", line):
                yield Shown(page.name, line.removeprefix("$ "), "")


def spoken(page: Path) -> Iterator[Shown]:
    """What stands in backticks outside of the blocks of a page, with the paragraph around it."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*|] )|\n(?=#)", text):
        for inline in re.findall(r"`([^`]+)`", paragraph):
            yield Shown(page.name, " ".join(inline.split()), paragraph)


def written(path: Path) -> Iterator[Shown]:
    """Commands in backticks or after ``Example:`` in the texts of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            place = str(path.relative_to(ROOT / "src"))
            for inline in re.findall(r"`(foveal [^`]+)`", node.value):
                yield Shown(place, " ".join(inline.split()), node.value)
            if examples := re.match(r"Examples?: (foveal .*)", node.value):
                yield Shown(place, examples[1], node.value)


def commands(line: str) -> Iterator[list[str]]:
    """The words of each ``foveal`` in a line of a shell."""
    words: list[str] = []
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|"):
            if words and words[0].rpartition("/")[2] == "foveal":
                yield words[1:]
            words = []
        else:
            words.append(word)


def parse(words: list[str]) -> list[tuple[str, dict]]:
    """The verbs of a command with their parameters, as the program reads them."""
    try:
        context = PROGRAM.make_context("foveal", list(words))
        verbs = []
        while hasattr(context.command, "resolve_command"):
            rest = [*context._protected_args, *context.args]
            name, command, rest = context.command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
            verbs.append((name, dict(context.params)))
    except typer.Exit:  # --version and --help end here
        return []
    return verbs


def check_command(words: list[str]) -> None:
    for verb, given in parse(words):
        pairs = given.get("settings") or []
        if verb == "propose":
            make_search(given["mode"], parse_settings(pairs))
        elif verb == "train":
            tasks = TASKS[str(given["data"])].split(", ") if given["data"] else TASKS["DATA"].split(", ")
            models = [given["model"]] if given["model"] else [DEFAULT_MODELS[task] for task in tasks]
            if given["model"] and given["data"]:
                assert model_class(given["model"]).task in tasks
            check_settings(models, pairs)


def check_settings(models: list[str], pairs: list[str]) -> None:
    """One of the models takes the settings."""
    said = []
    for model in models:
        try:
            settings = resolve(model, parse_settings(pairs))
        except SettingError as error:
            said.append(str(error))
            continue
        kind = model_class(model)
        ranges = {**RANGES, **getattr(kind, "ranges", {})}
        for name in set(ranges) & set(parse_settings(pairs)):
            for value in np.atleast_1d(settings[name]).tolist():
                assert value in ranges[name], f"{name} is {value}; give {ranges[name]}."
        return
    raise SettingError(" ".join(said))


def check_synopsis(text: str) -> None:
    """The verb of a synopsis and its options are there, and so are the settings that it names."""
    words = [word for word in re.split(r"[\s|]+|[\[\]]", text.removeprefix("foveal ")) if word]
    command, verbs = PROGRAM, []
    while words and hasattr(command, "commands") and words[0] in command.commands:
        verbs.append(words[0])
        command = command.commands[words.pop(0)]
    assert verbs or words[0].startswith(("-", "VERB", "…")), f"there is no verb {words[0]}"
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    named = {word.partition("=")[0].rstrip(".,…") for word in words if word.startswith("--")}
    assert named <= options | {"--help", "--version"}
    for pair in re.findall(r"--set ([a-z][\w.]*)=", text) if verbs == ["train"] else ():
        model = re.search(r"--model ([\w-]+)", text)
        models = [model[1]] if model and model[1] in MODELS else list(DEFAULT_MODELS.values())
        assert any(pair in available_settings(m) for m in models), f"none of {models} has a setting {pair}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_blocks(page):
    for shown in typed(page):
        for words in commands(shown.text):
            check_command(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_sentences(page):
    for shown in spoken(page):
        if shown.text.startswith("foveal "):
            check_shown(shown)


def check_shown(shown: Shown) -> None:
    if PLACEHOLDER.search(shown.text):
        for part in re.split(r" && |; ", shown.text):
            check_synopsis(part)
        return
    for words in commands(shown.text):
        if len(words) > 1:
            check_command(words)
        else:
            check_synopsis(shown.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_in_sentences(page):
    """``--set`` alone: a model that its paragraph names takes it, or the default one where it names none."""
    for shown in spoken(page):
        if not shown.text.startswith("--set ") or PLACEHOLDER.search(shown.text.partition("=")[2]):
            continue
        pairs = re.findall(r"(?:^| )--set (\S+=\S+)", shown.text)
        if re.search(r"SelectiveSearch|selective search", shown.around):
            try:
                make_search("fast", parse_settings(pairs))
            except SettingError:
                pass
            else:
                continue
        named = [m for m in MODELS if re.search(rf"`[^`]*\b{m}\b[^`]*`|\b{_class_name(m)}\b", shown.around)]
        check_settings(named or list(DEFAULT_MODELS.values()), pairs)


def _class_name(model: str) -> str:
    return MODELS[model][1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_sentences(page):
    """An option that is named alone is one of some verb."""
    known = {"--help", "--version", "--install-completion", "--show-completion"}
    for _, command in _verbs(PROGRAM):
        known |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    for shown in spoken(page):
        if shown.text.startswith("--"):
            named = set(re.findall(r"(?:^|\s)(--[a-z][a-z-]*)", shown.text))
            assert named <= known | OF_OTHERS, shown.text


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_commands_in_the_gallery(path):
    for inline in re.findall(r"``(foveal [^`]+)``", re.sub(r"\n# ?", " ", path.read_text(encoding="utf-8"))):
        check_shown(Shown(path.name, " ".join(inline.split()), ""))


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.name)
def test_commands_in_the_source(path):
    for shown in written(path):
        check_shown(shown)


def test_every_verb_has_a_section_with_its_options():
    """The headings of ``command_line.md`` name every verb, each with all of its options."""
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^##+ `foveal (.+)`$", page)
    for name, command in _verbs(PROGRAM):
        own = " ".join(h for h in headings if h == name or h.startswith(f"{name} "))
        assert own, f"command_line.md has no section of {name}"
        options = [max(p.opts, key=len) for p in command.params if p.param_type_name == "option"]
        assert not [option for option in options if option != "--help" and option not in own], name
    assert sorted(re.findall(r"(?m)^\| \[`(\S+)`\]", page)) == sorted(PROGRAM.commands)


def _verbs(group) -> Iterator[tuple[str, object]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            for inner, verb in _verbs(command):
                yield f"{name} {inner}", verb
        else:
            yield name, command


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("foveal train photos --set proposals=quality", "has no setting 'proposals'"),
        ("foveal train mugs --set minuts=5", "Did you mean"),
        ("foveal train photos --model rcnn --set C=-1", "C is -1"),
        ("foveal train photos --modell rcnn", "No such option"),
        ("foveal learn photos", "No such command"),
        ("foveal propose a.jpg --set grid=3", "has no setting 'grid'"),
    ],
)
def test_what_the_program_refuses_would_be_seen(command, message):
    with pytest.raises(Exception, match=message):
        check_command(next(commands(command)))


@pytest.mark.parametrize(
    "text", ["foveal learn DATA", "foveal train DATA --quiet", "foveal train DATA --set minute=N"]
)
def test_a_wrong_synopsis_would_be_seen(text):
    with pytest.raises(AssertionError):
        check_synopsis(text)
