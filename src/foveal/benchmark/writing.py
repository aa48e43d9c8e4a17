"""A benchmark as files."""

import io
import os
from pathlib import Path

from foveal.benchmark.results import SelectiveSearchBenchmark
from foveal.benchmark.tables import to_markdown
from foveal.files import write_bytes, write_json, write_text
from foveal.report.figures.metrics.timing import draw_speeds
from foveal.report.figures.proposals.recall import draw_proposal_quality


def write_benchmark(benchmark: SelectiveSearchBenchmark, folder: str | os.PathLike[str]) -> None:
    """Write the figures of a benchmark as JSON, as a table and as pictures.

    Parameters
    ----------
    benchmark : SelectiveSearchBenchmark
    folder : path-like
        Receives ``benchmark.json``, ``benchmark.md``, ``speed.png``, ``speed.svg`` and, where the pictures
        have objects, ``quality.png`` and ``quality.svg``. It is made if it is missing.
    """
    folder = Path(folder)
    write_json(folder / "benchmark.json", benchmark.to_json())
    write_text(folder / "benchmark.md", to_markdown(benchmark))
    seconds: dict[str, dict[str, float]] = {}
    for figures in benchmark.proposals:
        method = figures.speed.method
        seconds.setdefault(f"mode {method.mode}", {})[method.name] = figures.speed.seconds
    if benchmark.segmentations:
        seconds["segmentation alone"] = {
            s.speed.method.name: s.speed.seconds for s in benchmark.segmentations
        }
    drawings = {"speed": draw_speeds(seconds)}
    # With more threads the boxes are the same.
    judged = [p for p in benchmark.proposals if p.quality is not None and p.speed.method.threads == 1]
    qualities = {}
    for figures in judged:
        assert figures.quality is not None
        few = figures.quality.images < benchmark.pictures
        name = figures.speed.method.name + (f" ({figures.quality.images} images)" if few else "")
        qualities[name] = figures.quality
    if qualities:
        drawings["quality"] = draw_proposal_quality(qualities)
    for name, figure in drawings.items():
        for kind in ("png", "svg"):
            content = io.BytesIO()
            # A picture that is looked at alone needs a page to be dark on.
            figure.savefig(content, format=kind, dpi=160, facecolor="white")
            write_bytes(folder / f"{name}.{kind}", content.getvalue())
