"""Published accuracies, typed in, and how far our order of the formats is theirs.

# Ref: arXiv:2303.17951, Tables 1, 2, 3, 4 and 7
# Ref: arXiv:2209.05433, Table 5
"""

from collections.abc import Sequence
from itertools import combinations

__all__ = ["CONVERT", "PTQ", "PTQ_2209", "QAT", "W4A8", "pairs_alike", "published_order"]

_FORMATS = "int8 e2m5 e3m4 e4m3 e5m2".split()


def _table(text: str) -> dict[str, tuple[float | None, ...]]:
    lines = [line.split() for line in text.strip().splitlines()]
    return {
        name: tuple(None if cell == "-" else float(cell) for cell in cells)
        for name, *cells in lines
    }


PTQ = _table("""
ResNet18           69.72   -0.08   -0.06  -0.27   -1.15   -4.80
ResNet50           76.06   -0.07   -0.05  -0.80   -0.99   -3.82
EfficientNet-B0    77.35  -14.65   -4.78  -2.80   -3.70   -9.18
EfficientFormer    80.21  -50.35   -4.95  -0.41   -1.43   -7.41
DLA102             77.94   -0.19   -0.31  -0.54   -2.13   -7.95
MobileNetV2        71.70   -0.76   -0.64  -1.08   -5.65  -22.19
MobileNetV3        73.84   -3.71   -1.48  -1.62   -3.33  -12.06
ViT                77.75   -1.33   -0.45  -0.04   -0.19  -76.69
YoloV5             56.30   -1.80   -0.50  -0.30   -2.00   -9.90
HRNet              81.05   -0.12   -0.02  -0.01   -0.28   -1.06
CP-PointPillar     40.94  -21.41  -14.81  -2.86   -2.93   -7.06
RangeNet++         30.50   -1.67   -0.90  -0.40   -1.30   -3.80
FFNet              79.16   -1.15   -0.26  -0.31   -0.41   -1.07
DeeplabV3          72.91   -1.67   -0.33  -1.63  -34.98  -66.38
SalsaNext          55.80   -1.58   -0.28  -0.13   -0.68   -2.72
BERT               83.06  -12.03   -2.75  -0.45   -0.26   -0.25
QuickSRNet         32.79   -0.80   -0.44  -1.78   -3.24   -6.80
""")
"""arXiv:2303.17951, Table 1: float32, then differences of int8, e2m5, e3m4, e4m3, e5m2."""

QAT = _table("""
ResNet18     69.72  70.43  70.25  70.20  69.35  70.01
MobileNetV2  71.70  71.82  71.76  71.56  70.89  71.17
HRNet        81.05  81.27  81.20  81.14  81.06  -
DeeplabV3    72.91  73.99  73.67  73.74  73.22  73.01
SalsaNext    55.80  55.0   55.3   55.7   55.2   -
BERT         83.06  83.26  81.20  83.74  83.91  82.64
""")
"""The same, Table 2: float32, then int8, e2m5, e3m4, e4m3 and W4A8 after training."""

CONVERT = _table("""
ResNet18     69.7   69.55  68.49  69.79  69.84
MobileNetV2  71.7   70.94  64.22  71.59  71.59
BERT         83.06  71.03  83.08  83.91  79.38
SalsaNext    55.8   52.8   55.1   55.2   54.1
""")
"""The same, Table 4: float32, int8, e4m3, e4m3 trained, and that in int8."""

W4A8 = _table("""
ResNet50           76.10   75.63
ResNet18           69.75   69.10
EfficientNet-Lite  75.40   74.44
RegNext            78.30   77.70
DeeplabV3(MNV2)    72.9    72.1
DeepLabv3(RN-50)   76.07   75.91
HRNet-W48          81.04   80.05
RangeNet++         47.2    46.3
ABPN               31.97   31.69
PoseNet(HRNet-32)  76.5    76.3
BERT               83.11   82.78
""")
"""The same, Table 7: float32 and W4A8, mostly trained."""

PTQ_2209 = _table("""
BERT-Base   88.19  76.89  88.09
BERT-Large  90.87  89.65  90.94
""")
"""arXiv:2209.05433, Table 5, F1 of SQuAD v1.1: fp16, int8, e4m3."""


def published_order(model: str) -> list[str]:
    """Formats of Table 1 from the smallest loss up."""
    deltas: dict[str, float | None] = dict(zip(_FORMATS, PTQ[model][1:], strict=True))
    return sorted(_FORMATS, key=lambda format_: -(deltas[format_] or 0.0))


def pairs_alike(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """Of the pairs of names that both orders have: how many stand alike, and how many there are.

    Examples
    --------
    >>> pairs_alike(["int8", "e2m5", "e4m3"], ["e2m5", "int8", "e4m3"])
    (2, 3)
    """
    shared = [name for name in one if name in other]
    pairs = list(combinations(shared, 2))
    return sum(other.index(first) < other.index(second) for first, second in pairs), len(pairs)
