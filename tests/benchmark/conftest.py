"""An environment of made-up peers, so that no test depends on what is installed."""

import os
import stat
import sys

import pytest

# Each does what the real one does, in its own manner: BGR and width-height, inclusive corners, regions.
PEERS = {
    "cv2.py": """
        import numpy as np
        __version__ = "9.9"
        def setNumThreads(number): pass
        class _Search:
            def setBaseImage(self, image): self.image = image
            def switchToSingleStrategy(self): self.mode = 1
            def switchToSelectiveSearchFast(self): self.mode = 2
            def switchToSelectiveSearchQuality(self): self.mode = 3
            def process(self):
                # The first box tells the mode and the first pixel's channels, as the search sees them.
                b, g, r = self.image[0, 0].tolist()
                return np.array([[self.mode, b, g, r], [10, 20, 30, 15]], np.int32)
        class _Graph:
            def processImage(self, image):
                return np.zeros(image.shape[:2], np.int32)
        class ximgproc:
            class segmentation:
                createSelectiveSearchSegmentation = _Search
                def createGraphSegmentation(sigma, k, min_size): return _Graph()
    """,
    "dlib.py": """
        __version__ = "8.8"
        class _Rectangle:
            def __init__(self, *sides): self.sides = sides
            def left(self): return self.sides[0]
            def top(self): return self.sides[1]
            def right(self): return self.sides[2]
            def bottom(self): return self.sides[3]
        def find_candidate_object_locations(image, rects, min_size=20):
            print("dlib speaks")
            rects.append(_Rectangle(10, 20, 39, 34))
            rects.append(_Rectangle(0, 0, min_size, 1))
    """,
    "selectivesearch.py": """
        __version__ = "7.7"
        def selective_search(image, scale, sigma, min_size):
            return None, [{"rect": (10, 20, 30, 14), "size": 9, "labels": [1]}]
    """,
    "skimage/__init__.py": "__version__ = '6.6'",
    "skimage/segmentation.py": """
        import numpy as np
        def felzenszwalb(image, scale, sigma, min_size):
            return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])
    """,
}


@pytest.fixture(scope="session")
def make_python(tmp_path_factory):
    """A Python that knows only made-up peers: ``make_python({"dlib.py": "…"})``."""
    if os.name != "posix":
        pytest.skip("the made-up interpreter is a shell script")

    def make(peers=PEERS):
        import textwrap

        folder = tmp_path_factory.mktemp("peers")
        for file, content in peers.items():
            path = folder / "modules" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content))
        python = folder / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder / "modules"}" exec "{sys.executable}" "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        return python

    return make
