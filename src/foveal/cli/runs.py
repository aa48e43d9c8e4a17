"""Verbs about runs that are there: runs, compare, threshold."""

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.app import AsJson, Run, Seed, app, new_folder, out_option, will_go_on
from foveal.cli.output import bold, print_json, print_runs, say
from foveal.progress import show_progress
from foveal.wording import visible


@app.command(epilog="Example: foveal threshold runs/first .4")
def threshold(
    run: Run,
    value: Annotated[float, typer.Argument(help="The least score to believe, from 0 to 1.", min=0, max=1)],
    as_json: AsJson = False,
) -> None:
    """Set the score from which a detector's boxes are believed, in its model file.

    predict, export and foveal.load then use it. foveal evaluate --precision or --recall chooses one.
    """
    from foveal import exits
    from foveal.runs import set_threshold

    exits.goes_on_by(visible(f"{run} is as it was, or has the new threshold: give the command again."))
    before = set_threshold(run, value)
    if as_json:
        print_json({"run": str(run), "threshold": value, "before": before})
        return
    say("The threshold of ", bold(run), f" is {value:g}, and was {before:g}.")


@app.command("runs", epilog="Example: foveal runs experiments --json")
def list_(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of runs, or of folders of runs.")
    ] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List runs, a line each: data, model, figures, time, size and date, the newest last."""
    from foveal.runs import list_runs

    runs = list_runs(folder)
    if as_json:
        print_json([run.as_json() for run in runs])
        return
    if not runs:
        say(f"There is no run in {folder}: foveal train DATA makes one.")
        return
    print_runs(runs, folder)


@app.command(epilog="Example: foveal compare runs/first runs/second --out compared")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Finished runs, two or more.")],
    out: Annotated[Path | None, out_option("comparison")] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare runs on a page: what differs, and what of the difference is more than chance.

    Runs of the same settings, which differ by their seeds, are taken together.
    """
    from foveal.runs import compare as run

    folder = new_folder(out, "comparison")
    will_go_on(folder, out)
    with show_progress(quiet=as_json) as callback:
        compared = run(runs, folder, seed=seed, callbacks=[callback])
    if as_json:
        print_json({"page": str(compared.page), **compared.as_json()})
        return
    for sentence in compared.verdicts:
        say(sentence, to_output=True)
    say("The comparison is in ", bold(compared.page), ".")
