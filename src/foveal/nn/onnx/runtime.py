"""Running an ONNX model, and how far its outputs are from others."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.parallel import cores

Layout = Literal["NCHW", "NHWC"]


def session(content: bytes, *, threads: int | None = None) -> Any:
    """An ONNX Runtime session on the cores of this process, whose threads do not spin.

    Parameters
    ----------
    content : bytes
        An ONNX model.
    threads : int, optional
        How many compute one output; by default one on every core. Give 1 where several outputs are computed
        at a time.

    Returns
    -------
    onnxruntime.InferenceSession
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores() if threads is None else threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that wait for work by spinning would take the cores from the engine's.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(content: bytes, batch: NDArray[Any], layout: Layout = "NCHW") -> NDArray[Any]:
    """The output of an ONNX model for a channels-last batch, channels-last again.

    Parameters
    ----------
    content : bytes
        A model such as :func:`foveal.nn.onnx.to_onnx` makes.
    batch : ndarray of shape (N, H, W, C) or (N, D)
    layout : {"NCHW", "NHWC"}, default="NCHW"
        The model's.

    Returns
    -------
    ndarray
    """
    batch = np.asarray(batch, np.float32)
    if batch.ndim == 4 and layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    output = np.asarray(session(content).run(None, {"input": np.ascontiguousarray(batch)})[0])
    return output.transpose(0, 2, 3, 1) if output.ndim == 4 and layout == "NCHW" else output


def relative_difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """The largest absolute difference, as a part of the largest absolute expected value.

    Infinite where the shapes differ; not a number where a value is none.

    Examples
    --------
    >>> relative_difference(np.array([1.0, 9.0]), np.array([1.0, 10.0]))
    0.1
    """
    if found.shape != expected.shape:
        return float("inf")
    if expected.size == 0:
        return 0.0
    difference, scale = float(np.abs(found - expected).max()), float(np.abs(expected).max())
    return difference / scale if scale else difference
