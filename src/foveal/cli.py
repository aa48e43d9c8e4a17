"""The command line: the verbs, each a thin layer over a function of the library."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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

Data = Annotated[
    Path, typer.Argument(help="A folder of labelled pictures, a COCO .json or a YOLO data.yaml.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="voc, coco, yolo, crops or folders; found out by default."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Fixes every random choice.")]
# Findings of one kind that are shown in full.
_SHOWN = 3

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output and nothing else.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting; may be given several times."),
]


# About when the process began: Python itself takes some hundredths of a second before.
_BEGAN = time.perf_counter()


def _spent() -> float:
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


@app.command(epilog="Example: foveal demo --out my-demo")
def demo(
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; foveal-demo by default.")] = None,
    seed: Seed = 0,
) -> None:
    """Go the whole way on built-in data: make it, check it, train two detectors and a classifier, report."""
    from foveal.runs.folder import free_folder

    folder = free_folder(Path("foveal-demo")) if out is None else out
    with _progress() as callback:
        _say("Digits hidden in scenes, by two detectors (R-CNN, Faster R-CNN), and alone, by a classifier.")
        _say("On two cores this takes two minutes.")
        from foveal.runs import demo as run

        runs = run(folder, seed=seed, callbacks=[callback], spent=_spent())
    _say("")
    for name, finished in runs.items():
        key = "AP50" if "AP50" in finished.metrics else "accuracy"
        _say(f"[bold]{key} {finished.metrics[key]:.3f}[/] on held-out {name} ({finished.folder.path})")
    _say(f"The report: [bold]{folder / 'report.html'}[/]")


@app.command(epilog="Example: foveal doctor photos --json")
def doctor(data: Data, format: Format = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a data set, and what training would do about it.

    Exit status 0 if nothing was found that matters (notes do not), 1 if something was.
    """
    from foveal.data import doctor as examine

    with _progress(quiet=as_json) as callback:
        findings = examine(data, format=format, callbacks=[callback])
    matter = [f for f in findings if f.severity != "note"]
    if as_json:
        _print_json(
            {
                "data": str(data),
                "clean": not matter,
                "findings": [
                    {
                        "kind": f.kind,
                        "severity": f.severity,
                        "file": f.file,
                        "message": f.message,
                        "action": f.action,
                    }
                    for f in findings
                ],
            }
        )
    else:
        _print_findings(findings)
        if not matter:
            _say("[green]Nothing is wrong with this data set.[/]", to_output=True)
    raise typer.Exit(1 if matter else 0)


