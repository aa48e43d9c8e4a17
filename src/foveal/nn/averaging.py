"""Weights averaged over the steps of a training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.nn._flat_memory import axis_order, flat, flat_view, in_pieces, is_dense, laid_like
from foveal.nn.module import Module

Array = NDArray[Any]


class ExponentialMovingAverage:
    """A running mean of a network's weights (Polyak and Juditsky 1992, in exponential form).

    After each step ``average += (1 - decay) * (weight - average)``, beginning at the weights as they are when
    it is made. Buffers, such as running statistics, are not averaged: the last ones are kept.

    Parameters
    ----------
    network : Module
    decay : float, default=0.999
        In [0, 1).
    warmup : bool, default=False
        Update t, counted from 1, uses ``min(decay, (1 + t) / (10 + t))``, so that in a short training the
        first, random weights are soon forgotten.

    Attributes
    ----------
    updates : int

    Raises
    ------
    SettingError
        If ``decay`` is out of its range.

    References
    ----------
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992. The warm-up is that of
    TensorFlow's ``ExponentialMovingAverage(num_updates=...)``.

    Examples
    --------
    >>> from foveal.nn import Linear
    >>> network = Linear(1, 1, bias=False, random_state=0)
    >>> network.weight.data[:] = 0
    >>> average = ExponentialMovingAverage(network, decay=0.75)
    >>> network.weight.data[:] = 4
    >>> average.update()
    >>> with average.applied():
    ...     print(network.weight.data)
    [[1.]]
    >>> network.weight.data
    array([[4.]], dtype=float32)
    """

    def __init__(self, network: Module, decay: float = 0.999, warmup: bool = False) -> None:
        if not 0 <= decay < 1:
            raise SettingError(f"The decay of an average lies in [0, 1), not {decay}.")
        self.network = network
        self.decay = decay
        self.warmup = warmup
        self.updates = 0
        self._averages = {name: p.data.copy(order="K") for name, p in network.named_parameters()}
        self._buffers = {name: buffer.copy() for name, buffer in network.named_buffers()}

    def update(self) -> None:
        """Take the network's present weights in; call it after each step of the optimiser."""
        from foveal.nn._optimizer_kernels import approach

        self.updates += 1
        decay = self.decay
        if self.warmup:
            decay = min(decay, (1 + self.updates) / (10 + self.updates))
        for name, parameter in self.network.named_parameters():
            data, average = parameter.data, self._averages[name]
            order = axis_order(data)
            if average.dtype != data.dtype or not is_dense(average, order):
                average = self._averages[name] = laid_like(data, average)
            in_pieces(approach, [flat_view(average, order), flat(data, order)], [1 - decay])
        self._buffers = {name: buffer.copy() for name, buffer in self.network.named_buffers()}

    @contextmanager
    def applied(self) -> Iterator[Module]:
        """The network has the averaged weights inside the block, and its own again after it.

        Yields
        ------
        Module
            The network.
        """
        own = [(p.data, p.data.copy(order="K")) for _, p in self.network.named_parameters()]
        own += [(buffer, buffer.copy()) for _, buffer in self.network.named_buffers()]
        try:
            for name, parameter in self.network.named_parameters():
                parameter.data[...] = self._averages[name]
            for name, buffer in self.network.named_buffers():
                buffer[...] = self._buffers[name]
            yield self.network
        finally:
            for array, copy in own:
                array[...] = copy

    def state_dict(self) -> dict[str, Array]:
        """Copies of all that later updates depend on, but the settings.

        Returns
        -------
        dict of str to ndarray
            ``"updates"``, int64, of shape (), and ``"average.<name>"`` and ``"buffer.<name>"`` for the
            network's parameters and buffers.
        """
        state: dict[str, Array] = {"updates": np.array(self.updates, np.int64)}
        state |= {f"average.{name}": np.array(a, order="C") for name, a in self._averages.items()}
        state |= {f"buffer.{name}": np.array(a, order="C") for name, a in self._buffers.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If it is of another network; nothing is changed then.
        """
        expected = {name: array.shape for name, array in self.state_dict().items()}
        found = {name: np.shape(array) for name, array in state.items()}
        if expected != found:
            names = {name for name in expected | found if expected.get(name) != found.get(name)}
            raise ValueError(f"The state is of another network: {min(names)} does not fit.")
        self.updates = int(state["updates"])
        for kept, prefix in ((self._averages, "average"), (self._buffers, "buffer")):
            for name, array in kept.items():
                array[...] = state[f"{prefix}.{name}"]
