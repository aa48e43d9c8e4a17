import os
import subprocess
import sys

import pytest

SEARCH = """
import numpy as np
from foveal.proposals import SelectiveSearch
from foveal import parallel
search = SelectiveSearch("single")
parallel.map(lambda _: search.propose(np.zeros((9, 9, 3), np.uint8)), range(4), n_jobs=2)
"""

NETWORK = """
import numpy as np
from foveal import nn
network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
for _ in range(2):
    network(np.zeros((1, 2), np.float32))
"""


@pytest.mark.parametrize(("program", "what"), [(SEARCH, "selective search"), (NETWORK, "the network engine")])
def test_compiling_is_told_once_in_a_new_installation(program, what, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def said():
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stderr

    assert said().count(f"Compiling {what}") == 1
    assert said() == ""
