"""Verbs that use a run: predict, export, explain."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.app import AsJson, Format, Images, Run, app, new_folder, out_option, will_go_on
from foveal.cli.output import bold, name_unreadable, print_json, print_predictions, say
from foveal.progress import show_progress
from foveal.wording import count

if TYPE_CHECKING:
    from rich.text import Text

    from foveal.runs import FileResults, LiveResults


@app.command(
    epilog="Examples: foveal predict runs/first holiday/ 'more/*.png' --out found; "
    "foveal predict runs/first film.mp4 --track; foveal predict runs/first 0"
)
def predict(
    run: Run,
    images: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders or patterns; or a video, a folder of videos, a camera's number, rtsp://…"
        ),
    ],
    out: Annotated[Path | None, out_option("predictions")] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score", min=0, max=1, help="Leave out what is less probable; the model's own by default."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--form", help="json, coco, csv; or a data set: voc, yolo, labelme, label-studio.")
    ] = "json",
    draw: Annotated[bool, typer.Option("--draw/--no-draw", help="Write pictures with the boxes.")] = True,
    track: Annotated[
        bool, typer.Option("--track", help="Of a video: say which detections are the same object.")
    ] = False,
    count_line: Annotated[
        str | None,
        typer.Option("--count-line", metavar="X1,Y1,X2,Y2", help="Count the objects that go over a line."),
    ] = None,
    count_zone: Annotated[
        str | None,
        typer.Option("--count-zone", metavar="X1,Y1,…", help="Count the objects in a polygon."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find objects in pictures or in a video, or name what they show.

    Files that cannot be read are named and left out. Exit status 0 if all
    could be read, 1 if some could not, 2 if there was nothing to do. Ctrl-C
    ends a camera.
    """
    from foveal.errors import SettingError
    from foveal.runs import live_source, predict_live, predict_videos, video_files
    from foveal.runs import predict as go

    forms = ("json", "coco", "csv", "voc", "yolo", "labelme", "label-studio")
    if form not in forms:
        raise SettingError(f"--form is {', '.join(forms[:-1])} or {forms[-1]}; got {form!r}.")
    line, zone = (_numbers(given, name) for given, name in ((count_line, "line"), (count_zone, "zone")))
    source = live_source(images)
    videos = source is None and bool(video_files(images))
    if (source is not None or videos) and form != "json":
        raise SettingError("The answers to a video are JSON lines, one a frame: leave --form away.")
    if source is None and not videos and (track or line or zone):
        raise SettingError("--track and what is counted are for videos and cameras, not for pictures.")
    settings: dict[str, Any] = {"min_score": min_score, "draw": draw}
    followed: dict[str, Any] = {"track": track, "count_line": line, "count_zone": zone}
    folder = new_folder(out, "predictions")
    will_go_on(folder, out)
    with show_progress(quiet=as_json) as callback:
        if source is not None:
            live = predict_live(run, source, folder, callbacks=[callback], **settings, **followed)
        elif videos:
            several, unreadable = predict_videos(
                run, images[0], folder, callbacks=[callback], **settings, **followed
            )
        else:
            done = go(run, images, folder, form=form, callbacks=[callback], **settings)  # type: ignore[arg-type]
    if source is not None:
        _tell_live(live, as_json)
    elif videos:
        if as_json:
            print_json({"results": [_facts(one) for one in several], "unreadable": unreadable})
        else:
            for one in several:
                _tell_live(one, as_json)
        name_unreadable(unreadable)
    else:
        _tell(done, as_json, "Everything is in ", bold(folder), ".")


def _numbers(given: str | None, name: str) -> list[float] | None:
    """The numbers of ``--count-line`` or ``--count-zone``."""
    from foveal.errors import SettingError

    if given is None:
        return None
    try:
        numbers = [float(part) for part in given.split(",")]
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except ValueError:
        raise SettingError(f"--count-{name} is numbers with commas between them; got {given!r}.") from None
    return numbers


def _facts(done: "LiveResults") -> dict[str, Any]:
    facts = asdict(done) | {"model_fps": round(done.model_fps, 2), "fps": round(done.fps, 2)}
    del facts["stopped"]
    return facts


def _tell(done: "FileResults", as_json: bool, *where: "str | Text") -> None:
    """Print what was found in files, and leave with status 1 if some could not be read."""
    if as_json:
        print_json({"results": done.results, "unreadable": done.unreadable})
    else:
        print_predictions(done.results)
        if done.results:
            say(*where)
    name_unreadable(done.unreadable)


def _tell_live(done: "LiveResults", as_json: bool) -> None:
    if as_json:
        print_json(_facts(done))
        return
    passed = f", and {count(done.dropped, 'frame')} passed over" if done.dropped else ""
    say(
        f"{count(done.frames, 'frame')}{passed}: {done.model_fps:.1f} a second by the model, "
        f"{done.fps:.1f} a second with decoding, drawing and writing.",
        to_output=True,
    )
    for place, some in done.counts.items():
        say(f"{place}: {', '.join(f'{key} {number}' for key, number in some.items())}", to_output=True)
    names = [path.name for path in (done.video, done.predictions) if path is not None]
    say(f"{' and '.join(names)}: in ", bold(done.folder), ".")


@app.command(epilog="Example: foveal export runs/first detector.onnx")
def export(
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="A new file.")],
    quantize: Annotated[
        bool, typer.Option("--quantize", help="Of faster-rcnn: convolutions in int8; shows what it costs.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Write it even where its AP falls by more than .01.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model as an ONNX file, which other programs run without Foveal.

    It is checked against the training engine before it is there.
    """
    from foveal.runs import export as go

    with show_progress(quiet=as_json) as callback:
        done = go(run, file, quantize=quantize, accept_loss=accept_loss, callbacks=[callback])
    if as_json:
        facts = asdict(done)
        print_json({"file": facts.pop("path"), **facts})
        return
    for title, ends in (("in", done.inputs), ("out", done.outputs)):
        for name, kind in ends.items():
            say(f"{title:>4}  {name}: {kind}", to_output=True)
    for name, some in done.figures.items():
        speed = f"{some['images_per_second']:.1f} pictures a second"
        say(f"{name:>5}  AP50 {some['AP50']:.3f}, AP {some['AP']:.3f}, {speed}", to_output=True)
    for sentence in filter(None, (done.check, done.note)):
        say(sentence)
    say(f"{done.model} in ", bold(done.path), f", {done.bytes / 1e6:.1f} MB.")


@app.command(epilog="Example: foveal explain runs/first holiday/ --class mug --out why")
def explain(
    run: Run,
    images: Images,
    out: Annotated[Path | None, out_option("explanations")] = None,
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

    Of a detector it shows how it came to the detections, step by step:
    anchors, objectness, proposals, boxes before and after their regression,
    what it looked at. Files that cannot be read are named and left out. Exit
    status 0 if all could be read, 1 if some could not, 2 if there was nothing
    to do.
    """
    from foveal.runs import explain as go

    folder = new_folder(out, "explanations")
    will_go_on(folder, out)
    with show_progress(quiet=as_json) as callback:
        done = go(run, images, folder, class_name=class_name, data=data, format=format, callbacks=[callback])
    page = folder / "explanation.html"
    _tell(done, as_json, "Everything is in ", bold(folder), "; look at ", bold(page), ".")
