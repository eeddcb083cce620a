"""Checks of the same work on many things: order, failures, and a request to end."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from children import PATIENCE

from fp8mac.synth_reports.store.parallel import in_parallel


def test_results_come_in_the_order_of_the_things():
    seen = []
    first_may_end = threading.Event()

    def work(thing):
        assert thing or first_may_end.wait(PATIENCE)
        return thing * thing

    def progress(thing, result):
        seen.append((thing, result))
        first_may_end.set()

    assert in_parallel(work, [0, 3], progress, jobs=2) == {0: 0, 3: 9}
    assert seen == [(3, 9), (0, 0)]


def test_a_failure_ends_what_runs_and_what_waits():
    stop, begun = threading.Event(), []

    def work(thing):
        begun.append(thing)
        if thing == 0:
            raise ValueError("no luck")
        assert stop.wait(PATIENCE)

    with pytest.raises(ValueError, match="no luck"):
        in_parallel(work, range(50), jobs=2, stop=stop.set)
    assert stop.is_set()
    assert len(begun) < 50


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_a_signal_to_another_thread_ends_submission_and_wait(seconds):
    stop, ends = threading.Event(), []

    def work(thing):
        time.sleep(seconds)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        ends.append(stop.wait(PATIENCE))

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            in_parallel(work, [0], stop=stop.set)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ends == [True]


def test_a_thread_that_the_pool_forgot_is_stopped_too(monkeypatch):
    stop, ends = threading.Event(), []
    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", lambda self, **_: None)

    def work(thing):
        ends.append(stop.wait(PATIENCE))

    def progress(thing, result):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parallel(lambda thing: work(thing) if thing else None, [1, 0], progress, stop=stop.set)
    assert ends == [True]


class Slow:
    """A thing that takes a while to compare."""

    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        time.sleep(0.01)
        return isinstance(other, Slow) and self.number == other.number

    def __hash__(self):
        return hash(self.number)


def test_things_that_end_together_do_not_hang():
    together = threading.Barrier(8)

    def fail(thing):
        together.wait(60)
        raise ValueError(thing.number)

    def run():
        with pytest.raises(ValueError, match=r"^\d$"):
            in_parallel(fail, [Slow(number) for number in range(8)], jobs=8, stop=lambda: None)

    watched = threading.Thread(target=run, daemon=True)
    watched.start()
    watched.join(60)
    assert not watched.is_alive()
