"""Compiled kernels on disk: one file for each kernel, types of arguments and processor.

numba's own cache numbers its files, so that two processes can give one number to two kernels; it
looks at the file of a kernel alone, not at those that it calls; and it stops where it cannot write.
"""

import pickle
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from fp8mac.sim.cache import folder, keep, warn_of_damage
from fp8mac.sim.provenance import fingerprint

__all__ = ["KernelCache"]


class KernelCache(FunctionCache):
    """Cache of one function, in place of numba's.

    Parameters
    ----------
    function : callable
        What is compiled.
    """

    def __init__(self, function: Any) -> None:  # numba's own looks for a folder that it can write
        self._py_func, self._enabled = function, True

    @property
    def cache_path(self) -> str:
        """Folder of all kernels."""
        return str(folder() / "kernels")

    def flush(self) -> None:
        """Nothing: files that do not fit any more have other names."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled function for types of arguments; None where it is not known."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except OSError:
            data = b""
        checksum, content = data[:32], data[32:]
        if checksum != sha256(content).digest():
            warn_of_damage(path)
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(content))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function, unless it holds addresses of this process."""
        if not data.lifted and not data.library.has_dynamic_globals:
            content = dumps(data._reduce())
            path = self._path(sig, data.codegen)
            keep(path, sha256(content).digest() + content)

    def _path(self, sig: Any, codegen: Any) -> Path:
        code = fingerprint(self._py_func.__module__)
        name = self._py_func.__qualname__
        key = sha256(repr((code, name, self._index_key(sig, codegen))).encode()).hexdigest()
        return folder() / "kernels" / f"{name.rpartition('.')[2]}-{key}.bin"
