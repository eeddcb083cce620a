"""Tensors of a file that torch.save wrote before version 1.6, without torch, and without its code.

::

    pickle magic | pickle protocol | pickle system | pickle tensors --> storage keys
    pickle list of keys | count, numbers of the first | count, numbers of the second | ...

Of what a pickle could call, an ordered dictionary and a tensor are known, all else is refused.
"""

import pickle
from collections import OrderedDict
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.errors import Error

__all__ = ["TorchFileError", "read_tensors"]

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4"}


class TorchFileError(Error, ValueError):
    """Not such a file, or damaged."""


class _Tensor(NamedTuple):
    """Where a tensor is in its storage, all counted in numbers."""

    storage: tuple[str, str]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Reader(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> tuple[str, str]:
        _, kind, key, *_ = pid
        return key, kind

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name == "collections.OrderedDict":
            return OrderedDict
        if name == "torch._utils._rebuild_tensor_v2":
            return lambda storage, offset, shape, strides, *_: _Tensor(
                storage, offset, shape, strides
            )
        if module_name == "torch" and global_name in _TYPES:
            return _TYPES[global_name]
        raise pickle.UnpicklingError(f"it calls {name}")


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """Tensors by name.

    Raises
    ------
    TorchFileError
        If it is not such a file, or holds something other than tensors.
    """
    file = BytesIO(data)
    try:
        magic, _, _ = (_Reader(file).load() for _ in range(3))
        if magic != _MAGIC:
            raise TorchFileError("This is not a file of tensors.")
        tensors: dict[str, _Tensor] = _Reader(file).load()
        kinds = dict(each.storage for each in tensors.values())
        storages = {}
        for key in _Reader(file).load():
            count = int.from_bytes(file.read(8), "little")
            kind = np.dtype(kinds[key])
            storages[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
        return {name: _array(storages[each.storage[0]], each) for name, each in tensors.items()}
    except (pickle.UnpicklingError, EOFError, AttributeError, KeyError, TypeError) as error:
        raise TorchFileError(f"This is not a file of tensors, or is damaged ({error}).") from error


def _array(numbers: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    last = sum(step * (size - 1) for step, size in zip(tensor.strides, tensor.shape, strict=True))
    if tensor.offset + last >= len(numbers):
        raise TorchFileError("A tensor is longer than its storage.")
    strides = [numbers.itemsize * step for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides)
    return np.ascontiguousarray(view)
