"""Verbs that make a run and measure one: train, evaluate."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from foveal import exits
from foveal.cli.app import (
    DATA_HELP,
    AsJson,
    Format,
    Seed,
    Settings,
    app,
    out_option,
    spent,
    will_go_on,
)
from foveal.cli.output import bold, print_alarms, print_json, print_metrics, say
from foveal.events import Event
from foveal.progress import show_progress
from foveal.wording import visible


@app.command(epilog="Example: foveal train photos --model rcnn --set proposals=quality --out runs/first")
def train(
    data: Annotated[Path | None, typer.Argument(help=DATA_HELP)] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="faster-rcnn, fast-rcnn, rcnn or rpn for boxes; auto, transfer, svm, logistic, mlp or cnn "
            "for folders. The first of each is the default.",
        ),
    ] = None,
    out: Annotated[Path | None, out_option("runs/DATA-MODEL")] = None,
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
    with show_progress(quiet=as_json) as callback:
        common: dict[str, Any] = {"callbacks": [callback, _will_resume], "spent": spent()}
        if resume is not None:
            if data or model or out or settings or format or config:
                raise SettingError("--resume goes on with the run's own settings: give nothing else with it.")
            finished = go_on(resume, **common)
        else:
            common |= {"out": out, "settings": parse_settings(settings or [])}
            if config is None:
                assert data is not None
                finished = run(data, model=model, seed=seed, format=format, **common)
            elif model or format or seed:
                raise SettingError("--config names model, format and seed: give --set or other data with it.")
            else:
                finished = retrain(config, data=data, **common)
    if as_json:
        alarms = [asdict(alarm) for alarm in finished.record.alarms]
        print_json({"run": str(finished.folder.path), "metrics": finished.metrics, "alarms": alarms})
        return
    print_metrics(finished.metrics, "Held-out pictures")
    print_alarms(finished.record.alarms)
    run_folder = finished.folder
    say("The run is in ", bold(run_folder.path), "; look at ", bold(run_folder.report_file), ".")


def _will_resume(event: Event) -> None:
    """Have it said how to go on where the program is stopped, as soon as there is a run."""
    if event["event"] != "run":
        return
    from foveal.runs import RunFolder

    folder, command = RunFolder(Path(event["path"])), event["resume"]

    def how() -> str:
        if folder.learned:
            return visible(f"What was done so far is kept: {command} goes on with it.")
        return visible(f"{command} begins anew with the same settings.")

    exits.goes_on_by(how)


@app.command(
    epilog="Examples: foveal evaluate runs/first; foveal evaluate runs/first photos --out measured; "
    "foveal evaluate found.json instances.json --json"
)
def evaluate(
    predictions: Annotated[
        Path, typer.Argument(metavar="RUN|PREDICTIONS.json", help="A run, or COCO results.")
    ],
    data: Annotated[
        Path | None, typer.Argument(help=f"{DATA_HELP} By default the run's own.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for the report, the figures and the answers.")
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option("--precision", help="Set the detector's threshold so that so many boxes are right."),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option("--recall", help="Set the detector's threshold so that so many objects are found."),
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="MODEL=DATA", help="What a class of the model is called in the data; repeatable."
        ),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="train, val, test or all.")] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="coco, voc or voc07.")] = "coco",
    iou: Annotated[float, typer.Option("--iou", help="IoU threshold, under voc and voc07.")] = 0.5,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run, or any program's detections in COCO's results format, against a data set.

    With --precision or --recall the threshold that predict uses is chosen, and set in the model file.
    """
    from foveal.errors import SettingError
    from foveal.report import Alarm
    from foveal.runs import evaluate_predictions, evaluate_run, parse_map

    alarms: list[Alarm] = []

    def hear(event: Event) -> None:
        if event["event"] == "alarm":
            alarms.append(Alarm(event["kind"], event["text"], tuple(event["reasons"])))

    options: dict[str, Any] = {"split": split, "format": format, "protocol": protocol, "iou_threshold": iou}
    if predictions.suffix.lower() == ".json" and not predictions.is_dir():
        if data is None:
            raise SettingError(f"Name the data to measure {predictions} against.")
        if out is not None or precision is not None or recall is not None or maps:
            raise SettingError(
                "--out, --precision, --recall and --map are for a run, not for a file of results."
            )
        metrics = evaluate_predictions(predictions, data, **options)
    else:
        options |= {
            "precision": precision,
            "recall": recall,
            "out": out,
            "class_names": parse_map(maps or []),
        }
        if out is not None:
            will_go_on(out, out)
        with show_progress(quiet=as_json) as callback:
            metrics = evaluate_run(predictions, data, **options, callbacks=[callback, hear])
    if as_json:
        print_json(metrics)
        return
    print_metrics(metrics, str(predictions if data is None else data))
    print_alarms(alarms)
    if out is not None:
        say("The report is ", bold(out / "report.html"), ".")
