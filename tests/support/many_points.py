"""A store of points as long as one likes; what stands in them is drawn at random."""

import sqlite3
from pathlib import Path

import numpy as np

from fp8mac.synth_reports.store.points.columns import id_of
from fp8mac.synth_reports.store.points.points import PointStore

NETWORKS = ("digits_cnn", "fmnist", "minilm")
FORMATS = ("int8", "e2m5", "e3m4", "e4m3", "e5m2")


def fill(path: Path, count: int) -> PointStore:
    """Write points of three networks, with one and sixteen lanes, that lose the less the larger."""
    store, rng = PointStore(path), np.random.default_rng(7)
    store.put([])
    areas = np.exp(rng.normal(7, 0.5, count))
    losses = np.maximum(0, 30 / areas + rng.normal(0, 0.004, count))
    columns = (
        *("id", "unit", "slug", "formats", "accumulator", "guard_bits", "lanes", "stages", "goal"),
        *("library", "network", "metric", "structure", "gates", "area_ge", "delay_fo4", "loss"),
        *("loss_low", "loss_high", "accuracy", "reference", "sqnr_db", "questions", "version"),
    )
    rows = []
    for number in range(count):
        lanes = (1, 16)[number % 2]
        format_, network = FORMATS[number % 5], NETWORKS[number % 3]
        unit = f"{format_} x 16 -> kulisch:8" if lanes > 1 else f"{format_} -> kulisch:8"
        goal, loss = f"goal {number}", float(losses[number])
        identity = {"unit": unit, "goal": goal, "network": network, "library": "fp8mac"}
        half = 0.002 + loss / 10
        rows.append(
            (
                *(id_of(identity), unit, "x", format_, "kulisch:8", 8, lanes, 1, goal),
                *("fp8mac", network, "top1", "area", int(areas[number]), float(areas[number])),
                *(90.0, loss, loss - half, loss + half, 0.9 - loss, 0.9, 20.0, 2000, "0"),
            )
        )
    marks = ", ".join("?" * len(columns))
    with sqlite3.connect(path) as connection:
        connection.executemany(f"INSERT INTO points ({', '.join(columns)}) VALUES ({marks})", rows)
    connection.close()
    return store
