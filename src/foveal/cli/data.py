"""Verbs that need no run: demo, show, doctor, convert, propose, prepare."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from foveal import exits
from foveal.cli.app import (
    AsJson,
    Data,
    Format,
    Images,
    Seed,
    Settings,
    app,
    new_folder,
    out_option,
    will_go_on,
)
from foveal.cli.output import (
    bold,
    name_unreadable,
    print_figures,
    print_findings,
    print_json,
    print_what_it_is,
    say,
    spelled,
)
from foveal.errors import SettingError
from foveal.kernels import expect
from foveal.progress import show_progress
from foveal.wording import count, visible

if TYPE_CHECKING:
    from foveal.data import Converted, Dataset


@app.command(epilog="Example: foveal demo --out my-demo")
def demo(out: Annotated[Path | None, out_option("foveal-demo")] = None, seed: Seed = 0) -> None:
    """Go the whole way on built-in data: make it, check it, train two detectors and a classifier, report."""
    expect()
    folder = new_folder(out, "foveal-demo")
    will_go_on(folder, out, "goes on with it")
    with show_progress() as callback:
        say("Digits hidden in scenes, by two detectors (R-CNN, Faster R-CNN), and alone, by a classifier.")
        say(
            "On two idle cores this takes about two minutes; on a busy computer longer, with the same result."
        )
        from foveal.runs import demo as run

        runs = run(folder, seed=seed, callbacks=[callback])
    say("")
    for name, finished in runs.items():
        key = "AP50" if "AP50" in finished.metrics else "accuracy"
        figure = spelled(f"{key} {finished.metrics[key]:.3f}", "bold")
        say(figure, f" on held-out {name} ({finished.folder.path})")
    say("The report: ", bold(folder / "report.html"))


@app.command(epilog="Example: foveal show photos --out photos-shown")
def show(
    data: Data,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for a page; without it no picture is opened.")
    ] = None,
    format: Format = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a data set is: format, pictures, objects, classes and sizes.

    With --out a page shows it: pictures with their boxes, the classes, how
    large the boxes are and where they lie, what the doctor found, and what a
    training would see.
    """
    from foveal.data import load
    from foveal.runs import show as run

    if out is not None:
        will_go_on(out, out)
    with show_progress(quiet=as_json) as callback:
        dataset = load(data, format=format)
        shown = run(dataset, out, seed=seed, callbacks=[callback])
    page = None if shown.folder is None else shown.folder / "data.html"
    if as_json:
        print_json(shown.figures | ({} if page is None else {"page": str(page)}))
        return
    print_what_it_is(dataset)
    print_figures(shown.figures)
    if page is not None:
        matter = sum(f.severity != "note" for f in shown.findings)
        say(f"The doctor has {count(matter, 'finding')} that {'matters' if matter == 1 else 'matter'}.")
        say("The page: ", bold(page))


_Link = Annotated[
    bool,
    typer.Option("--link", help="Link the pictures in place of copying them (hard links where possible)."),
]


