"""A detector's ONNX graph at work."""

import json
import threading
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import parallel
from foveal.data.detections import Detections
from foveal.images.arrays import check_image
from foveal.nn.onnx import session


class Detector:
    """Runs the graph of a detector.

    It is one of :func:`foveal.models.detection.onnx.graph.to_detector_onnx` or
    :func:`foveal.models.detection.onnx.fast_rcnn_graph.to_fast_rcnn_onnx`.

    Parameters
    ----------
    content : bytes
        An ONNX model, such as a file that ``foveal export`` wrote holds.

    Attributes
    ----------
    classes : tuple of str
        From the model's metadata.

    Notes
    -----
    It may be called from several threads at a time.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._sessions: dict[int, Any] = {}
        self._lock = threading.Lock()
        known = self._session(parallel.cores()).get_modelmeta().custom_metadata_map
        self.classes: tuple[str, ...] = tuple(json.loads(known["classes"]))

    def __call__(
        self,
        image: NDArray[np.uint8],
        proposals: ArrayLike | None = None,
        *,
        threads: int | None = None,
    ) -> Detections:
        """The objects of an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
            RGB.
        proposals : array-like of shape (N, 4), optional
            For a graph that is told where to look: boxes in pixels of the image, the best first.
        threads : int, optional
            How many compute it; all cores by default.

        Returns
        -------
        Detections
            The most probable first.

        Raises
        ------
        ValueError
            If it is no such array, or has no pixels; if proposals are missing, or there is no use for them.
        """
        image = check_image(image)
        given: dict[str, NDArray[Any]] = {"image": np.ascontiguousarray(image)}
        if proposals is not None:
            given["proposals"] = np.asarray(proposals, np.float32).reshape(-1, 4)
        runner = self._session(parallel.cores() if threads is None else threads)
        if wrong := given.keys() ^ {value.name for value in runner.get_inputs()}:
            raise ValueError(f"the graph {'takes no' if proposals is not None else 'needs'} {wrong.pop()}.")
        names = ["boxes", "scores", "labels"]
        boxes, scores, labels = runner.run(names, given)
        return Detections(boxes, scores, labels, self.classes)

    def _session(self, threads: int) -> Any:
        with self._lock:
            if threads not in self._sessions:
                self._sessions[threads] = session(self._content, threads=threads)
            return self._sessions[threads]

    def __getstate__(self) -> dict[str, Any]:
        """The model alone: sessions stay in their process."""
        return {"content": self._content}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the sessions anew."""
        self.__init__(state["content"])  # type: ignore[misc]
