"""One method in a process of its own: images come in through a pipe, boxes and seconds go out.

This file is run by its path, with whichever Python has the peer. For a peer it imports NumPy and the peer
and nothing of Foveal; Foveal's own methods run here as well, so that all are treated alike::

    python _worker.py detect
    python _worker.py run '{"task": "dlib", "options": {"min_size": 500}, "threads": 1}'

A message is one line of JSON, followed by as many raw bytes as its ``bytes`` says. ``detect`` prints one
line and ends. ``run`` says ``{"ready": true}`` and then answers each request: ``{"do": "measure", "shape":
…}`` with the bytes of an RGB image, and ``{"do": "usage"}``. It ends when its input does.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import IO, Any, NamedTuple

# This folder must not be searched for modules: it belongs to another package than the peer.
if __name__ == "__main__":
    sys.path.pop(0)


#: From a request and its bytes to an answer and its bytes.
Answer = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]


class Steps(NamedTuple):
    """A method in three steps, of which only the call is timed."""

    prepare: Callable[[Any], Any]
    call: Callable[[Any], Any]
    read: Callable[[Any], Any]


def corners(boxes: Any) -> Any:
    """Boxes ``x, y, width, height`` as ``x1, y1, x2, y2``, float32."""
    import numpy as np

    xywh = np.array(boxes, np.float32).reshape(-1, 4)
    xywh[:, 2:] += xywh[:, :2]
    return xywh


def foveal_search(threads: int, mode: str) -> Steps:
    from foveal.proposals import SelectiveSearch

    search = SelectiveSearch(mode=mode, n_jobs=threads)
    return Steps(as_it_is, search.propose, lambda proposals: proposals.boxes)


def foveal_segment(threads: int, k: float, sigma: float, min_size: int) -> Steps:
    from foveal.proposals import segment

    return Steps(as_it_is, lambda image: segment(image, k, sigma=sigma, min_size=min_size), as_it_is)


def opencv_search(threads: int, mode: str) -> Steps:
    segmentation = importlib.import_module("cv2").ximgproc.segmentation

    def call(image: Any) -> Any:
        search = segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(image)
        if mode == "single":
            search.switchToSingleStrategy()
        elif mode == "fast":
            search.switchToSelectiveSearchFast()
        else:
            search.switchToSelectiveSearchQuality()
        return search.process()

    return Steps(as_bgr, call, corners)


def opencv_segment(threads: int, k: float, sigma: float, min_size: int) -> Steps:
    segmentation = importlib.import_module("cv2").ximgproc.segmentation

    def call(image: Any) -> Any:
        return segmentation.createGraphSegmentation(sigma, k, min_size).processImage(image)

    return Steps(as_bgr, call, as_it_is)


def dlib_search(threads: int, **options: Any) -> Steps:
    find = importlib.import_module("dlib").find_candidate_object_locations

    def call(image: Any) -> Any:
        found: list[Any] = []
        find(image, found, **options)
        return found

    def read(found: Any) -> Any:
        import numpy as np

        # dlib's rectangles include their last row and column.
        boxes = [(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in found]
        return np.array(boxes, np.float32).reshape(-1, 4)

    return Steps(as_it_is, call, read)


def selectivesearch_search(threads: int, **options: Any) -> Steps:
    search = importlib.import_module("selectivesearch").selective_search
    return Steps(
        as_it_is,
        lambda image: search(image, **options),
        lambda result: corners([region["rect"] for region in result[1]]),
    )


def skimage_segment(threads: int, k: float, sigma: float, min_size: int) -> Steps:
    felzenszwalb = importlib.import_module("skimage.segmentation").felzenszwalb
    return Steps(
        as_it_is, lambda image: felzenszwalb(image, scale=k, sigma=sigma, min_size=min_size), as_it_is
    )


def as_it_is(value: Any) -> Any:
    return value


def as_bgr(image: Any) -> Any:
    return image[:, :, ::-1].copy()


TASKS: dict[str, Callable[..., Steps]] = {
    "foveal": foveal_search,
    "foveal-segment": foveal_segment,
    "opencv": opencv_search,
    "opencv-segment": opencv_segment,
    "dlib": dlib_search,
    "selectivesearch": selectivesearch_search,
    "skimage-segment": skimage_segment,
}


def detect() -> dict[str, Any]:
    """The version of each peer that can be imported and has what is measured."""
    wanted = {
        "numpy": ("numpy", "ndarray"),
        "opencv-contrib-python-headless": ("cv2", "ximgproc.segmentation.createSelectiveSearchSegmentation"),
        "dlib-bin": ("dlib", "find_candidate_object_locations"),
        "selectivesearch": ("selectivesearch", "selective_search"),
        "scikit-image": ("skimage.segmentation", "felzenszwalb"),
    }
    found = {}
    for package, (module_name, attributes) in wanted.items():
        try:
            value = importlib.import_module(module_name)
            for attribute in attributes.split("."):
                value = getattr(value, attribute)
        except Exception:  # whatever a broken installation raises
            continue
        found[package] = version_of(package, module_name)
    return {"python": ".".join(map(str, sys.version_info[:3])), "packages": found}


def version_of(package: str, module_name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        module = sys.modules[module_name.partition(".")[0]]
        return str(getattr(module, "__version__", "unknown"))


def usage() -> dict[str, Any]:
    """The most memory that this process ever had in RAM, and the processor's time that it took."""
    # Not ru_maxrss on Linux: that begins with what the parent had when it started this process.
    peak = status("VmHWM")
    if peak is None:
        try:
            resource: Any = importlib.import_module("resource")
        except ImportError:
            pass
        else:
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            peak = most if sys.platform == "darwin" else most * 1024
    return {"peak_memory": peak, "cpu_seconds": time.process_time()}