@app.command(epilog="Example: foveal doctor photos --fix --out mended")
def doctor(
    data: Data,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a copy in which what a program can mend is mended.")
    ] = False,
    out: Annotated[Path | None, out_option("mended")] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="The copy's format; the data's own by default."),
    ] = None,
    link: _Link = False,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Say what a data set is, what is wrong with it, and what training would do about it.

    Exit status 0 if nothing was found that matters (notes do not), 1 if something was.

    With --fix that is said of the copy.
    """
    from foveal.data import doctor as examine
    from foveal.data import load
    from foveal.files import check_free

    if not fix and (out or to or link):
        raise SettingError("--out, --to and --link belong to a mended copy: add --fix.")
    folder = check_free(new_folder(out, "mended")) if fix else None
    dataset = load(data, format=format)
    if not as_json:
        print_what_it_is(dataset)
    if folder is not None:
        _mend(dataset, data, folder, to, link, as_json)
    with show_progress(quiet=as_json) as callback:
        findings = examine(dataset, callbacks=[callback])
    clean = all(f.severity == "note" for f in findings)
    if as_json:
        print_json({"data": str(data), "clean": clean, "findings": [asdict(f) for f in findings]})
    else:
        print_findings(findings)
        if clean:
            say(spelled("Nothing is wrong with this data set.", "green"), to_output=True)
    raise typer.Exit(0 if clean else 1)


def _mend(
    dataset: "Dataset", data: Path, folder: Path, to: str | None, link: bool, as_json: bool
) -> NoReturn:
    """Write the mended copy, say what was done and what is left, and end."""
    from foveal.data import mend

    with show_progress(quiet=as_json) as callback:
        done = mend(dataset, folder, to=to, images="link" if link else "copy", callbacks=[callback])
    exits.goes_on_by(visible(f"{folder} is written; another --out would hold it again."))
    written = done.written
    clean = all(f.severity == "note" for f in done.left)
    if as_json:
        print_json(
            {"data": str(data), "out": str(folder), "format": written.format, "clean": clean}
            | {"mended": [asdict(f) for f in done.mended], "copy": [asdict(f) for f in written.findings]}
            | {"left": [asdict(f) for f in done.left]}
        )
        raise typer.Exit(0 if clean else 1)
    for title, findings in (
        ("Mended:", done.mended),
        ("Left out of the copy, or otherwise in it:", written.findings),
        ("What is left, for you to look at:", done.left),
    ):
        if findings:
            say("", to_output=True)
            say(spelled(title, "bold"), to_output=True)
            print_findings(findings)
    say("", to_output=True)
    say(f"{_content(written)}: the mended copy is in ", bold(folder), ".", to_output=True)
    if clean:
        say(spelled("Nothing is wrong with it.", "green"), to_output=True)
    raise typer.Exit(0 if clean else 1)


def _content(written: "Converted") -> str:
    """What was written, in a few words."""
    from foveal.data.formats.table import FORMATS

    parts = [
        count(written.images, "picture"),
        *([count(written.objects, "object")] if FORMATS[written.format].task == "detection" else []),
        count(len(written.classes), "class", "classes"),
    ]
    splits = ", ".join(f"{part} {number}" for part, number in written.splits.items())
    return f"{FORMATS[written.format].title}: {', '.join(parts)}; {splits or 'no splits'}"


@app.command(epilog="Example: foveal convert photos --to coco --out photos-coco --split .8,.1,.1")
def convert(
    data: Data,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="voc, coco, yolo, labelme, create_ml, cvat, label_studio, kitti, csv, folders or labels.",
        ),
    ] = None,
    out: Annotated[Path | None, out_option("converted")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--classes", metavar="A,B", help="The classes that stay.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="A=B", help="Call class A B; classes of one name become one."),
    ] = None,
    merge: Annotated[
        list[Path] | None, typer.Option("--merge", metavar="OTHER", help="Add another data set.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar=".8,.1,.1", help="Divide anew into train, val and test (or two)."),
    ] = None,
    subset: Annotated[
        int | None, typer.Option("--subset", metavar="N", min=1, help="So many of the pictures, at random.")
    ] = None,
    crop_objects: Annotated[
        bool, typer.Option("--crop-objects", help="Cut the objects out, into a folder for each class.")
    ] = False,
    background: Annotated[
        bool, typer.Option("--background/--no-background", help="Keep pictures without objects.")
    ] = True,
    link: _Link = False,
    format: Format = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write a data set in another format, with other classes, parts or pictures; read it again and compare.

    Everything that the format has no word for is told and counted. Nothing of the data set itself is changed.
    """
    from foveal.data import convert as run
    from foveal.data import crop_objects as cut
    from foveal.data import load
    from foveal.data.choices import chosen_classes, chosen_names, chosen_shares
    from foveal.data.converting import with_parts, writer_of
    from foveal.files import check_free

    if crop_objects and to not in (None, "folders"):
        raise SettingError(f"--crop-objects makes folders of classes, not {to}: leave --to out.")
    if crop_objects and link:
        raise SettingError("--crop-objects makes new pictures, which cannot be links: leave --link out.")
    if to is None and not crop_objects:
        raise SettingError("Name the format that is to be written with --to, such as --to coco.")
    folder = check_free(new_folder(out, "converted"))
    whole = dataset = load(data, format=format)
    if to is not None:
        writer_of(to, dataset.task)
    shares = chosen_shares(split) if split is not None else None
    if merge:
        dataset = dataset.concatenate(*(load(other) for other in merge))
    dataset = dataset.rename(chosen_names(dataset, rename)) if rename else dataset
    if classes or not background:
        dataset = dataset.filter(
            classes=chosen_classes(dataset, classes) if classes else None, background=background
        )
    dataset = dataset.subset(subset, seed) if subset is not None else dataset
    dataset = with_parts(dataset, shares, seed) if shares is not None else dataset
    if not as_json:
        print_what_it_is(whole)
    with show_progress(quiet=as_json) as callback:
        if crop_objects:
            written = cut(dataset, folder, callbacks=[callback])
        else:
            assert to is not None
            written = run(dataset, to, folder, images="link" if link else "copy", callbacks=[callback])
    exits.goes_on_by(visible(f"{folder} is written; another --out would hold it again."))
    if as_json:
        print_json(
            {"data": str(data), "out": str(folder), "format": written.format, "images": written.images}
            | {"objects": written.objects, "classes": list(written.classes), "splits": written.splits}
            | {"findings": [asdict(f) for f in written.findings]}
        )
        return
    print_findings(written.findings)
    say(f"{_content(written)}: written, read again and compared, in ", bold(folder), ".", to_output=True)


@app.command(epilog="Example: foveal propose street.jpg --mode quality --explain street.html")
def propose(
    images: Images,
    mode: Annotated[str, typer.Option("--mode", help="single, fast or quality.")] = "fast",
    number: Annotated[int, typer.Option("--number", min=1, help="The best so many of each picture.")] = 2000,
    drawn: Annotated[int, typer.Option("--drawn", min=0, help="The best so many are drawn.")] = 50,
    out: Annotated[Path | None, out_option("proposals")] = None,
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
    expect()
    from foveal.runs import parse_settings
    from foveal.runs.proposing import propose as run

    folder = new_folder(out, "proposals")
    will_go_on(folder, out)
    with show_progress(quiet=as_json) as callback:
        done = run(
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
        print_json(done.results)
    elif done.results:
        pictures = count(len(done.results), "picture")
        say(f"{pictures}: proposals.json and drawn/ are in ", bold(done.folder), ".")
        if explain is not None:
            say("How the search went: ", bold(explain))
    name_unreadable(done.unreadable)


@app.command(epilog="Example: foveal prepare photos --out crops && foveal train crops --model svm")
def prepare(
    data: Data,
    out: Annotated[Path | None, out_option("crops")] = None,
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
    expect()
    from foveal.data import load
    from foveal.proposals import prepare as run

    folder = new_folder(out, "crops")
    will_go_on(folder, out)
    with show_progress(quiet=as_json) as callback:
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
        print_json({"folder": str(folder), "counts": prepared.counts, "skipped": list(prepared.skipped)})
        return
    for split, counts in prepared.counts.items():
        say(f"{split}: " + (", ".join(f"{n} {label}" for label, n in counts.items()) or "none"))
    say("The crops and manifest.csv are in ", bold(folder), ".")
