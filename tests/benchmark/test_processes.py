import re
import sys

import numpy as np
import pytest

from foveal.benchmark.processes import Worker, WorkerError, find_packages
from foveal.errors import SettingError

IMAGE = np.zeros((50, 60, 3), np.uint8)
IMAGE[0, 0] = (7, 8, 9)


@pytest.fixture
def boxes_of(make_python):
    """The boxes that a made-up peer's worker gives."""
    python = make_python()

    def call(task, **options):
        worker = Worker(task, python, task, options)
        try:
            seconds, boxes = worker.measure(IMAGE)
        finally:
            worker.close()
        assert seconds >= 0
        assert boxes.dtype == np.float32
        return boxes.tolist()

    return call


def test_peers_that_can_be_imported(make_python):
    found = find_packages(make_python())
    assert {"numpy", "opencv-contrib-python-headless", "dlib-bin", "selectivesearch", "scikit-image"} == set(
        found
    )
    # A contrib build without its part for segmentation does not count, nor does a module that fails.
    broken = make_python({"cv2.py": "class ximgproc: pass", "dlib.py": "raise OSError('libX11')"})
    assert not {"opencv-contrib-python-headless", "dlib-bin"} & set(find_packages(broken))


@pytest.mark.parametrize("content", ["#!/bin/sh\nexit 0\n", "#!/bin/sh\necho 3\n", "#!/bin/sh\necho '{}'\n"])
def test_what_is_no_python(tmp_path, content):
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(0o755)
    with pytest.raises(SettingError, match=f"{program} is not a Python that the peers can run in: name"):
        find_packages(program)


def test_a_python_that_is_not_there(tmp_path, make_python):
    with pytest.raises(SettingError, match=r"nowhere cannot be run \(No such file"):
        find_packages(tmp_path / "nowhere")
    with pytest.raises(SettingError, match=r"cannot be run \(Permission denied|Is a directory"):
        find_packages(tmp_path)
    without = make_python({"numpy.py": "raise ImportError('no')"})
    with pytest.raises(SettingError, match="cannot import numpy: install it there"):
        find_packages(without)


def test_opencv_speaks_of_widths_and_sees_bgr(boxes_of):
    # x, y, width, height = mode, blue, green, red becomes corners.
    assert boxes_of("opencv", mode="single") == [[1, 9, 1 + 8, 9 + 7], [10, 20, 40, 35]]
    assert boxes_of("opencv", mode="fast")[0][0] == 2
    assert boxes_of("opencv", mode="quality")[0][0] == 3


def test_dlibs_corners_are_inclusive_and_its_chatter_is_no_answer(boxes_of):
    assert boxes_of("dlib") == [[10, 20, 40, 35], [0, 0, 21, 2]]
    assert boxes_of("dlib", min_size=500)[1] == [0, 0, 501, 2]


def test_selectivesearch_is_left_a_pixel_short(boxes_of):
    assert boxes_of("selectivesearch", scale=500, sigma=0.9, min_size=10) == [[10, 20, 40, 34]]


def test_no_boxes(make_python):
    none = make_python({"dlib.py": "def find_candidate_object_locations(image, rects): pass"})
    worker = Worker("dlib", none, "dlib", {})
    assert worker.measure(IMAGE)[1].shape == (0, 4)
    worker.close()


def test_our_own_worker_is_of_the_same_kind():
    from foveal.proposals import SelectiveSearch

    image = IMAGE.copy()
    image[20:40, 30:50] = (200, 40, 90)
    worker = Worker("ours", sys.executable, "foveal", {"mode": "single"})
    seconds, boxes = worker.measure(image)
    peak, cpu = worker.usage()
    worker.close()
    assert np.array_equal(boxes, SelectiveSearch(mode="single").propose(image).boxes)
    assert seconds > 0
    assert cpu > 0
    assert peak is None or peak > 10 * 2**20
    worker.close()  # once more does nothing


def test_a_segmentation_gives_regions(make_python):
    settings = {"k": 100.0, "sigma": 0.8, "min_size": 100}
    for task, number in (("skimage-segment", 3000), ("opencv-segment", 1)):
        worker = Worker(task, make_python(), task, settings)
        regions = worker.measure(IMAGE)[1]
        worker.close()
        assert regions.shape == (50, 60)
        assert regions.dtype == np.int32
        assert len(np.unique(regions)) == number


def test_what_a_peer_raises_is_said_and_the_next_image_may_do(make_python):
    python = make_python(
        {
            "dlib.py": """
                def find_candidate_object_locations(image, rects):
                    if image.shape[1] == 60: raise ValueError("too\\nwide")
            """
        }
    )
    worker = Worker("dlib", python, "dlib", {})
    assert worker.measure(IMAGE) == "ValueError: too wide"
    assert worker.measure(IMAGE[:, :30])[1].shape == (0, 4)
    worker.close()


def test_a_process_that_ends(make_python):
    python = make_python(
        {
            "dlib.py": """
                import os, sys
                def find_candidate_object_locations(image, rects):
                    print("out of memory.", file=sys.stderr, flush=True)
                    os._exit(3)
            """
        }
    )
    worker = Worker("dlib", python, "dlib", {})
    with pytest.raises(WorkerError, match=r"^The process of dlib ended with status 3: out of memory\.$"):
        worker.measure(IMAGE)
    with pytest.raises(WorkerError, match="ended with status 3"):
        worker.usage()
    worker.close()


def test_a_process_that_is_killed(make_python):
    killing = "import os\ndef find_candidate_object_locations(image, rects): os.kill(os.getpid(), 9)"
    worker = Worker("dlib", make_python({"dlib.py": killing}), "dlib", {})
    with pytest.raises(WorkerError, match=r"ended by signal 9\.$"):
        worker.measure(IMAGE)
    worker.close()


def test_a_peer_that_cannot_be_started(make_python, tmp_path):
    with pytest.raises(WorkerError, match=r"dlib cannot be started: ImportError: libX11"):
        Worker("dlib", make_python({"dlib.py": "raise ImportError('libX11')"}), "dlib", {})
    with pytest.raises(WorkerError, match=re.escape(f"{tmp_path / 'nowhere'}: No such file")):
        Worker("dlib", tmp_path / "nowhere", "dlib", {})


def test_another_program_that_answers_nonsense(tmp_path):
    program = tmp_path / "nonsense.py"
    program.write_text("print('hello')")
    with pytest.raises(WorkerError, match="The process of x ended with status 0"):
        Worker("x", sys.executable, "x", {}, program=program)


def test_threads_are_held(make_python):
    python = make_python(
        {
            "dlib.py": """
                import os
                def find_candidate_object_locations(image, rects):
                    raise ValueError(os.environ["OMP_NUM_THREADS"] + os.environ["NUMBA_NUM_THREADS"])
            """
        }
    )
    for threads in (1, 2):
        worker = Worker("dlib", python, "dlib", {}, threads)
        assert worker.measure(IMAGE) == f"ValueError: {threads}{threads}"
        worker.close()
