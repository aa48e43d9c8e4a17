import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from foveal.proposals import SelectiveSearch
search = SelectiveSearch("single")
for _ in range(2):
    search.propose(np.zeros((9, 9, 3), np.uint8))
"""


def test_compiling_is_told_once_in_a_new_installation(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def said():
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        return done.stderr

    assert said().count("Compiling selective search") == 1
    assert said() == ""
