"""A run's model as an ONNX file."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.events import Callbacks, stage
from foveal.files import new_file
from foveal.images import read
from foveal.models.contracts import Model, is_guided
from foveal.models.exporting import export_model
from foveal.models.loading import load
from foveal.proposals import Proposer, SelectiveSearch
from foveal.runs.folder import RunFolder, run_data

# Images that a model is checked on.
_IMAGES = 4


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : pathlib.Path
    model : str
        Its name.
    bytes : int
    inputs, outputs : dict of str to str
        The type and shape of each, such as ``"uint8 (height, width, 3)"``.
    check : str
        What was compared, as a sentence.
    note : str
        Where to take an input from beside the image, in sentences; empty where there is none.
    """

    path: Path
    model: str
    bytes: int
    inputs: dict[str, str]
    outputs: dict[str, str]
    check: str
    note: str = ""


def export(
    run: str | os.PathLike[str], path: str | os.PathLike[str], *, callbacks: Callbacks = ()
) -> Exported:
    """Write a run's model as an ONNX file, after checking that it computes what the model does.

    It is checked on images that its run held out, where they are still there, else on two built-in
    photographs.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    path : path-like
        A new file whose name ends with ``.onnx``.
    callbacks : sequence of callables

    Returns
    -------
    Exported

    Raises
    ------
    SettingError
        If there is a file already, or its name does not end with ``.onnx``.
    ExportError
        If the model is of a kind that cannot be exported, or the file would compute something else; there is
        no file then.
    ModelFileError
        If there is no model.
    """
    path = new_file(path, ".onnx")
    model: Model = load(run)
    with stage(callbacks, "export and check"):
        check = export_model(model, path, images=_images(Path(run)))
    inputs, outputs = _ends(path)
    note = _where_proposals_come_from(model.proposer_, run) if is_guided(model) else ""
    return Exported(path, model.name, path.stat().st_size, inputs, outputs, check, note)


def _where_proposals_come_from(proposer: Proposer, run: str | os.PathLike[str]) -> str:
    said = (
        "The file takes proposals beside the image. In Python, "
        f"foveal.load({os.fspath(run)!r}).propose(image).boxes gives them"
    )
    if not isinstance(proposer, SelectiveSearch):
        return f"{said}."
    # Of one whose settings are a mode's, so does what needs no model.
    mode = proposer.mode
    if proposer != SelectiveSearch(mode):
        return f"{said}; so do the settings of selective search that its metadata name."
    return (
        f"{said}; so do foveal.proposals.SelectiveSearch({mode!r}).propose(image).boxes and, on the command "
        f"line, foveal propose IMAGE --mode {mode} --json."
    )


def _images(run: Path) -> list[NDArray[np.uint8]]:
    """Some that the run held out, else two photographs."""
    try:
        config = RunFolder.open(run).read_config()
        held = run_data(config).with_ids(set(config["split"]["test"]))
        found = [read(sample.path) for sample in held.samples[:: max(1, len(held) // _IMAGES)][:_IMAGES]]
    except (FovealError, KeyError, OSError):
        # The data is somewhere else by now, or it is a model file alone.
        found = []
    if found:
        return found
    from sklearn.datasets import load_sample_images

    return [np.asarray(image, np.uint8) for image in load_sample_images().images]


def _ends(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    import onnx

    graph = onnx.load(path).graph

    def described(value: "onnx.ValueInfoProto") -> str:
        kind = value.type.tensor_type
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        sides = [side.dim_param or str(side.dim_value) for side in kind.shape.dim]
        return f"{dtype} ({', '.join(sides)}{',' if len(sides) == 1 else ''})"

    inputs, outputs = ({v.name: described(v) for v in values} for values in (graph.input, graph.output))
    return inputs, outputs
