"""Verbs that measure Foveal beside other packages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foveal.cli.app import AsJson, Format, Seed, benchmark
from foveal.cli.output import bold, print_json, print_table, say
from foveal.progress import show_progress

if TYPE_CHECKING:
    from foveal.benchmark import Benchmark

Repeats = Annotated[int, typer.Option("--repeats", min=1, help="Rounds; their median counts.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="A new folder for JSON, tables and figures; none by default.")
]


@benchmark.command(
    "selective-search",
    epilog="Example: foveal benchmark selective-search photos --images 20 --peers-python peers/bin/python",
)
def benchmark_selective_search(
    data: Annotated[
        Path | None, typer.Argument(help="Boxed pictures; without it two photographs, for speed alone.")
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="single, fast, quality or all.")] = "all",
    images: Annotated[int, typer.Option("--images", min=1, help="At most so many, drawn at random.")] = 100,
    quality_images: Annotated[
        int, typer.Option("--quality-images", min=1, help="At most so many of them in mode quality.")
    ] = 20,
    repeats: Repeats = 1,
    peers_python: Annotated[
        Path | None,
        typer.Option("--peers-python", help="Python of another environment, with peers to measure."),
    ] = None,
    out: Out = None,
    format: Format = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure selective search beside OpenCV's, dlib's and others, by turns on the same pictures."""
    from foveal.benchmark import MODES
    from foveal.benchmark import benchmark_selective_search as run

    _check_empty(out)
    with show_progress(quiet=as_json) as callback:
        measured = run(
            data,
            modes=MODES if mode == "all" else (mode,),
            images=images,
            quality_images=quality_images,
            repeats=repeats,
            peers_python=peers_python,
            format=format,
            random_state=seed,
            callbacks=[callback],
        )
    _tell(measured, as_json, out)


@benchmark.command("network", epilog="Example: foveal benchmark network --networks cnn,mlp --out figures")
def benchmark_network(
    networks: Annotated[
        str, typer.Option("--networks", help="cnn, mobilenet, mlp, several with commas, or all.")
    ] = "all",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Calls in a row.")] = 10,
    repeats: Repeats = 7,
    peers_python: Annotated[
        Path | None, typer.Option("--peers-python", help="Python of another environment, with PyTorch.")
    ] = None,
    out: Out = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the network engine beside PyTorch: training steps, inference, memory."""
    from foveal.benchmark import NETWORKS
    from foveal.benchmark import benchmark_networks as run

    _check_empty(out)
    names = tuple(NETWORKS) if networks == "all" else tuple(n.strip() for n in networks.split(","))
    with show_progress(quiet=as_json) as callback:
        measured = run(
            names,
            steps=steps,
            repeats=repeats,
            peers_python=peers_python,
            random_state=seed,
            callbacks=[callback],
        )
    _tell(measured, as_json, out)


def _check_empty(out: Path | None) -> None:
    """Refuse a folder that holds something before anything that takes long."""
    from foveal.files import check_free

    if out is not None:
        check_free(out)


def _tell(measured: "Benchmark", as_json: bool, out: Path | None) -> None:
    if out is not None:
        measured.write(out)
    if as_json:
        print_json(measured.to_json())
        return
    for table in measured.tables():
        print_table(table)
    for sentence in measured.describe():
        say(sentence, to_output=True)
    if out is not None:
        say("JSON, tables and figures are in ", bold(out), ".")
