"""The verb that shows everything."""

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.app import Seed, app, spent
from foveal.cli.output import progress, say


@app.command(epilog="Example: foveal demo --out my-demo")
def demo(
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; foveal-demo by default.")] = None,
    seed: Seed = 0,
) -> None:
    """Go the whole way on built-in data: make it, check it, train two detectors and a classifier, report."""
    from foveal.runs.folder import free_folder

    folder = free_folder(Path("foveal-demo")) if out is None else out
    with progress() as callback:
        say("Digits hidden in scenes, by two detectors (R-CNN, Faster R-CNN), and alone, by a classifier.")
        say("On two cores this takes two minutes.")
        from foveal.runs import demo as run

        runs = run(folder, seed=seed, callbacks=[callback], spent=spent())
    say("")
    for name, finished in runs.items():
        key = "AP50" if "AP50" in finished.metrics else "accuracy"
        say(f"[bold]{key} {finished.metrics[key]:.3f}[/] on held-out {name} ({finished.folder.path})")
    say(f"The report: [bold]{folder / 'report.html'}[/]")
