"""The program, the options that verbs share, and what ends in an error."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from foveal.errors import FovealError

app = typer.Typer(
    name="foveal",
    help="Train image classifiers and object detectors on an ordinary CPU, and see every step of it.",
    no_args_is_help=True,
    add_completion=False,
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

DATA_HELP = "A folder of labelled pictures, a COCO .json or a YOLO data.yaml."
Data = Annotated[Path, typer.Argument(help=DATA_HELP)]
Run = Annotated[Path, typer.Argument(help="A run folder or a model file.")]
Images = Annotated[list[str], typer.Argument(help="Pictures, folders or patterns.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="voc, coco, yolo, crops or folders; found out by default."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Fixes every random choice.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output and nothing else.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting; may be given several times."),
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


def main() -> None:
    """Run the command line; a user's mistake is one sentence and exit status 2."""
    try:
        app()
    except FovealError as error:
        sys.stderr.write(f"foveal: {error}\n")
        raise SystemExit(2) from None
    except OSError as error:
        if error.filename is None:
            raise
        sys.stderr.write(f"foveal: {error.filename} cannot be used: {error.strerror}.\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("foveal: stopped.\n")
        raise SystemExit(130) from None
    except SystemExit as end:
        # Typer answers Ctrl-C inside a verb itself, by this status and without a word.
        if end.code == 130:
            sys.stderr.write("foveal: stopped.\n")
        raise
