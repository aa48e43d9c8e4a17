"""What every layer and every network is."""

import builtins
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from foveal.nn.parameter import Parameter


class _Recording(threading.local):
    on = True


_recording = _Recording()


@contextmanager
def no_grad() -> Iterator[None]:
    """Forward passes in the block keep nothing for a backward pass; per thread.

    Examples
    --------
    >>> with no_grad():
    ...     is_recording()
    False
    """
    before, _recording.on = _recording.on, False
    try:
        yield
    finally:
        _recording.on = before


def is_recording() -> bool:
    """Whether forward passes of this thread keep what a backward pass needs."""
    return _recording.on


class Module:
    """A layer: a function of an array with a backward pass.

    A subclass writes :meth:`forward`, which hands what its backward pass needs to :meth:`save`, and
    :meth:`backward`, which takes it back by :meth:`saved` and returns the gradient by the input. What is
    assigned as an attribute and is a :class:`Parameter` or a :class:`Module` becomes part of it, in the
    order of assignment, as in PyTorch.

    Attributes
    ----------
    training : bool
        What dropout and batch normalisation look at; see :meth:`train` and :meth:`eval`.

    Examples
    --------
    >>> class Doubled(Module):
    ...     def forward(self, x):
    ...         return 2 * x
    ...
    ...     def backward(self, grad, *, needs_input_grad=True):
    ...         return 2 * grad
    >>> Doubled()(np.ones(2)).tolist()
    [2.0, 2.0]
    """

    #: Attributes that are arrays but are not learnt by gradients (running means): they are saved too.
    buffer_names: ClassVar[tuple[str, ...]] = ()

    #: ``forward`` takes ``clip=(low, high)`` and brings its output to these bounds: a rectifier behind the
    #: layer costs nothing then.
    clips_output: ClassVar[bool] = False
    #: ``backward`` takes ``input_clip=(low, high)``: the bounds of the rectifier that the input came out of.
    #: It returns the gradient before that rectifier.
    clips_input_grad: ClassVar[bool] = False

    #: A rectifier's own bounds; None where a layer is none.
    bounds: ClassVar[tuple[float, float] | None] = None

    training: bool = True
    #: The shape, without the batch, of what the module was last called with.
    seen_shape: tuple[int, ...] | None = None
    _saved: tuple[Any, ...] | None = None

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The output for a batch."""
        raise NotImplementedError

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient by the input, for the last forward pass.

        Parameters
        ----------
        grad : ndarray
            The loss's gradient by the output.
        needs_input_grad : bool, default=True
            False spares the gradient by the input, which nothing before the first layer needs.

        Returns
        -------
        ndarray or None
            None where it was not asked for. The gradients of the parameters are added to theirs.
        """
        raise NotImplementedError

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """The output for a batch."""
        self.seen_shape = np.shape(x)[1:]
        return self.forward(x)

    def save(self, *values: Any) -> None:
        """Keep for the backward pass, unless inside :func:`no_grad`."""
        self._saved = values if _recording.on else None

    def saved(self) -> tuple[Any, ...]:
        """What the last forward pass kept; it is let go of.

        Raises
        ------
        RuntimeError
            If there was no forward pass since the last backward pass.
        """
        if self._saved is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward() needs a forward pass before it, outside of no_grad()."
            )
        values, self._saved = self._saved, None
        return values

    # -- what it is made of -------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """The module itself and all inside it, with dotted names."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator["Module"]:
        """The module itself and all inside it."""
        for _, module in self.named_modules():
            yield module

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted names."""
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter):
                    yield f"{prefix}.{name}" if prefix else name, value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters."""
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Arrays that are part of the state and not learnt by gradients, with dotted names."""
        for prefix, module in self.named_modules():
            for name in module.buffer_names:
                value = getattr(module, name)
                if value is not None:
                    yield f"{prefix}.{name}" if prefix else name, value

    def requires_grad(self) -> bool:
        """Whether any parameter is to be learnt."""
        for value in vars(self).values():
            if isinstance(value, Parameter) and value.requires_grad:
                return True
        return any(child.requires_grad() for _, child in self.named_children())

    # -- modes --------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Behave as in training, or, with False, as in use; all modules inside too."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Behave as in use: no dropout, running statistics."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def astype(self, dtype: DTypeLike) -> Self:
        """Turn all parameters and floating-point buffers into a type, in place."""
        for parameter in self.parameters():
            parameter.data = parameter.data.astype(dtype, order="K")
            parameter.grad = None
        for module in self.modules():
            for name in module.buffer_names:
                value = getattr(module, name)
                if value is not None and np.issubdtype(value.dtype, np.floating):
                    setattr(module, name, value.astype(dtype))
        return self

    def double(self) -> Self:
        """Compute in float64, as a check of gradients needs."""
        return self.astype(np.float64)

    def float(self) -> Self:
        """Compute in float32, as made."""
        return self.astype(np.float32)

    # -- state --------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of all parameters and buffers, in PyTorch's names, shapes and order of elements."""
        state: dict[str, NDArray[Any]] = {}
        for prefix, module in self.named_modules():
            own: dict[str, Any] = {n: v.data for n, v in vars(module).items() if isinstance(v, Parameter)}
            own |= {name: getattr(module, name) for name in module.buffer_names}
            for name, value in own.items():
                if value is not None:
                    state[f"{prefix}.{name}" if prefix else name] = np.array(value, order="C")
        return state

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Self:
        """Take parameters and buffers, ours or PyTorch's.

        Parameters
        ----------
        state : mapping of str to array-like
            Such as :meth:`state_dict` returns, or ``{k: v.numpy() for k, v in torch_state.items()}``.
        strict : bool, default=True
            Refuse names that are missing or unknown; with False they are passed over.

        Raises
        ------
        ValueError
            If a name is missing or unknown (under ``strict``) or a shape differs. Nothing is changed then.
        """
        targets: dict[str, NDArray[Any]] = {n: p.data for n, p in self.named_parameters()}
        targets |= dict(self.named_buffers())
        if strict:
            missing = [name for name in targets if name not in state]
            unknown = [name for name in state if name not in targets]
            if missing or unknown:
                raise ValueError(
                    f"The weights do not fit the network: missing {missing or 'none'}, "
                    f"unknown {unknown or 'none'}."
                )
        arrays = {name: np.asarray(state[name]) for name in targets if name in state}
        for name, array in arrays.items():
            if array.shape != targets[name].shape:
                raise ValueError(
                    f"The weights do not fit the network: {name} is {array.shape}, "
                    f"the network's {targets[name].shape}."
                )
        for name, array in arrays.items():
            targets[name][...] = array
        return self

    def export(self, path: str | os.PathLike[str], **options: Any) -> "builtins.float":
        """Write the network as an ONNX file, checked against the engine; see :func:`foveal.nn.export`."""
        from foveal.nn.exporting import export

        return export(self, path, **options)

    def __repr__(self) -> str:
        inside = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        head = f"{type(self).__name__}({self.extra_repr()}"
        return head + ")" if not inside else head + "\n  " + "\n  ".join(inside) + "\n)"

    def extra_repr(self) -> str:
        """The settings, for ``repr``."""
        return ""
