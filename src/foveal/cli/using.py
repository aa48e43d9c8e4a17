"""Verbs that use a run: predict, export, explain."""

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.app import AsJson, Format, app
from foveal.cli.output import count, name_unreadable, plain, print_json, print_predictions, progress, say


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
    with progress(quiet=as_json) as callback:
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
        print_json({"results": summary.results, "unreadable": summary.unreadable})
    else:
        print_predictions(summary.results)
        say(f"Everything is in [bold]{folder}[/].")
    name_unreadable(summary.unreadable)


def _predict_live(
    run: Path, source: Path | int, folder: Path, min_score: float | None, draw: bool, as_json: bool
) -> None:
    from foveal.runs import predict_live

    with progress(quiet=as_json) as callback:
        done = predict_live(run, source, folder, min_score=min_score, draw=draw, callbacks=[callback])
    if as_json:
        print_json(
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
    passed = f", and {count(done.dropped, 'frame')} passed over" if done.dropped else ""
    say(
        f"{count(done.frames, 'frame')}{passed}: {done.model_fps:.1f} a second by the model, "
        f"{done.fps:.1f} a second with decoding, drawing and writing.",
        to_output=True,
    )
    names = [path.name for path in (done.video, done.predictions) if path is not None]
    say(f"{plain(' and '.join(names))}: in [bold]{plain(str(done.folder))}[/].")


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

    with progress(quiet=as_json) as callback:
        done = go(run, file, callbacks=[callback])
    if as_json:
        print_json(
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
            say(plain(f"{title:>4}  {name}: {kind}"), to_output=True)
    say(plain(done.check))
    say(f"{plain(done.model)} in [bold]{plain(str(done.path))}[/], {done.bytes / 1e6:.1f} MB.")


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
    with progress(quiet=as_json) as callback:
        summary = go(
            run, images, folder, class_name=class_name, data=data, format=format, callbacks=[callback]
        )
    if as_json:
        print_json({"results": summary.results, "unreadable": summary.unreadable})
    else:
        print_predictions(summary.results)
        say(f"Everything is in [bold]{folder}[/]; look at [bold]{folder / 'explanation.html'}[/].")
    name_unreadable(summary.unreadable)
