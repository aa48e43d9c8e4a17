"""Logits of a network that is in use, by the engine or by ONNX Runtime."""

import threading
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.nn.inference import TOLERANCE

# Seconds that the engine computes before a session of ONNX Runtime is made and both are timed, which takes
# about as long: whoever asks for little never waits for it.
_WORTH_A_SESSION = 1.0


class NetworkOutputs:
    """What a network makes of batch after batch, by whatever is faster once there is much to compute.

    Until the engine has computed for a second, it computes; then :class:`foveal.nn.Inference` measures and
    chooses. Where ONNX Runtime computes, examples whose two greatest logits lie closer together than it may
    differ from the engine are given to the engine: classes do not depend on what was faster.

    Parameters
    ----------
    network : Module
        In use, not in training. Its weights may change; that is noticed.
    input_shape : (int, int, int)
        Rows, columns and channels.
    """

    def __init__(self, network: nn.Module, input_shape: tuple[int, int, int]) -> None:
        self.network, self.input_shape = network, input_shape
        self._seconds = 0.0
        self._inference: nn.Inference | None = None
        self._lock = threading.Lock()

    def __call__(self, x: NDArray[np.float32], *, full: bool = True) -> NDArray[np.float64]:
        """Logits of a batch.

        Parameters
        ----------
        x : ndarray of shape (N, H, W, C), float32
        full : bool, default=True
            Whether more batches of this size are to be expected. Others are not worth timing.

        Returns
        -------
        ndarray of shape (N, K), float64
        """
        if not full or self._seconds < _WORTH_A_SESSION:
            began = perf_counter()
            logits = self._by_engine(x)
            self._seconds += perf_counter() - began
            return logits
        # Of several threads one builds the session; it has all cores for itself.
        with self._lock:
            if self._inference is None:
                self._inference = nn.Inference(self.network, self.input_shape)
            logits = np.asarray(self._inference.predict(x), np.float64)
        unsure = _unsure(logits)
        if unsure.any() and "onnxruntime" in self._inference.choices.values():
            logits[unsure] = self._by_engine(x[unsure])
        return logits

    def __getstate__(self) -> dict[str, Any]:
        """The network alone: sessions stay in their process."""
        return {"network": self.network, "input_shape": self.input_shape}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew."""
        self.__init__(**state)  # type: ignore[misc]

    def _by_engine(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        with nn.no_grad():
            return np.asarray(self.network(x), np.float64)


def _unsure(logits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Examples whose class a difference within the tolerance could change, (N,)."""
    first, second = np.partition(logits, (-1, -2), axis=1)[:, :-3:-1].T
    # Each of the two may be off by the tolerance.
    return np.asarray(first - second <= 2 * TOLERANCE * np.abs(logits).max(initial=0.0))
