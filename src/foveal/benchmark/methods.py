"""What is measured: Foveal's own methods and those of other packages."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foveal.errors import SettingError

MODES = ("single", "fast", "quality")
OURS = "foveal"
_OPENCV = "opencv-contrib-python-headless"

#: How each package is installed where ``foveal benchmark`` finds it.
INSTALL = {
    _OPENCV: (
        "its cv2 would overwrite the one that Foveal uses, so give it an environment of its own: "
        "python3 -m venv peers && peers/bin/pip install opencv-contrib-python-headless, "
        "then --peers-python peers/bin/python"
    ),
    "dlib-bin": "pip install dlib-bin",
    "selectivesearch": "pip install selectivesearch",
    "scikit-image": "pip install scikit-image",
}

# The same for every graph-based segmentation; what "single" begins with.
_SEGMENTATION = {"k": 100.0, "sigma": 0.8, "min_size": 100}


@dataclass(frozen=True)
class Method:
    """One thing that is timed.

    Attributes
    ----------
    name : str
        As tables and figures say; no two are the same.
    package : str
        What has to be installed for it.
    task : str
        A key of ``TASKS`` in ``_worker.py``.
    mode : str or None
        The mode of ours that it is compared with; None of a segmentation.
    options : mapping
        The task's.
    threads : int
    """

    name: str
    package: str
    task: str
    mode: str | None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    threads: int = 1

    @property
    def ours(self) -> bool:
        """Whether it is Foveal's."""
        return self.package == OURS


def methods_for(modes: Sequence[str], threads: int = 2) -> list[Method]:
    """Every method of some modes, installed or not, and every segmentation.

    Parameters
    ----------
    modes : sequence of {"single", "fast", "quality"}
    threads : int, default=2
        What ours is measured with besides one thread; nothing besides for 1.

    Returns
    -------
    list of Method
        Of each mode first ours with one thread.

    Raises
    ------
    SettingError
        If there is no such mode.

    Examples
    --------
    >>> [m.name for m in methods_for(["single"], threads=1)][:3]
    ['Foveal single', 'OpenCV single', 'selectivesearch']
    """
    chosen: list[Method] = []
    for mode in modes:
        if mode not in MODES:
            raise SettingError(f"There is no mode {mode!r} to measure; there are {', '.join(MODES)} and all.")
        chosen.append(Method(f"Foveal {mode}", OURS, "foveal", mode, {"mode": mode}))
        if threads > 1:
            name = f"Foveal {mode}, {threads} threads"
            chosen.append(Method(name, OURS, "foveal", mode, {"mode": mode}, threads))
        chosen.append(Method(f"OpenCV {mode}", _OPENCV, "opencv", mode, {"mode": mode}))
        if mode == "single":
            options = {"scale": 500, "sigma": 0.9, "min_size": 10}
            chosen.append(Method("selectivesearch", "selectivesearch", "selectivesearch", mode, options))
        if mode == "fast":
            chosen.append(Method("dlib", "dlib-bin", "dlib", mode))
            chosen.append(Method("dlib min_size=500", "dlib-bin", "dlib", mode, {"min_size": 500}))
    chosen += [
        Method("Foveal segment", OURS, "foveal-segment", None, _SEGMENTATION),
        Method("OpenCV GraphSegmentation", _OPENCV, "opencv-segment", None, _SEGMENTATION),
        Method("scikit-image felzenszwalb", "scikit-image", "skimage-segment", None, _SEGMENTATION),
    ]
    return chosen


def place(
    methods: Sequence[Method], environments: Mapping[str | os.PathLike[str], Mapping[str, str]], own: str
) -> tuple[dict[Method, str | os.PathLike[str]], dict[str, str]]:
    """Find an interpreter for each method.

    Parameters
    ----------
    methods : sequence of Method
    environments : mapping of path-like to mapping
        The versions of the packages of each interpreter; where several have one, the first counts.
    own : str
        The interpreter that ours runs in.

    Returns
    -------
    placed : dict of Method to path-like
        In the order of `methods`.
    absent : dict of str to str
        How to install each package that none of them has.

    Examples
    --------
    >>> environments = {"/peers/python": {"scikit-image": "0.26"}}
    >>> placed, absent = place(methods_for(["single"]), environments, "/own/python")
    >>> [m.name for m in placed][-1], list(absent)
    ('scikit-image felzenszwalb', ['opencv-contrib-python-headless', 'selectivesearch'])
    """
    placed: dict[Method, str | os.PathLike[str]] = {}
    absent: dict[str, str] = {}
    for method in methods:
        having = next((p for p, has in environments.items() if method.package in has), None)
        having = own if method.ours else having
        if having is None:
            absent[method.package] = INSTALL[method.package]
        else:
            placed[method] = having
    return placed, absent
