"""What every layer and every network is."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from foveal.nn.parameter import Parameter, laid_out


class _ThreadState(threading.local):
    """Whether forward passes record, and the number of the one under way: 0 for none."""

    recording = True
    forward_pass = 0


_state = _ThreadState()
_pass_numbers = count(1)


@contextmanager
def no_grad() -> Iterator[None]:
    """Forward passes in the block keep nothing for a backward pass; per thread.

    Examples
    --------
    >>> with no_grad():
    ...     is_recording()
    False
    """
    before, _state.recording = _state.recording, False
    try:
        yield
    finally:
        _state.recording = before


def is_recording() -> bool:
    """Whether forward passes of this thread keep what a backward pass needs."""
    return _state.recording


@contextmanager
def in_use(modules: Iterable["Module"]) -> Iterator[None]:
    """Every module as in use inside the block, and as it was before behind it.

    Parameters
    ----------
    modules : iterable of Module
        All of a network's, such as ``network.modules()``.
    """
    changed = [module for module in modules if module.training]
    for module in changed:
        module.training = False
    try:
        yield
    finally:
        for module in changed:
            module.training = True


class Module:
    """A layer: a function of an array with a backward pass.

    A subclass writes :meth:`forward`, which hands what its backward pass needs to :meth:`save`, and
    :meth:`backward`, which takes it back by :meth:`saved` and returns the gradient by the input. What is
    assigned as an attribute and is a :class:`Parameter` or a :class:`Module` becomes part of it, in the
    order of assignment, as in PyTorch.

    A module may be used several times in one forward pass, as a convolution that is shared by all levels of a
    pyramid: what it saves lies on a stack, and the backward pass, which goes through the uses in reverse,
    takes the last from its top. A forward pass begins where a module is called outside of any other's
    ``forward``; whatever an earlier pass left, one that had no backward pass or broke off in the middle, is
    let go of then.

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

    training: bool = True
    #: The shape, without the batch, of what the module was last called with.
    seen_shape: tuple[int, ...] | None = None
    #: The settings that ``repr`` shows by name, in the order in which the layer's function takes them.
    shown: ClassVar[tuple[str, ...]] = ()
    # The stack of saved activations, and the forward pass that they are of.
    _stack: list[tuple[Any, ...]] | None = None
    _stack_pass = 0

    def forward(self, *inputs: Any, **options: Any) -> NDArray[Any]:
        """The output for a batch."""
        raise NotImplementedError

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient by the input, for the last use in the forward pass that has had no backward pass yet.

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

    def __call__(self, x: Any, *others: Any, **options: Any) -> NDArray[Any]:
        """The output for a batch."""
        self.seen_shape = getattr(x, "shape", ())[1:]
        if _state.forward_pass:
            return self.forward(x, *others, **options)
        _state.forward_pass = next(_pass_numbers)
        try:
            return self.forward(x, *others, **options)
        finally:
            _state.forward_pass = 0

    def save(self, *values: Any) -> None:
        """Keep for the backward pass, unless inside :func:`no_grad`."""
        if self._stack is None or not _state.forward_pass or self._stack_pass != _state.forward_pass:
            self._stack, self._stack_pass = [], _state.forward_pass
        if _state.recording:
            self._stack.append(values)

    def saved(self) -> tuple[Any, ...]:
        """What the last use that has had no backward pass yet kept; it is let go of.

        Raises
        ------
        RuntimeError
            If there is no such use.
        """
        if not self._stack:
            raise RuntimeError(
                f"{type(self).__name__}.backward() needs a forward pass before it, outside of no_grad()."
            )
        return self._stack.pop()

    def discard(self) -> None:
        """Let go of what the last use kept, here and in all modules inside, in place of a backward pass.

        A module that uses another several times in its own ``forward`` discards it as often.
        """
        if self._stack:
            self._stack.pop()
        for _, child in self.named_children():
            child.discard()

    # -- what it is made of -------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_modules(
        self, prefix: str = "", *, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, "Module"]]:
        """The module itself and all inside it, with dotted names.

        One that is there several times comes once, by its first name, or under every name with
        ``remove_duplicate=False``.
        """
        seen: set[int] = set()
        for name, module in self._all_modules(prefix):
            if not (remove_duplicate and id(module) in seen):
                seen.add(id(module))
                yield name, module

    def _all_modules(self, prefix: str) -> Iterator[tuple[str, "Module"]]:
        yield prefix, self
        for name, child in self.named_children():
            yield from child._all_modules(_joined(prefix, name))

    def modules(self) -> Iterator["Module"]:
        """The module itself and all inside it."""
        for _, module in self.named_modules():
            yield module

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted names; one that is there several times comes once."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield _joined(prefix, name), value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters."""
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Arrays that are part of the state and not learnt by gradients, with dotted names."""
        for prefix, module in self.named_modules():
            yield from module._own_buffers(prefix)

    def _own_buffers(self, prefix: str) -> Iterator[tuple[str, NDArray[Any]]]:
        for name in self.buffer_names:
            if (value := getattr(self, name)) is not None:
                yield _joined(prefix, name), value

    def _places(self) -> Iterator[tuple[str, Any, str]]:
        """Of all that is saved the dotted name, the owner and its attribute.

        Module by module its parameters, then its buffers; what is shared under every name.
        """
        for prefix, module in self.named_modules(remove_duplicate=False):
            for name, value in vars(module).items():
                if isinstance(value, Parameter):
                    yield _joined(prefix, name), value, "data"
            for name in module.buffer_names:
                if getattr(module, name) is not None:
                    yield _joined(prefix, name), module, name

    def _named_state(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for name, owner, attribute in self._places():
            yield name, getattr(owner, attribute)

    def state_shapes(self) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
        """Type and shape of everything in :meth:`state_dict`, which costs no memory."""
        return {name: (value.dtype, value.shape) for name, value in self._named_state()}

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
        return {name: np.array(value, order="C") for name, value in self._named_state()}

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
        targets = dict(self._named_state())
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
        for name, owner, attribute in self._places():
            if name in arrays:
                _take(owner, attribute, arrays[name])
        return self

    def __repr__(self) -> str:
        inside = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        head = f"{type(self).__name__}({self.extra_repr()}"
        return head + ")" if not inside else head + "\n  " + "\n  ".join(inside) + "\n)"

    def extra_repr(self) -> str:
        """The settings, for ``repr``."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.shown)

    def _arguments(self) -> list[Any]:
        """The values of those that are :attr:`shown`."""
        return [getattr(self, name) for name in self.shown]


def _take(owner: Any, attribute: str, values: NDArray[Any]) -> None:
    """Put values where they belong; where there was no memory for any, into memory of their own."""
    held: NDArray[Any] = getattr(owner, attribute)
    if held.flags.writeable:
        held[...] = values
    else:
        setattr(owner, attribute, laid_out(values.astype(held.dtype), getattr(owner, "order", None)))


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
