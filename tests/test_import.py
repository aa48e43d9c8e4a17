import subprocess
import sys

import pytest

import foveal

HEAVY = ("numba", "sklearn", "matplotlib", "onnxruntime", "onnx", "cv2", "scipy", "hotcoco", "PIL", "joblib")


def loaded_by(statement):
    """Which of the heavy packages a statement loads in a fresh interpreter."""
    program = f"{statement}\nimport sys\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_package_alone_is_light():
    assert loaded_by("import foveal") == []


@pytest.mark.parametrize("room", ["boxes", "data", "images", "proposals", "features", "files", "parallel"])
def test_rooms_do_not_load_what_they_may_not_need(room):
    heavy = set(loaded_by(f"import foveal.{room}"))
    assert not heavy & {"numba", "sklearn", "matplotlib", "onnxruntime", "hotcoco"}


@pytest.mark.parametrize("name", foveal.__all__)
def test_every_public_name_is_there(name):
    assert getattr(foveal, name) is not None
    assert name in dir(foveal)


def test_every_room_keeps_its_word():
    for room in foveal.__all__:
        module = getattr(foveal, room)
        for name in getattr(module, "__all__", ()):
            assert getattr(module, name) is not None, f"foveal.{room}.{name}"


def test_a_wrong_name():
    with pytest.raises(AttributeError, match="no attribute 'box'"):
        _ = foveal.box


def test_the_version():
    from importlib.metadata import version

    assert foveal.__version__ == version("foveal")


def test_every_error_of_the_users_is_one_kind():
    for name in ("DataError", "ImageError", "ModelFileError", "SettingError"):
        assert issubclass(getattr(foveal, name), foveal.FovealError)
    assert issubclass(foveal.FovealError, ValueError)
