"""Every number of README.md and docs/*.md has a source, and is what the source says."""

import re
from pathlib import Path

import doc_numbers
import doc_numbers_accuracy
import doc_numbers_decide
import doc_numbers_pipelines
import doc_numbers_study
import pytest
from doc_numbers_given import GIVEN, KINDS, SECTIONS

ROOT = Path(__file__).parents[1]
MEASURED = {
    "README.md": lambda: [*doc_numbers.readme(), *doc_numbers_decide.readme()],
    "docs/accuracy.md": doc_numbers_accuracy.accuracy,
    "docs/checking.md": doc_numbers.checking,
    "docs/cost.md": lambda: [
        *doc_numbers.cost(),
        *doc_numbers_pipelines.laid_out(),
        *doc_numbers_pipelines.random_numbers(),
    ],
    "docs/decide.md": lambda: [
        *(*doc_numbers.decide(), *doc_numbers_decide.adaptive(), *doc_numbers_decide.trained())
    ],
    "docs/formats.md": doc_numbers.formats,
    "docs/gemm.md": doc_numbers.gemm,
    "docs/machine.md": doc_numbers_decide.machine,
    "docs/papers.md": doc_numbers_decide.papers,
    "docs/pipelines.md": doc_numbers_pipelines.pipelines,
    "docs/fpga.md": doc_numbers_pipelines.routed,
    "docs/array.md": doc_numbers_pipelines.arrays,
    "docs/proofs.md": doc_numbers.proofs,
    "docs/silicon.md": doc_numbers.silicon,
    "docs/training.md": doc_numbers_study.study,
}
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]

#: What is no number of ours: code, targets of links, papers and their parts, names.
_NO_NUMBERS = re.compile(
    r"`[^`]*`|\]\([^)]*\)|\[?arXiv:[\d.]+"
    r"|\b(?:Tables?|Figures?|ADR|section|IEEE|Annex) \d+(?:(?:, | and )\d+)*[a-z]?"
    r"|1-6-9|\b(?:FP|BF|TF|INT|W)\d\w*|\bE\d\w*|Verilog-\d+|Apache-[\d.]+|SHA-\d+"
)
_NUMBER = re.compile(r"(?<![\w.^*-])[-+]?\d[\d,]*(?:\.\d+)?(?![\w^*])")
_ZERO_AND_ONE = {"0", "+0", "-0", "1"}


def prose(text: str) -> str:
    """A page in one line, without what is printed by commands."""
    return " ".join(re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S).split())


def unsourced(page: str, text: str) -> list[str]:
    """Numbers of a page that nothing vouches for, with the words around them."""
    for section in SECTIONS.get(page, {}):
        start = text.index(f"{section}\n")
        level = section.partition(" ")[0]
        after = re.search(rf"^#{{1,{len(level)}}} ", text[start + len(section) :], re.M)
        end = start + len(section) + after.start() if after else len(text)
        text = text[:start] + text[end:]
    line = prose(text)
    covered = [False] * len(line)
    passages = [*MEASURED.get(page, list)(), *(p for p, _ in GIVEN.get(page, []))]
    for passage in map(prose, passages):
        for match in re.finditer(re.escape(passage), line):
            covered[match.start() : match.end()] = [True] * len(passage)
    for match in _NO_NUMBERS.finditer(line):
        covered[match.start() : match.end()] = [True] * len(match[0])
    return [
        f"{match[0]} in '{line[max(0, match.start() - 40) : match.end() + 30]}'"
        for match in _NUMBER.finditer(line)
        if match[0].rstrip(",") not in _ZERO_AND_ONE and not covered[match.start()]
    ]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", MEASURED)
def test_measured_numbers_are_those_of_the_results(page):
    text = " ".join(read(page).split())
    for passage in MEASURED[page]():
        assert " ".join(passage.split()) in text, f"{page} should say: {passage}"


@pytest.mark.parametrize("page", GIVEN)
def test_passages_that_are_vouched_for_are_there(page):
    line = prose(read(page))
    for passage, kind in GIVEN[page]:
        assert prose(passage) in line, f"{page} no longer says: {passage}"
        assert kind in KINDS
    assert all(kind in KINDS for kind in SECTIONS.get(page, {}).values())


@pytest.mark.parametrize("page", PAGES)
def test_every_number_has_a_source(page):
    assert unsourced(page, read(page)) == []


def test_planted_numbers_are_found():
    page = "docs/accuracy.md"
    text = read(page)
    added = unsourced(page, f"{text}\nThe unit loses 3.7 dB there.\n")
    assert added == [f"3.7 in '{prose(text)[-24:-1]}. The unit loses 3.7 dB there.'"]
    passage = next(p for p in MEASURED[page]() if p.startswith("costs Fashion-MNIST 6.9 points"))
    line = prose(text)
    assert passage in line
    stale = text.replace("costs Fashion-MNIST 6.9 points", "costs Fashion-MNIST 6.8 points")
    assert stale != text
    alone = [each.partition(" in ")[0] for each in unsourced(page, stale)]
    assert alone == ["6.8", "5.5", "8.3", "0.6"]  # the passage no longer fits