@app.command(epilog="Example: foveal propose street.jpg --mode quality --explain street.html")
def propose(
    images: Annotated[list[str], typer.Argument(help="Pictures, folders or patterns.")],
    mode: Annotated[str, typer.Option("--mode", help="single, fast or quality.")] = "fast",
    number: Annotated[int, typer.Option("--number", min=1, help="The best so many of each picture.")] = 2000,
    drawn: Annotated[int, typer.Option("--drawn", min=0, help="The best so many are drawn.")] = 50,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; proposals by default.")] = None,
    settings: Settings = None,
    explain: Annotated[
        Path | None,
        typer.Option("--explain", metavar="PAGE.html", help="Write a page that shows how the search went."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The boxed data set of the pictures: the page shows its objects."),
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Propose regions by selective search: drawn, as JSON, and explained on a page."""
    from foveal.runs import parse_settings
    from foveal.runs.folder import free_folder
    from foveal.runs.proposing import propose as run

    folder = free_folder(Path("proposals")) if out is None else out
    with _progress(quiet=as_json) as callback:
        summary = run(
            images,
            folder,
            mode=mode,
            number=number,
            drawn=drawn,
            settings=parse_settings(settings or []),
            explain=explain,
            data=data,
            format=format,
            callbacks=[callback],
        )
    if as_json:
        _print_json(summary.results)
    else:
        _say(
            f"{_count(len(summary.results), 'picture')}: proposals.json and drawn/ are in [bold]{folder}[/]."
        )
        if explain is not None:
            _say(f"How the search went: [bold]{_plain(str(explain))}[/]")
    _name_unreadable(summary.unreadable)


@app.command(epilog="Example: foveal prepare photos --out crops && foveal train crops --model svm")
def prepare(
    data: Data,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; crops by default.")] = None,
    positive: Annotated[float, typer.Option("--positive", help="IoU from which a crop is positive.")] = 0.7,
    negative: Annotated[float, typer.Option("--negative", help="IoU below which it is negative.")] = 0.3,
    difficult: Annotated[
        bool, typer.Option("--difficult", help="Negatives overlap an object by 0.2 to 0.5 only.")
    ] = False,
    size: Annotated[int, typer.Option("--size", min=1, help="Side of a crop in pixels.")] = 128,
    format: Format = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Cut proposals out of the training pictures: positive and negative crops, with a manifest."""
    from foveal.data import load
    from foveal.proposals import prepare as run
    from foveal.runs.folder import free_folder

    folder = free_folder(Path("crops")) if out is None else out
    with _progress(quiet=as_json) as callback:
        prepared = run(
            load(data, format=format),
            folder,
            positive=positive,
            negative=negative,
            difficult=difficult,
            size=size,
            random_state=seed,
            callbacks=[callback],
        )
    if as_json:
        _print_json({"folder": str(folder), "counts": prepared.counts, "skipped": list(prepared.skipped)})
        return
    for split, counts in prepared.counts.items():
        _say(f"{split}: " + (", ".join(f"{n} {label}" for label, n in counts.items()) or "none"))
    _say(f"The crops and manifest.csv are in [bold]{folder}[/].")


@app.command(epilog="Example: foveal train photos --model rcnn --set proposals=quality --out runs/first")
def train(
    data: Annotated[
        Path | None, typer.Argument(help="A folder of labelled pictures, a COCO .json or a YOLO data.yaml.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="faster-rcnn, fast-rcnn, rcnn or rpn for boxes; transfer, svm, logistic, mlp or cnn for "
            "folders. The first of each is the default.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for the run; runs/DATA-MODEL by default.")
    ] = None,
    settings: Settings = None,
    seed: Seed = 0,
    format: Format = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Go on with an unfinished run.")] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Train as a run was trained: its config.toml, or its folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model, measure it on held-out pictures and write a report."""
    from foveal.errors import SettingError
    from foveal.runs import parse_settings, retrain
    from foveal.runs import resume as go_on
    from foveal.runs import train as run

    if resume is None and config is None and data is None:
        raise SettingError("Name the data to train on, or an unfinished run with --resume.")
    with _progress(quiet=as_json) as callback:
        if resume is not None:
            if data or model or out or settings or format or config:
                raise SettingError("--resume goes on with the run's own settings: give nothing else with it.")
            finished = go_on(resume, callbacks=[callback], spent=_spent())
        elif config is not None:
            if model or format or seed:
                raise SettingError("--config names model, format and seed: give --set or other data with it.")
            finished = retrain(
                config,
                data=data,
                out=out,
                settings=parse_settings(settings or []),
                callbacks=[callback],
                spent=_spent(),
            )
        else:
            assert data is not None
            finished = run(
                data,
                model=model,
                out=out,
                settings=parse_settings(settings or []),
                seed=seed,
                format=format,
                callbacks=[callback],
                spent=_spent(),
            )
    if as_json:
        _print_json({"run": str(finished.folder.path), "metrics": finished.metrics})
        return
    _print_metrics(finished.metrics, "Held-out pictures")
    _say(f"The run is in [bold]{finished.folder.path}[/]; look at [bold]{finished.folder.report_file}[/].")


@app.command(
    epilog="Examples: foveal evaluate runs/first photos; foveal evaluate found.json instances.json --json"
)
def evaluate(
    predictions: Annotated[
        Path, typer.Argument(metavar="RUN|PREDICTIONS.json", help="A run, or COCO results.")
    ],
    data: Data,
    split: Annotated[str | None, typer.Option("--split", help="train, val, test or all.")] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="coco, voc or voc07.")] = "coco",
    iou: Annotated[float, typer.Option("--iou", help="IoU threshold, under voc and voc07.")] = 0.5,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run, or any program's detections in COCO's results format, against a data set."""
    from foveal.runs import evaluate_predictions, evaluate_run

    options: dict[str, Any] = {"split": split, "format": format, "protocol": protocol, "iou_threshold": iou}
    if predictions.suffix.lower() == ".json" and not predictions.is_dir():
        metrics = evaluate_predictions(predictions, data, **options)
    else:
        with _progress(quiet=as_json) as callback:
            metrics = evaluate_run(predictions, data, **options, callbacks=[callback])
    if as_json:
        _print_json(metrics)
    else:
        _print_metrics(metrics, str(data))


@app.command(
    epilog="Examples: foveal predict runs/first holiday/ 'more/*.png' --out found; "
    "foveal predict runs/first film.mp4; foveal predict runs/first 0"
)
def predict(
    run: Annotated[Path, typer.Argument(help="A run folder or a model file.")],
    images: Annotated[
        list[str], typer.Argument(help="Pictures, folders or patterns; or a video, or a camera's number.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; predictions by default.")] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score", min=0, max=1, help="Leave out what is less probable; the model's own by default."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--form", help="json, coco or csv.")] = "json",
    draw: Annotated[bool, typer.Option("--draw/--no-draw", help="Write pictures with the boxes.")] = True,
    as_json: AsJson = False,
) -> None:
    """Find objects in pictures or in a video, or name what they show.

    Files that cannot be read are named and left out. Exit status 0 if all could be read, 1 if some could
    not, 2 if there was nothing to do. Ctrl-C ends a camera.
    """
    from foveal.errors import SettingError
    from foveal.runs import live_source
    from foveal.runs import predict as go
    from foveal.runs.folder import free_folder

    if form not in ("json", "coco", "csv"):
        raise SettingError(f"--form is json, coco or csv; got {form!r}.")
    source = live_source(images)
    if source is not None and form != "json":
        raise SettingError("The answers to a video are JSON lines, one a frame: leave --form away.")
    folder = free_folder(Path("predictions")) if out is None else out
    if source is not None:
        _predict_live(run, source, folder, min_score, draw, as_json)
        return
    with _progress(quiet=as_json) as callback:
        summary = go(
            run,
            images,
            folder,
            min_score=min_score,
            form=form,  # type: ignore[arg-type]
            draw=draw,
            callbacks=[callback],
        )
    if as_json:
        _print_json({"results": summary.results, "unreadable": summary.unreadable})
    else:
        _print_predictions(summary.results)
        _say(f"Everything is in [bold]{folder}[/].")
    _name_unreadable(summary.unreadable)


def _predict_live(
    run: Path, source: Path | int, folder: Path, min_score: float | None, draw: bool, as_json: bool
) -> None:
    from foveal.runs import predict_live

    with _progress(quiet=as_json) as callback:
        done = predict_live(run, source, folder, min_score=min_score, draw=draw, callbacks=[callback])
    if as_json:
        _print_json(
            {
                "folder": str(done.folder),
                "predictions": str(done.predictions),
                "video": None if done.video is None else str(done.video),
                "frames": done.frames,
                "dropped": done.dropped,
                "model_fps": round(done.model_fps, 2),
                "fps": round(done.fps, 2),
            }
        )
        return
    passed = f", and {_count(done.dropped, 'frame')} passed over" if done.dropped else ""
    _say(
        f"{_count(done.frames, 'frame')}{passed}: {done.model_fps:.1f} a second by the model, "
        f"{done.fps:.1f} a second with decoding, drawing and writing.",
        to_output=True,
    )
    names = [path.name for path in (done.video, done.predictions) if path is not None]
    _say(f"{_plain(' and '.join(names))}: in [bold]{_plain(str(done.folder))}[/].")


@app.command(epilog="Example: foveal export runs/first detector.onnx")
def export(
    run: Annotated[Path, typer.Argument(help="A run folder or a model file.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="A new file.")],
    as_json: AsJson = False,
) -> None:
    """Write a model as an ONNX file, which other programs run without Foveal.

    It is checked against the training engine before it is there.
    """
    from foveal.runs import export as go

    with _progress(quiet=as_json) as callback:
        done = go(run, file, callbacks=[callback])
    if as_json:
        _print_json(
            {
                "file": str(done.path),
                "model": done.model,
                "bytes": done.bytes,
                "inputs": done.inputs,
                "outputs": done.outputs,
                "check": done.check,
            }
        )
        return
    for title, ends in (("in", done.inputs), ("out", done.outputs)):
        for name, kind in ends.items():
            _say(_plain(f"{title:>4}  {name}: {kind}"), to_output=True)
    _say(_plain(done.check))
    _say(f"{_plain(done.model)} in [bold]{_plain(str(done.path))}[/], {done.bytes / 1e6:.1f} MB.")


@app.command(epilog="Example: foveal explain runs/first holiday/ --class mug --out why")
def explain(
    run: Annotated[Path, typer.Argument(help="A run folder or a model file.")],
    images: Annotated[list[str], typer.Argument(help="Pictures, folders or patterns.")],
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; explanations by default.")] = None,
    class_name: Annotated[
        str | None,
        typer.Option("--class", metavar="NAME", help="Ask about this class; by default the most probable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Of a detector: the boxed data of the pictures; it shows their objects."),
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Show what in a picture speaks for its class: Grad-CAM and occlusion, drawn and on a page.

    Of a detector it shows how it came to the detections, step by step: anchors, objectness, proposals, boxes
    before and after their regression, what it looked at. Files that cannot be read are named and left out.
    Exit status 0 if all could be read, 1 if some could not, 2 if there was nothing to do.
    """
    from foveal.runs import explain as go
    from foveal.runs.folder import free_folder

    folder = free_folder(Path("explanations")) if out is None else out
    with _progress(quiet=as_json) as callback:
        summary = go(
            run, images, folder, class_name=class_name, data=data, format=format, callbacks=[callback]
        )
    if as_json:
        _print_json({"results": summary.results, "unreadable": summary.unreadable})
    else:
        _print_predictions(summary.results)
        _say(f"Everything is in [bold]{folder}[/]; look at [bold]{folder / 'explanation.html'}[/].")
    _name_unreadable(summary.unreadable)


@benchmark.callback()
def _benchmarks() -> None:
    pass


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
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Rounds; their median counts.")] = 1,
    peers_python: Annotated[
        Path | None,
        typer.Option("--peers-python", help="Python of another environment, with peers to measure."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for JSON, table and figures; none by default.")
    ] = None,
    format: Format = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure selective search beside OpenCV's, dlib's and others, by turns on the same pictures."""
    from foveal.benchmark import MODES, describe, make_tables, write_benchmark
    from foveal.benchmark import benchmark_selective_search as run
    from foveal.runs.folder import empty_folder

    if out is not None and out.exists():
        empty_folder(out)
    with _progress(quiet=as_json) as callback:
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
    if out is not None:
        write_benchmark(measured, out)
    if as_json:
        _print_json(measured.to_json())
        return
    for table in make_tables(measured):
        _print_table(table)
    for sentence in describe(measured):
        _say(_plain(sentence), to_output=True)
    if out is not None:
        _say(f"JSON, table and figures are in [bold]{out}[/].")


@benchmark.command("network", epilog="Example: foveal benchmark network --networks cnn,mlp --out figures")
def benchmark_network(
    networks: Annotated[
        str, typer.Option("--networks", help="cnn, mobilenet, mlp, several with commas, or all.")
    ] = "all",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Calls in a row.")] = 10,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Rounds; their median counts.")] = 7,
    peers_python: Annotated[
        Path | None, typer.Option("--peers-python", help="Python of another environment, with PyTorch.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for JSON, tables and figure; none by default.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the network engine beside PyTorch: training steps, inference, memory."""
    from foveal.benchmark import NETWORKS, describe_network, make_network_tables, write_network_benchmark
    from foveal.benchmark import benchmark_networks as run
    from foveal.runs.folder import empty_folder

    if out is not None and out.exists():
        empty_folder(out)
    names = tuple(NETWORKS) if networks == "all" else tuple(n.strip() for n in networks.split(","))
    with _progress(quiet=as_json) as callback:
        measured = run(
            names,
            steps=steps,
            repeats=repeats,
            peers_python=peers_python,
            random_state=seed,
            callbacks=[callback],
        )
    if out is not None:
        write_network_benchmark(measured, out)
    if as_json:
        _print_json(measured.to_json())
        return
    for table in make_network_tables(measured):
        _print_table(table)
    for sentence in describe_network(measured):
        _say(_plain(sentence), to_output=True)
    if out is not None:
        _say(f"JSON, tables and figure are in [bold]{out}[/].")


def _name_unreadable(unreadable: dict[str, str]) -> None:
    """Name the files that could not be read and leave with status 1, if there are any."""
    if not unreadable:
        return
    _say(
        "1 file could not be read:" if len(unreadable) == 1 else f"{len(unreadable)} files could not be read:"
    )
    for why in unreadable.values():
        _say(f"  {_plain(why)}")
    raise typer.Exit(1)


def _say(text: str, *, to_output: bool = False) -> None:
    """Talk to the person: on standard error, so that standard output is for results."""
    from rich.console import Console

    Console(stderr=not to_output, highlight=False, soft_wrap=True).print(text)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _print_metrics(metrics: dict[str, float], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=_plain(title), title_justify="left", show_header=False, box=None)
    for key, value in metrics.items():
        table.add_row(_plain(key), f"{value:.4f}" if isinstance(value, float) else str(value))
    Console(highlight=False).print(table)


def _print_table(table: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=_plain(table.title), title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(table.columns):
        drawn.add_column(
            _plain(column), justify="left" if i < table.words else "right", no_wrap=i < table.words
        )
    for row in table.rows:
        drawn.add_row(*map(_plain, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    console.print(drawn)
    console.print()


def _print_findings(findings: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not findings:
        return
    groups: dict[tuple[str, str], list[Any]] = {}
    for severity in ("error", "warning", "note"):
        for finding in findings:
            if finding.severity == severity:
                groups.setdefault((severity, finding.kind), []).append(finding)
    colors = {"error": "red", "warning": "yellow", "note": "dim"}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("kind", no_wrap=True)
    table.add_column("where", overflow="fold", ratio=2)
    table.add_column("what is wrong", ratio=4)
    table.add_column("what training does", ratio=3)
    for (severity, kind), members in groups.items():
        for number, finding in enumerate(members[:_SHOWN]):
            table.add_row(
                f"[{colors[severity]}]{severity}[/] {kind}" if number == 0 else "",
                _plain(finding.file),
                _plain(finding.message),
                _plain(finding.action) if number == 0 or finding.action != members[0].action else "″",
            )
        if len(members) > _SHOWN:
            table.add_row("", f"[dim]and {len(members) - _SHOWN} more (--json names them)[/]", "", "")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    console.print(table)
    counts = [
        _count(sum(f.severity == severity for f in findings), severity)
        for severity in ("error", "warning", "note")
    ]
    console.print(f"\n{', '.join(counts)}.")


def _print_predictions(results: list[dict[str, Any]]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for result in results:
        if "label" in result:
            said = f"{result['label']} {result['probabilities'][result['label']]:.2f}"
        else:
            said = ", ".join(f"{d['label']} {d['score']:.2f}" for d in result["detections"]) or "nothing"
        console.print(f"{_plain(result['file'])}: {_plain(said)}")


@contextmanager
def _progress(*, quiet: bool = False) -> Iterator[Any]:
    """A callback that shows what is being done and for how long yet."""
    from foveal.progress import show_progress

    with show_progress(quiet=quiet) as callback:
        yield callback


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


if __name__ == "__main__":
    main()
