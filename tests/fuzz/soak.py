"""Predicting without end, ``python tests/fuzz/soak.py --minutes 30``: memory, descriptors and threads.

Eight threads predict with a model of each kind, images of many sizes and damaged files among them; beside
them processes come and go that were spawned or forked. What grows without end is told.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

_THREADS = 8


def standing() -> dict[str, int]:
    """Resident megabytes, open descriptors and threads of this process."""
    fields = Path("/proc/self/status").read_text().split("\n")
    value = {line.split(":")[0]: line.split()[1] for line in fields if ":" in line and len(line.split()) > 1}
    return {
        "MB": int(value["VmRSS"]) // 1024,
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - the listing itself opens one
        "threads": int(value["Threads"]),
    }


def make_models(folder: Path) -> list[Path]:
    """A small file of every kind of model that predicts."""
    from model_files import make_seeds

    from foveal.files import write_container

    files = []
    for name, (arrays, metadata) in make_seeds(folder).items():
        prepared = metadata.get("preprocessing", {"pictures": {}})
        of_images = prepared.get("features") is not None or prepared.get("pictures") is not None
        if of_images and not name.startswith(("checkpoint", "rpn")):
            files.append(folder / f"{name}.safetensors")
            write_container(files[-1], arrays, metadata)
    return files


def make_images(folder: Path) -> list[Path]:
    """Images of many sizes; each fifth is cut off."""
    from PIL import Image

    rng = np.random.default_rng(0)
    files = []
    for i in range(40):
        height, width = rng.integers(1, 300, 2).tolist()
        files.append(folder / f"{i}.jpg")
        Image.fromarray(rng.integers(0, 256, (height, width, 3)).astype(np.uint8)).save(files[-1])
        if i % 5 == 0:
            files[-1].write_bytes(files[-1].read_bytes()[: 20 + 7 * i])
    return files


def predict(model: Any, images: list[Path]) -> str:
    """What comes of an image, as a word."""
    from foveal.errors import FovealError

    try:
        model.predict(images)
    except FovealError:
        return "refused"
    return "answered"


def in_process(model_file: Path, images: list[Path]) -> None:
    """What a process of its own does."""
    import foveal

    model = foveal.load(model_file)
    for image in images:
        predict(model, [image])


def main() -> int:
    """Go on for the minutes that were asked for; 1 where something failed or grew."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--minutes", type=float, default=30.0)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    import foveal

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, images = make_models(folder), make_images(folder)
        models = list(map(foveal.load, files))
        counts: Counter[str] = Counter()
        failed: list[str] = []
        over = threading.Event()

        def work(number: int) -> None:
            rng = np.random.default_rng([given.seed, number])
            while not over.is_set():
                model = models[int(rng.integers(len(models)))]
                chosen = rng.choice(len(images), int(rng.integers(1, 5))).tolist()
                try:
                    counts[predict(model, [images[i] for i in chosen])] += 1
                except BaseException as error:
                    failed.append(f"{model.name}: {error!r}")

        def processes() -> None:
            rng = np.random.default_rng([given.seed, 99])
            while not over.is_set():
                for method in ("spawn", "fork"):
                    context = multiprocessing.get_context(method)
                    file = files[int(rng.integers(len(files)))]
                    process = context.Process(target=in_process, args=(file, images[:6]))
                    process.start()
                    process.join(120)
                    if process.exitcode != 0:
                        failed.append(f"{method} of {file.name} ended with {process.exitcode}")
                        process.kill()
                        process.join()
                    process.close()
                    counts[method] += 1
                over.wait(2)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(_THREADS)]
        threads.append(threading.Thread(target=processes))
        for thread in threads:
            thread.start()
        began, seen = time.monotonic(), []
        for share in (1 / 6, 1 / 2, 1):
            time.sleep(max(0.0, began + 60 * given.minutes * share - time.monotonic()))
            seen.append(standing())
            print(f"after {given.minutes * share:g} minutes: {seen[-1]}, {dict(counts)}", flush=True)
        over.set()
        for thread in threads:
            thread.join(180)
    for text in failed[:20]:
        print(text)
    grew = [
        key
        for key, room in (("MB", 100), ("descriptors", 10), ("threads", 5))
        if seen[-1][key] > seen[0][key] + room
    ]
    print(f"{len(failed)} failures; " + (f"grew: {', '.join(grew)}" if grew else "nothing grew"))
    return 1 if failed or grew else 0


if __name__ == "__main__":
    sys.exit(main())
