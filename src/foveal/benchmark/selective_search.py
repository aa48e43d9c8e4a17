"""Selective search beside its peers, in one run."""

import os
import sys
from collections.abc import Sequence

import numpy as np

from foveal import parallel
from foveal.benchmark.interleaving import Workers, interleave
from foveal.benchmark.machine import Beginning, load_average
from foveal.benchmark.methods import MODES, methods_for, place
from foveal.benchmark.photographs import choose_photographs
from foveal.benchmark.processes import find_packages, pythons
from foveal.benchmark.records import Records
from foveal.benchmark.selective_search_results import SelectiveSearchBenchmark
from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.version import __version__

#: What Foveal's selective search shrinks images to by default.
LONGEST = 640


def benchmark_selective_search(
    data: str | os.PathLike[str] | None = None,
    *,
    modes: Sequence[str] = MODES,
    images: int = 100,
    quality_images: int = 20,
    repeats: int = 1,
    peers_python: str | os.PathLike[str] | None = None,
    format: str | None = None,
    random_state: int = 0,
    callbacks: Callbacks = (),
) -> SelectiveSearchBenchmark:
    """Measure selective search and its peers on the same images, interleaved.

    Every method runs in a process of its own, which answers one image at a time while all others wait;
    each image goes through every method before the next one comes, in an order that goes round. The first
    call of each process is not counted. Only the call of the method is timed, by the process itself, and
    the boxes that are judged are those of the timed call.

    Parameters
    ----------
    data : path-like, optional
        A data set. By default the two photographs that come with scikit-learn, for speed alone: they have
        no boxes.
    modes : sequence of {"single", "fast", "quality"}
        Which modes of ours, each with its peers.
    images : int, default=100
        At most so many images, drawn at random.
    quality_images : int, default=20
        At most so many of these for the methods of the mode ``"quality"``, which take seconds an image.
    repeats : int, default=1
        How many rounds; an image's time is the median of its rounds.
    peers_python : path-like, optional
        The interpreter of another environment, where peers are looked for first.
    format : str, optional
        See :func:`foveal.data.load`.
    random_state : int, default=0
        Draws the images.
    callbacks : sequence of callables

    Returns
    -------
    SelectiveSearchBenchmark
        Peers that are not installed are named in ``absent``.

    Raises
    ------
    FovealError
        If there is no such mode, the data cannot be read, ``peers_python`` is no Python, or Foveal's own
        method fails.

    Notes
    -----
    Images with more than 640 pixels on the longer side are shrunk to that before any method sees them,
    which is what Foveal's selective search does by default: so all work on the same pixels. With several
    cores, ours is measured with two threads as well; everything else has one.
    """
    for what, number in (("images", images), ("quality_images", quality_images), ("repeats", repeats)):
        if number < 1:
            raise SettingError(f"{what} is at least 1; got {number}.")
    methods = methods_for(modes, min(2, parallel.cores()))
    load_before = load_average()
    photographs = choose_photographs(data, images, longest=LONGEST, format=format, random_state=random_state)
    chosen = photographs.chosen
    with stage(callbacks, "looking for peers"):
        environments = {python: find_packages(python) for python in pythons(peers_python)}
    placed, absent = place(methods, environments, sys.executable)
    versions = {m: environments[p].get(m.package, __version__) for m, p in placed.items()}
    began = Beginning.now()
    with Workers(placed, chosen[0]) as workers:
        with stage(callbacks, "warming up", len(placed)) as progress:
            for done, method in enumerate(placed, 1):
                workers.start(method)
                progress(done)
        limits = {
            m: min(len(chosen), quality_images) if m.mode == "quality" else len(chosen)
            for m in workers.methods
        }
        records = Records(limits, chosen, repeats)
        turns = repeats * max(limits.values())
        with stage(callbacks, "measuring", turns) as progress:
            for done, turn in enumerate(interleave(workers, chosen, limits, repeats), 1):
                records.add(turn)
                progress(done)
        usages = {m: workers.usage(m) for m in workers.methods}
        failed = dict.fromkeys(workers.failed.values())
    machine = began.machine(load_before, sum(cpu for _, cpu in usages.values()))
    speeds = [records.speed(m, versions[m], usages[m][0]) for m in workers.methods]
    notes = (*photographs.unreadable, *failed, *records.notes)
    return SelectiveSearchBenchmark(
        source=photographs.source,
        images=len(chosen),
        objects=sum(len(p.boxes) for p in chosen),
        size=(float(np.median([p.size[0] for p in chosen])), float(np.median([p.size[1] for p in chosen]))),
        settings={
            "modes": list(modes),
            "images": images,
            "quality_images": quality_images,
            "repeats": repeats,
            "seed": random_state,
            "longest_side": LONGEST,
        },
        machine=machine,
        proposals=tuple(records.proposals(s) for s in speeds if s.method.mode is not None),
        segmentations=tuple(records.segmentation(s) for s in speeds if s.method.mode is None),
        absent=absent,
        notes=notes,
    )
