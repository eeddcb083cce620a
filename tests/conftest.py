"""What all tests have in common: nothing of the user's environment reaches them."""

import os
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from platformdirs import user_cache_path

# Networks that the user has fetched; a few slow tests read them.
_PLACE = os.environ.get("FP8MAC_CACHE") or user_cache_path("fp8mac", appauthor=False)
FETCHED = Path(_PLACE) / "packages"

# The user's own settings and cache. What tests compute is kept in the checkout: keys are derived
# from the code, so an entry of another day is as good as a new one, and `make clean` removes them.
for _name in list(os.environ):
    if _name.startswith(("FP8MAC_", "NUMBA_")) or _name in (
        *("CC", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"),
        *("TTY_COMPATIBLE", "TTY_INTERACTIVE", "PYTHONWARNINGS", "PYTHONOPTIMIZE"),
    ):
        del os.environ[_name]
CACHE = Path(__file__).parents[1] / "build" / "test-cache"
os.environ["FP8MAC_CACHE"] = str(CACHE)
# All commands are made again for every call otherwise, which takes longer than most calls.
typer.testing._get_command = cache(typer.testing._get_command)
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime otherwise reports what is run


@pytest.fixture
def fetched(monkeypatch) -> None:
    """Networks that the user has fetched are found; whoever has none skips the test."""
    monkeypatch.setattr("fp8mac.sim.networks.data.fetch._folder", lambda: FETCHED)
