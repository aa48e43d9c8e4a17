"""Outputs of a network in use, by the engine or by ONNX Runtime, whichever is faster."""

import zlib
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ExportError
from foveal.nn.exporting import in_use, relative_difference, session, to_onnx
from foveal.nn.module import Module, no_grad

Runtime = Literal["auto", "engine", "onnxruntime"]

#: How far ONNX Runtime's outputs may be from the engine's, as a part of the largest.
TOLERANCE = 1e-5
#: A prime: columns that weights are summed in to notice that they changed.
COLUMNS = 509


class Inference:
    """Run a network in use (:meth:`Module.eval`) by the engine or by ONNX Runtime.

    Both compute the same within a hundred thousandth of the largest output: that is checked, and where it
    does not hold, or a layer has no counterpart in ONNX, the engine computes. Which is faster is measured
    once for each shape and each size of batch (up to 1, 3, 7, 15, … examples), on the batch given.

    Parameters
    ----------
    network : Module
        Its weights may change afterwards, which is noticed unless ``watch`` is False; its layers may not.
    input_shape : sequence of (int or None)
        Without the batch; see :func:`foveal.nn.export`.
    runtime : {"auto", "engine", "onnxruntime"}, default="auto"
        Which computes; "auto" measures.
    watch : bool, default=True
        Look before every call whether weights have changed, which reads all of them: of one example's way
        through a small network that is half of the time. Give False for a network that learns no more.

    Attributes
    ----------
    choices : dict
        What was measured to be faster: "engine" or "onnxruntime" for a shape and a size of batch.

    Raises
    ------
    ExportError
        If ONNX Runtime was asked for and cannot compute the network.

    Examples
    --------
    >>> from foveal import nn
    >>> faster = Inference(nn.Sequential(nn.Linear(4, 2, random_state=0), nn.Softmax()), (4,))
    >>> faster.predict(np.ones((3, 4), np.float32)).shape
    (3, 2)
    """

    def __init__(
        self,
        network: Module,
        input_shape: Sequence[int | None],
        *,
        runtime: Runtime = "auto",
        watch: bool = True,
    ) -> None:
        if runtime not in ("auto", "engine", "onnxruntime"):
            raise ValueError(f'runtime is "auto", "engine" or "onnxruntime", not {runtime!r}.')
        self.network, self.input_shape, self.runtime = network, tuple(input_shape), runtime
        self.watch = watch
        self.choices: dict[tuple[Any, ...], str] = {}
        self._modules = list(network.modules())
        self._parameters = list(network.parameters())
        self._session: Any = None
        self._digest: int | None = None
        self._session_digest: int | None = None
        self._possible = runtime != "engine"
        if runtime == "onnxruntime":
            self._build(self._weights_digest())

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """The network's output.

        Parameters
        ----------
        x : ndarray of shape (N, H, W, C) or (N, D)
            Channels-last; ONNX Runtime computes in float32.

        Returns
        -------
        ndarray
            Channels-last.
        """
        if not self._possible or len(x) == 0:
            return self._by_engine(x)
        known = self._session_digest
        digest = known if known is not None and not self.watch else self._weights_digest()
        changed, self._digest = digest != self._digest and self._digest is not None, digest
        if digest != self._session_digest:
            if changed and self.runtime == "auto":
                # Perhaps they change every time: a session is worth making once they stay.
                return self._by_engine(x)
            if not self._build(digest, x):
                return self._by_engine(x)
        if self.runtime == "onnxruntime":
            return self._by_session(x)
        # Examples of about as many and the same shape are run the same way.
        kind = (len(x).bit_length(), *x.shape[1:])
        if kind not in self.choices:
            self.choices[kind] = self._faster(x)
        return self._by_session(x) if self.choices[kind] == "onnxruntime" else self._by_engine(x)

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :meth:`predict`."""
        return self.predict(x)

    def _by_engine(self, x: NDArray[Any]) -> NDArray[Any]:
        with in_use(self._modules), no_grad():
            return np.asarray(self.network(x))

    def _by_session(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self._session.run(None, {"input": np.ascontiguousarray(x, np.float32)})[0])

    def _build(self, digest: int, x: NDArray[Any] | None = None) -> bool:
        """Make the session anew; whether it computes what the engine does."""
        try:
            if any(parameter.dtype != np.float32 for parameter in self._parameters):
                raise ExportError("ONNX Runtime computes networks in float32 only: use network.float().")
            model = to_onnx(self.network, self.input_shape, layout="NHWC")
            self._session, self._session_digest = session(model.SerializeToString()), digest
            if x is not None:
                difference = relative_difference(self._by_session(x), self._by_engine(x))
                # Values that are not numbers are none of this comparison's business.
                if difference > TOLERANCE:
                    raise ExportError(f"ONNX Runtime differs from the engine by {difference:.2g}.")
        except ExportError:
            if self.runtime == "onnxruntime":
                raise
            self._possible, self._session = False, None
            return False
        return True

    def _faster(self, x: NDArray[Any]) -> str:
        """Time both in turn, the best of three, or of one where that takes long."""
        ways: dict[str, Callable[[NDArray[Any]], Any]] = {
            "engine": self._by_engine,
            "onnxruntime": self._by_session,
        }
        best = dict.fromkeys(ways, float("inf"))
        for run in ways.values():
            run(x)
        for _ in range(3):
            for name, run in ways.items():
                start = perf_counter()
                run(x)
                best[name] = min(best[name], perf_counter() - start)
            if sum(best.values()) > 0.2:
                break
        return min(best, key=lambda name: best[name])

    def _weights_digest(self) -> int:
        """A number that changes with the weights; cheaper than any pass through the network."""
        digest = 0
        for parameter in self._parameters:
            digest = _digest(parameter.data, digest)
        for module in self._modules:
            for name in module.buffer_names:
                if (values := getattr(module, name)) is not None:
                    digest = _digest(values, digest)
        return digest


def _digest(values: NDArray[Any], digest: int) -> int:
    flat = np.atleast_1d(values.ravel("K"))
    if flat.size > 8 * COLUMNS:
        # Sums of the bits as whole numbers, at the speed of memory; nothing is rounded away.
        whole = flat.size // COLUMNS * COLUMNS
        bits = flat.view(np.uint32 if flat.itemsize == 4 else np.uint64)
        sums = np.add.reduce(bits[:whole].reshape(-1, COLUMNS), axis=0, dtype=bits.dtype)
        return zlib.crc32(bits[whole:].data, zlib.crc32(sums.data, digest))
    return zlib.crc32(flat.data, digest)
