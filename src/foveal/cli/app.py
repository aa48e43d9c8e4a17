"""The program, the options that verbs share, and what ends in an error."""

import errno
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from foveal import exits
from foveal.cli.streams import prepare_streams
from foveal.errors import FovealError
from foveal.wording import visible


class _Verbs(TyperGroup):
    """The verbs. A mistake is told with the words of the command, which may be names that a pattern found."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _spelling():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _spelling():
            return super().invoke(ctx)


@contextmanager
def _spelling() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Typer's errors, which have been of other classes from version to version.
        if isinstance(said := getattr(error, "message", None), str):
            error.message = visible(said)  # type: ignore[attr-defined]
        raise


app = typer.Typer(
    cls=_Verbs,
    name="foveal",
    help="Train image classifiers and object detectors on an ordinary CPU, and see every step of it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

benchmark = typer.Typer(
    help="Measure Foveal beside the other packages that are installed.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.add_typer(benchmark, name="benchmark")

# -- arguments and options that verbs share ----------------------------------------------------------

DATA_HELP = "A folder of labelled pictures, or an annotation file, in any of many formats."
Data = Annotated[Path, typer.Argument(help=DATA_HELP)]
Run = Annotated[Path, typer.Argument(help="A run folder or a model file.")]
Images = Annotated[list[str], typer.Argument(help="Pictures, folders or patterns.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="voc, coco, yolo, labelme, cvat, csv, folders, …; found out by default."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Fixes every random choice.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output and nothing else.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting; may be given several times. A path is written with its folder: ./rpn.",
    ),
]


def out_option(default: str) -> Any:
    """The option ``--out``, a new folder that is called so by default."""
    return typer.Option("--out", help=f"A new folder; {default} by default.")


def new_folder(out: Path | None, default: str) -> Path:
    """The folder that was named, or the first free one of the default name."""
    from foveal.files import free_folder

    return free_folder(Path(default)) if out is None else out


# -- the program -------------------------------------------------------------------------------------

# About when the process began: Python itself takes some hundredths of a second before.
_BEGAN = time.perf_counter()


def spent() -> float:
    """Seconds since the program was started."""
    return time.perf_counter() - _BEGAN


def _version(wanted: bool) -> None:
    if wanted:
        from foveal import __version__

        typer.echo(f"foveal {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def will_go_on(folder: Path, out: Path | None, how: str = "begins again there") -> None:
    """Have it said where the program is stopped: the same command goes on in its folder.

    Parameters
    ----------
    folder : Path
        Where it writes.
    out : Path, optional
        The folder that was asked for.
    how : str
        What the command does when it is given again.
    """
    command = "the same command"
    if out is None:
        command += f" with {shlex.join(['--out', str(folder)])}"
    exits.goes_on_by(visible(f"What is finished is in {folder}: {command} {how}."))


def _fail(sentence: str) -> NoReturn:
    # What fails because it was stopped is no failure.
    if not exits.stopping():
        sys.stderr.write(f"foveal: {visible(sentence)}\n")
    raise SystemExit(2) from None


# What helps where the system refuses.
_MENDS = {
    errno.ENOSPC: "make room on that disk{}, or name another place",
    errno.EDQUOT: "make room on that disk{}, or name another place",
    errno.EFBIG: "raise the limit (ulimit -f){}, or name a place that takes larger files",
    errno.EROFS: "name a place that can be written to",
    errno.EACCES: "give yourself permission, or name another place",
    errno.EPERM: "give yourself permission, or name another place",
    errno.EMFILE: "close other programs, or raise the limit (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.EIO: "the disk may be damaged",
}


def _sentence(error: OSError) -> str:
    """What the system refuses, which file it is about, and what helps."""
    reason = error.strerror or str(error) or type(error).__name__
    # Whoever writes notes how much it is.
    needed = "".join(f", where {note}" for note in getattr(error, "__notes__", [])[:1])
    mend = f"; {_MENDS[error.errno].format(needed)}" if error.errno in _MENDS else ""
    if error.filename is None:
        return f"A file cannot be read or written: {reason}{mend}."
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename)
    return f"{name} cannot be used: {reason}{mend}."


def main() -> None:
    """Run the command line; a user's mistake is one sentence and exit status 2."""
    prepare_streams()
    exits.goes_on_by("Nothing was written: give the command again.")
    try:
        app()
    except FovealError as error:
        _fail(str(error))
    except OSError as error:
        _fail(_sentence(error))
    except KeyboardInterrupt:
        exits.tell()
        raise SystemExit(exits.status()) from None
    except SystemExit as end:
        # Typer answers Ctrl-C inside a verb itself, by this status and without a word.
        if end.code != 130:
            raise
        exits.tell()
        raise SystemExit(exits.status()) from None
