"""Optimisers: how weights follow their gradients."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.nn._flat_memory import axis_order, flat, flat_view, in_pieces, is_dense, laid_like
from foveal.nn.module import Module
from foveal.nn.parameter import Parameter

Array = NDArray[Any]


class Optimizer:
    """What all optimisers share: parameters, groups, the learning rate, the state.

    Parameters
    ----------
    parameters : iterable of Parameter, or of dicts
        Dicts are groups, as PyTorch's: ``{"params": [...], "lr": 0.01, "weight_decay": 0.0}``; what a group
        does not set is the optimiser's.
    lr : float
        The learning rate, 0 or above. A group's own is kept as a multiple of it, so that setting
        ``lr``, as a schedule does, moves all groups in proportion.
    weight_decay : float
        0 or above.

    Attributes
    ----------
    lr : float
        May be set between steps.
    parameters : list of Parameter
        Of all groups, in order.

    Raises
    ------
    SettingError
        If a setting is out of its range.
    ValueError
        If there is no parameter, one is there twice, or a group has a key of another name.
    """

    #: The names of the arrays that are kept for each parameter.
    state_names: tuple[str, ...] = ()

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Mapping[str, Any]],
        lr: float,
        weight_decay: float,
    ) -> None:
        for name, value in (("lr", lr), ("weight_decay", weight_decay)):
            _check_not_negative(name, value)
        self.lr = lr
        self.weight_decay = weight_decay
        self.parameters: list[Parameter] = []
        # For each parameter its multiple of the learning rate and its own weight decay, if it has one.
        self._settings: list[tuple[float, float | None]] = []
        for group in list(parameters):
            self._add(group if isinstance(group, Mapping) else {"params": [group]})
        if not self.parameters:
            raise ValueError("An optimiser needs at least one parameter.")
        if len({id(parameter) for parameter in self.parameters}) < len(self.parameters):
            raise ValueError("A parameter is there twice; each may be in one group only.")
        self._steps = np.zeros(len(self.parameters), np.int64)
        self._state: dict[str, list[Array | None]] = {
            name: [None] * len(self.parameters) for name in self.state_names
        }

    def _add(self, group: Mapping[str, Any]) -> None:
        unknown = set(group) - {"params", "lr", "weight_decay"}
        if unknown or "params" not in group:
            raise ValueError(
                'A group of parameters has the keys "params" and, if it likes, "lr" and "weight_decay", '
                f"not {sorted(group)}."
            )
        multiple = 1.0
        if "lr" in group:
            _check_not_negative("lr of a group", group["lr"])
            if not self.lr:
                raise SettingError(
                    "A group's lr is kept as a multiple of the optimiser's, so that must not be 0."
                )
            multiple = group["lr"] / self.lr
        decay = group.get("weight_decay")
        if decay is not None:
            _check_not_negative("weight_decay of a group", decay)
        params = group["params"]
        for parameter in [params] if isinstance(params, Parameter) else params:
            if not isinstance(parameter, Parameter):
                raise ValueError(f"An optimiser takes Parameters, not {type(parameter).__name__}.")
            self.parameters.append(parameter)
            self._settings.append((multiple, decay))

    def zero_grad(self) -> None:
        """Forget the gradients: all become None."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Move every parameter by its gradient, in place.

        Parameters that are frozen or have no gradient are passed over.
        """
        for i, (parameter, (multiple, own)) in enumerate(zip(self.parameters, self._settings, strict=True)):
            if not parameter.requires_grad or parameter.grad is None:
                continue
            decay = self.weight_decay if own is None else own
            self._steps[i] += 1
            self._update(i, parameter, parameter.grad, self.lr * multiple, decay)

    def _update(self, i: int, parameter: Parameter, grad: Array, lr: float, decay: float) -> None:
        raise NotImplementedError

    def _kept(self, name: str, i: int) -> Array:
        """An array of the state in the memory order and type of its parameter; zeros at first."""
        data, kept = self.parameters[i].data, self._state[name][i]
        if kept is None or kept.dtype != data.dtype or not is_dense(kept, axis_order(data)):
            kept = self._state[name][i] = laid_like(data, kept)
        return kept

    def state_dict(self) -> dict[str, Array]:
        """Copies of everything that later steps depend on, but the settings.

        Returns
        -------
        dict of str to ndarray
            ``"step"``, int64, of shape (number of parameters,): how many steps each has taken. Then, for
            each parameter that has taken one, its arrays in its shape, named ``"momentum.3"``: the kind, a
            dot, the place in ``parameters``.
        """
        state: dict[str, Array] = {"step": self._steps.copy()}
        for name, arrays in self._state.items():
            state |= {
                f"{name}.{i}": np.array(array, order="C")
                for i, array in enumerate(arrays)
                if array is not None
            }
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Parameters
        ----------
        state : mapping of str to array-like
            As :meth:`state_dict` returns it.

        Raises
        ------
        ValueError
            If the state is of another optimiser or of other parameters; nothing is changed then.
        """
        steps = np.array(state.get("step", ()), np.int64)
        known = {
            f"{name}.{i}": parameter.shape
            for name in self.state_names
            for i, parameter in enumerate(self.parameters)
        }
        arrays = {name: np.asarray(value) for name, value in state.items() if name != "step"}
        wrong = [name for name, array in arrays.items() if known.get(name) != array.shape]
        stepped = np.flatnonzero(steps).tolist()
        for name in self.state_names:
            # All that have taken a step have a state, or, where it is of no use, none.
            if any(f"{name}.{i}" in arrays for i in range(len(self.parameters))):
                wrong += [f"{name}.{i}" for i in stepped if f"{name}.{i}" not in arrays]
        if steps.shape != self._steps.shape or (steps < 0).any() or wrong:
            raise ValueError(
                f"The state is not that of this {type(self).__name__} of {len(self.parameters)} parameters: "
                f"{wrong[0] if wrong else 'step'} does not fit."
            )
        self._steps = steps
        for name in self.state_names:
            for i, parameter in enumerate(self.parameters):
                array = arrays.get(f"{name}.{i}")
                self._state[name][i] = None if array is None else laid_like(parameter.data, array)


