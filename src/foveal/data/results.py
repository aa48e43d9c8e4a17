"""Folders that programs wrote into the data: Foveal's own results, runs of other trainers."""

import os
import re
from collections.abc import Sequence

from foveal.files import open_regular
from foveal.images import EXTENSIONS

# What a command of Foveal writes, and what stands near the beginning of it; others call files so too.
_OWN = {
    "config.toml": r"Foveal|^(?:model|seed)\s*=",
    "explanations.json": r'"file"',
    "predictions.csv": r"^\W*file\b",
    "predictions.json": r'"(?:file|image_id)"',
    "predictions.jsonl": r'"(?:frame|file|time|detections|label)"',
    "proposals.json": r'"file"',
}
_EMPTY = re.compile(r"\s*(?:\[\s*\]|\{\s*\})?\s*")
_HEAD = 4096
_DRAWN = {"drawn", "maps"}
_OF_RUNS = {"detect", "segment", "classify", "pose", "obb"}
_IN_RUNS = {"weights", "labels", "crops"}


def is_own(entries: Sequence["os.DirEntry[str]"]) -> bool:
    """Whether a folder is what a command of Foveal wrote.

    Such commands write into new folders only: one with annotations in it is none.
    """
    marks = [entry for entry in entries if entry.name in _OWN]
    if not marks or not any(map(_reads_as_own, marks)):
        return False
    shown = {entry.name.rpartition(".")[0] for entry in entries if _is_picture(entry.name)}
    suffixes = {".xml"} | ({".txt", ".json"} if shown else set())
    return not any(
        ending.lower() in suffixes and (ending.lower() == ".xml" or stem in shown)
        for stem, ending in (os.path.splitext(entry.name) for entry in entries)  # noqa: PTH122
    )


def _reads_as_own(mark: "os.DirEntry[str]") -> bool:
    try:
        if not mark.is_file():
            return False
        with open_regular(mark.path) as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return True
    return bool(_EMPTY.fullmatch(head) or re.search(_OWN[mark.name], head, re.MULTILINE))


def holds_more_than_own(entries: Sequence["os.DirEntry[str]"]) -> bool:
    """Whether there are pictures where Foveal writes none."""
    return any(_is_picture(e.name) or (e.is_dir() and e.name not in _DRAWN) for e in entries)


def is_run_of_others(name: str, entries: Sequence["os.DirEntry[str]"]) -> bool:
    """Whether a folder is what YOLO's programs or Python's wrote beside the data: runs, environments."""
    names = {entry.name for entry in entries}
    if "pyvenv.cfg" in names or (name == "runs" and names & _OF_RUNS):
        return True
    if not (names & {"args.yaml", "opt.yaml"} and names & {"weights", "results.csv", "hyp.yaml"}):
        return False
    # Somebody may keep such files beside data.
    folders = {entry.name for entry in entries if entry.is_dir()}
    return folders <= _IN_RUNS and not any(name.lower().endswith((".txt", ".xml")) for name in names)


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122
