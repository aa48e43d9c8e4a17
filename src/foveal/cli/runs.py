"""Verbs about runs that are there: runs, compare, threshold."""

from typing import Annotated

import typer

from foveal.cli.app import AsJson, Run, app
from foveal.cli.output import bold, print_json, say
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
