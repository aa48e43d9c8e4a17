"""Verbs that look at data: doctor, propose, prepare."""

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.app import AsJson, Data, Format, Seed, Settings, app
from foveal.cli.output import count, name_unreadable, plain, print_findings, print_json, progress, say


@app.command(epilog="Example: foveal doctor photos --json")
def doctor(data: Data, format: Format = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a data set, and what training would do about it.

    Exit status 0 if nothing was found that matters (notes do not), 1 if something was.
    """
    from foveal.data import doctor as examine

    with progress(quiet=as_json) as callback:
        findings = examine(data, format=format, callbacks=[callback])
    matter = [f for f in findings if f.severity != "note"]
    if as_json:
        print_json(
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
        print_findings(findings)
        if not matter:
            say("[green]Nothing is wrong with this data set.[/]", to_output=True)
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
    with progress(quiet=as_json) as callback:
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
        print_json(summary.results)
    else:
        say(f"{count(len(summary.results), 'picture')}: proposals.json and drawn/ are in [bold]{folder}[/].")
        if explain is not None:
            say(f"How the search went: [bold]{plain(str(explain))}[/]")
    name_unreadable(summary.unreadable)


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
    with progress(quiet=as_json) as callback:
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
    say(f"The crops and manifest.csv are in [bold]{folder}[/].")