class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum; the arithmetic is PyTorch's.

    With the gradient :math:`g`, weight decay :math:`\lambda`, momentum :math:`\mu` and dampening
    :math:`\tau`:

    .. math:: d &= g + \lambda w \\
              v &\leftarrow \mu v + (1 - \tau) d \qquad (v \leftarrow d \text{ at the first step}) \\
              w &\leftarrow w - \eta\, v, \quad\text{or with Nesterov's momentum}\quad
              w \leftarrow w - \eta\, (d + \mu v)

    Parameters
    ----------
    parameters : iterable of Parameter, or of dicts
        See :class:`Optimizer`.
    lr : float, default=0.001
    momentum : float, default=0.0
    dampening : float, default=0.0
    weight_decay : float, default=0.0
        Added to the gradient, before the momentum.
    nesterov : bool, default=False
        Needs a momentum above 0 and no dampening.

    Raises
    ------
    SettingError
        If a setting is out of its range.
    ValueError
        If the parameters are none, or one is there twice.

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> weight = Parameter(np.array([1.0]))
    >>> optimizer = SGD([weight], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     weight.grad = 2 * weight.data
    ...     optimizer.step()
    >>> weight.data.round(6)
    array([0.46])
    """

    state_names = ("momentum",)

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Mapping[str, Any]],
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        _check_not_negative("momentum", momentum)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise SettingError("nesterov needs a momentum above 0 and a dampening of 0.")
        super().__init__(parameters, lr, weight_decay)
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov

    def _update(self, i: int, parameter: Parameter, grad: Array, lr: float, decay: float) -> None:
        from foveal.nn._optimizer_kernels import sgd_momentum, sgd_plain

        if not self.momentum:
            _run(sgd_plain, parameter.data, grad, (), (lr, decay))
            return
        first = self._state["momentum"][i] is None
        intake = 1.0 if first else 1.0 - self.dampening
        ahead, keep = (1.0, self.momentum) if self.nesterov else (0.0, 1.0)
        numbers = (lr, decay, self.momentum, intake, ahead, keep)
        _run(sgd_momentum, parameter.data, grad, (self._kept("momentum", i),), numbers)


class AdamW(Optimizer):
    r"""Adam with decoupled weight decay; the arithmetic is PyTorch's.

    At a parameter's step t, with its gradient :math:`g`:

    .. math:: w &\leftarrow (1 - \eta \lambda) w \\
              m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
              s \leftarrow \beta_2 s + (1 - \beta_2) g^2 \\
              w &\leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{s / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    parameters : iterable of Parameter, or of dicts
        See :class:`Optimizer`.
    lr : float, default=0.001
    betas : (float, float), default=(0.9, 0.999)
        Each in [0, 1).
    eps : float, default=1e-8
    weight_decay : float, default=0.01

    Raises
    ------
    SettingError, ValueError
        As :class:`Optimizer`.

    References
    ----------
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2. Kingma and Ba,
    "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> weight = Parameter(np.array([1.0]))
    >>> optimizer = AdamW([weight], lr=0.1)
    >>> weight.grad = 2 * weight.data
    >>> optimizer.step()
    >>> weight.data.round(6)
    array([0.899])
    """

    state_names = ("mean", "square")

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Mapping[str, Any]],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise SettingError(f"betas are two numbers in [0, 1), not {betas}.")
        _check_not_negative("eps", eps)
        super().__init__(parameters, lr, weight_decay)
        self.betas = betas
        self.eps = eps

    def _update(self, i: int, parameter: Parameter, grad: Array, lr: float, decay: float) -> None:
        from foveal.nn._optimizer_kernels import adamw

        beta1, beta2 = self.betas
        t = int(self._steps[i])
        numbers = (
            1 - lr * decay,
            1 - beta1,
            beta2,
            1 - beta2,
            lr / (1 - beta1**t),
            1 / sqrt(1 - beta2**t),
            self.eps,
        )
        kept = (self._kept("mean", i), self._kept("square", i))
        _run(adamw, parameter.data, grad, kept, numbers)


def _check_not_negative(name: str, value: float) -> None:
    if not isfinite(value) or value < 0:
        raise SettingError(f"{name} must be a number that is not negative, not {value}.")


def _run(
    kernel: Callable[..., None],
    data: Array,
    grad: Array,
    kept: Sequence[Array],
    numbers: Sequence[float],
) -> None:
    """Call a kernel with everything as flat memory in ``data``'s own order."""
    order = axis_order(data)
    arrays = [flat_view(data, order), flat(grad.astype(data.dtype, copy=False), order)]
    in_pieces(kernel, [*arrays, *(flat_view(array, order) for array in kept)], numbers)


def decayed_groups(network: Module) -> list[dict[str, Any]]:
    """The parameters of a network for an optimiser, with weight decay on weights alone.

    Biases and the scales of normalisations are not pulled towards 0 (He et al. 2019, "Bag of tricks for image
    classification with convolutional neural networks", section 3.1).

    Parameters
    ----------
    network : Module

    Returns
    -------
    list of dict
        Two groups: parameters of two dimensions and more, and the others, whose ``weight_decay`` is 0. Either
        may be empty.

    Examples
    --------
    >>> from foveal.nn import Linear
    >>> [len(group["params"]) for group in decayed_groups(Linear(3, 2, random_state=0))]
    [1, 1]
    """
    return [
        {"params": [p for p in network.parameters() if p.data.ndim > 1]},
        {"params": [p for p in network.parameters() if p.data.ndim <= 1], "weight_decay": 0.0},
    ]
