"""Verbs that need no run: demo, show, doctor, propose, prepare."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

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
from foveal.kernels import expect
from foveal.progress import show_progress
from foveal.wording import count


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


@app.command(epilog="Example: foveal doctor photos --json")
def doctor(data: Data, format: Format = None, as_json: AsJson = False) -> None:
    """Say what a data set is, what is wrong with it, and what training would do about it.

    Exit status 0 if nothing was found that matters (notes do not), 1 if something was.
    """
    from foveal.data import doctor as examine
    from foveal.data import load

    dataset = load(data, format=format)
    if not as_json:
        print_what_it_is(dataset)
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
