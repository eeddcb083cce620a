"""Labels: none overlaps another or a point, all are inside, the first ones are nearest."""

import numpy as np

from fp8mac.synth_reports.render.labels import Box, place

FRAME = Box(0, 0, 1000, 500)


def test_boxes():
    box = Box(0, 0, 10, 10)
    assert box.overlaps(Box(9, 9, 20, 20))
    assert not box.overlaps(Box(10, 0, 20, 10))
    assert box.holds(Box(0, 1, 10, 9))
    assert not box.holds(Box(0, 1, 10.1, 9))


def test_no_overlaps():
    checked = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        spread = (250, 60) if seed % 2 else (600, 300)  # half of them crowded
        points = [
            (300 + rng.uniform(0, spread[0]), 100 + rng.uniform(0, spread[1])) for _ in range(25)
        ]
        sizes = [(rng.uniform(50, 90), 12) for _ in points]
        boxes = place(points, sizes, FRAME, 5)
        assert None not in boxes
        taken = boxes + [Box(x - 5, y - 5, x + 5, y + 5) for x, y in points]
        for number, box in enumerate(boxes):
            assert FRAME.holds(box)
            assert (round(box.right - box.left, 6), round(box.top - box.bottom, 6)) == (
                round(sizes[number][0], 6),
                12,
            )
            assert not any(box.overlaps(other) for other in taken[number + 1 :])
            checked += 1
    assert checked == 500


def test_the_first_choose_first():
    points = [(500, 250), (500, 250)]
    first, second = place(points, [(60, 12)] * 2, FRAME, 5)
    assert (first.left, (first.bottom + first.top) / 2) == (509, 250)
    assert second.right == 491


def test_no_place_is_no_label():
    assert place([(5, 5)], [(20, 10)], Box(0, 0, 10, 10), 2) == [None]
    assert place([], [], FRAME, 5) == []