def status(key: str) -> int | None:
    """A size in bytes from what Linux tells of this process; None elsewhere."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith(f"{key}:")), None)
    except OSError:
        return None


def send(channel: IO[bytes], header: dict[str, Any], body: bytes = b"") -> None:
    channel.write(json.dumps({**header, "bytes": len(body)}).encode("ascii") + b"\n" + body)
    channel.flush()


def receive(channel: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message, or None where the other side has ended in between."""
    line = channel.readline()
    if not line:
        return None
    header = json.loads(line)
    body = channel.read(header["bytes"])
    return (header, body) if len(body) == header["bytes"] else None


def measure(steps: Steps, shape: list[int], pixels: bytes) -> tuple[dict[str, Any], bytes]:
    import numpy as np

    given = steps.prepare(np.frombuffer(pixels, np.uint8).reshape(shape).copy())
    start = time.perf_counter()
    result = steps.call(given)
    seconds = time.perf_counter() - start
    array = np.asarray(steps.read(result))
    array = np.ascontiguousarray(array, "<i4" if array.dtype.kind in "iu" else "<f4")
    return {"seconds": seconds, "shape": array.shape, "dtype": array.dtype.str}, array.tobytes()


def method_of(task: dict[str, Any]) -> Answer:
    """What answers the requests of a method."""
    steps = TASKS[task["task"]](task["threads"], **task["options"])
    # OpenCV has threads of its own, in Foveal's methods as well.
    if task["task"].startswith(("foveal", "opencv")):
        importlib.import_module("cv2").setNumThreads(task["threads"])

    def answer(header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        return (usage(), b"") if header["do"] == "usage" else measure(steps, header["shape"], body)

    return answer


def serve(start: Callable[[], Answer], requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests, one at a time, until there are no more."""
    try:
        answer = start()
    except Exception as error:  # whatever an import raises
        send(answers, {"error": say(error)})
        return
    send(answers, {"ready": True})
    while (message := receive(requests)) is not None:
        try:
            send(answers, *answer(*message))
        except Exception as error:  # the peer's affair; the next request may do
            send(answers, {"error": say(error)})


def say(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def take_output() -> IO[bytes]:
    """Standard output for the answers alone: what a package prints must not come between them."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def main(
    words: list[str],
    detect: Callable[[], dict[str, Any]] = detect,
    start: Callable[[dict[str, Any]], Answer] = method_of,
) -> None:
    answers = take_output()
    if words[0] == "detect":
        send(answers, detect())
    else:
        serve(lambda: start(json.loads(words[1])), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(sys.argv[1:])
