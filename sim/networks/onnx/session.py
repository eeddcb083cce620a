"""Sessions of onnxruntime, which sends nothing to anybody and leaves no file behind.

Its packages collect what is run, send it to their maker, and keep an identifier of the machine in
the user's folder, from the moment of the import; a variable of the environment stops that.
"""

import os
from importlib import import_module
from typing import Any

__all__ = ["FAILURES", "VERSION", "session"]

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when it is imported, not later
_onnxruntime: Any = import_module("onnxruntime")

_STATE = vars(import_module("onnxruntime.capi.onnxruntime_pybind11_state"))
_THEIRS = [each for each in _STATE.values() if isinstance(each, type)]
FAILURES: tuple[type[Exception], ...] = (
    *(each for each in _THEIRS if issubclass(each, Exception)),
    *(ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
)
"""What onnxruntime raises, and what a model raises that asks for what cannot be."""

VERSION: str = _onnxruntime.__version__


def session(model: bytes | str) -> Any:
    """``InferenceSession`` of a file or its content, with one thread.

    A quantised weight is the float that it stands for.
    """
    options = _onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # there are as many sessions as layers
    options.log_severity_level = 4
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.x64quantprecision", "1")
    return _onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
