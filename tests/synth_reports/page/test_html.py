"""The page is one text that asks for nothing, and is what its points are."""

import base64
import hashlib
import json
import re

import pytest

from fp8mac.synth_reports.page.committed import PUBLISHED, committed_page
from fp8mac.synth_reports.page.html import page_text
from fp8mac.synth_reports.page.points import MEASURES, Contents, ReportPoint


@pytest.fixture(scope="module")
def contents():
    return committed_page(PUBLISHED, "fp8mac report")


@pytest.fixture(scope="module")
def text(contents):
    return page_text(contents)


def data_of(text: str) -> dict:
    found = re.search('<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found[1])


def test_data_are_the_points(text, contents):
    data = data_of(text)
    columns = data["columns"]
    assert columns["unit"] == [each.unit for each in contents.points]
    assert columns["area_ge"] == [each.area_ge for each in contents.points]
    assert {len(each) for each in columns.values()} == {len(contents.points)}
    assert [each["name"] for each in data["measures"]] == [each.name for each in MEASURES]
    assert set(data["sheets"]) == {each.unit for each in contents.points if each.is_ours}
    assert data["sheets"]["e4m3 -> fp16"]["ports"][2][:3] == ["a", "input", 8]


def test_nothing_is_fetched(text):
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert re.findall('(?:src|href)="([^"]*)"', text) == ["data:,", "#explore"]
    assert "fetch(" not in text
    assert len(text.encode()) < 3 << 20


def test_policy_names_style_and_script(text):
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(each.split(" ", 1) for each in policy[1].split("; "))
    for rule, element in (("style-src", "<style>"), ("script-src", "<script>")):
        inside = text.split(element)[1].split(element.replace("<", "</"))[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules


def test_same_contents_give_the_same_page(text, contents):
    assert page_text(contents) == text


def test_what_others_wrote_is_escaped():
    point = ReportPoint(unit="int8 -> int32", design="</script>{{data}}<b>", source="x", row=1)
    text = page_text(Contents([point], "<i>{{style}}"))
    assert "&lt;i&gt;{{style}}" in text
    assert "\\u003c/script>{{data}}\\u003cb>" in text
    assert data_of(text)["columns"]["design"] == ["</script>{{data}}<b>"]
