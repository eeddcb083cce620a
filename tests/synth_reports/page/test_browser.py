"""The page in a browser: it filters, sorts, is reached by keys, fetches and says nothing."""

import random
import threading
from dataclasses import replace

import pytest
from browser import browser, complaints, faults, in_browser, requests, wait

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.pareto.pareto import ParetoPoint, front
from fp8mac.synth_reports.page.committed import PUBLISHED, committed_page
from fp8mac.synth_reports.page.html import page_text
from fp8mac.synth_reports.page.points import Contents, PageError, ReportPoint
from fp8mac.synth_reports.page.server import PageServer
from fp8mac.synth_reports.page.sheets import sheet_of

pytestmark = in_browser


@pytest.fixture(scope="module")
def contents():
    return committed_page(PUBLISHED, "fp8mac report")


@pytest.fixture(scope="module")
def place(contents, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_text(contents), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium():
    with browser() as driver:
        yield driver


@pytest.fixture
def page(chromium, place):
    chromium.get("about:blank")
    complaints(chromium), requests(chromium)
    chromium.set_window_size(1280, 1000)
    chromium.get(place)
    yield chromium
    assert complaints(chromium) == []
    assert requests(chromium) == [place]


def choose(page, name: str, value: str) -> None:
    page.execute_script(
        "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
        "field.dispatchEvent(new Event('change', {bubbles: true}));"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
        *(name, value),
    )


def view(page, title: str) -> None:
    page.find_element("xpath", f"//button[text()='{title}']").click()


def text(page, name: str) -> str:
    return page.find_element("id", name).text


def cells(page, column: str) -> list[str]:
    """A column of the table, as it is shown."""
    heads = [each.text.rstrip(" ↑↓") for each in page.find_elements("css selector", "#table th")]
    return page.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')]"
        ".map((row) => row.children[arguments[0]].textContent)",
        heads.index(column),
    )


def test_no_two_kinds_look_alike(page):
    """There are more formats than colours: the rare ones share the last, and are named there."""
    choose(page, "choice-network", "")
    choose(page, "y", "gates")
    for colour in ("formats", "accumulator"):
        choose(page, "colour", colour)
        looks = page.execute_script(
            "return [...document.querySelectorAll('#legend span')].map((each) => "
            "[each.querySelector('path').outerHTML, each.textContent])"
        )
        assert len({look for look, _ in looks}) == len(looks) > 8
        assert sum(name.startswith("others: ") for _, name in looks) == 1, looks


@pytest.mark.parametrize(
    ("title", "width"), [("Beside other designs", 1280), ("Delay against area", 500)]
)
def test_names_hide_neither_each_other_nor_marks(page, title, width):
    page.set_window_size(width, 1000)
    view(page, title)
    boxes, marks = page.execute_script(
        "const box = (each) => { const at = each.getBoundingClientRect();"
        "return [at.left, at.top, at.right, at.bottom]; };"
        "return ['.name', '.mark'].map((kind) => [...document.querySelectorAll(`#chart ${kind}`)]"
        ".map(box))"
    )
    left, right = page.execute_script(
        "const at = byId('chart').getBoundingClientRect(); return [at.left, at.right];"
    )

    def meet(one, other):
        across = min(one[2], other[2]) - max(one[0], other[0])
        return across > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 4

    assert len(marks) > 20
    assert len(boxes) >= (4 if width > 1000 else 0)
    assert all(left <= name[0] < name[2] <= right for name in boxes)
    hidden = [one for place, one in enumerate(boxes) for other in boxes[:place] if meet(one, other)]
    covered = [mark for mark in marks if any(meet(name, mark) for name in boxes)]
    assert (hidden, covered) == ([], [])


def test_filters(page, contents):
    run = [each for each in contents.points if each.network == "fmnist"]
    assert text(page, "count") == f"{len(run)} of {len(contents.points)} rows."
    choose(page, "choice-accumulator", "fp16")
    chosen = [each for each in run if each.accumulator == "fp16"]
    assert text(page, "count") == f"{len(chosen)} of {len(contents.points)} rows."
    assert cells(page, "unit") == [each.unit for each in chosen]
    choose(page, "most-x", "900")
    small = [each for each in chosen if each.area_ge <= 900]
    assert 0 < len(small) < len(chosen)
    assert cells(page, "unit") == [each.unit for each in small]
    choose(page, "words", "E5M2 fp16")
    named = [each for each in small if "e5m2" in each.unit]
    assert cells(page, "unit") == [each.unit for each in named]
    assert len(page.find_elements("css selector", ".mark")) == len(named) == 1


def test_views_have_points(page):
    buttons = page.find_elements("css selector", "#views button")
    titles = [button.text for button in buttons]
    assert titles == [
        "Area against accuracy",
        "Area against SQNR",
        "Energy against accuracy",
        "Delay against area",
        "Beside other designs",
        "On FPGAs",
    ]
    for title in titles:
        view(page, title)
        assert len(page.find_elements("css selector", ".mark")) > 15, title
        assert len(page.find_elements("css selector", ".mark.on")) > 0, title


def test_sorts(page, contents):
    run = [each for each in contents.points if each.network == "fmnist"]
    areas = sorted(each.area_ge for each in run)
    head = "//*[@id='table']//button[starts-with(., 'area, GE')]"
    page.find_element("xpath", head).click()
    assert cells(page, "area, GE") == [f"{area:,.0f}" for area in areas]
    th = page.find_element("xpath", f"{head}/..")
    assert th.get_attribute("aria-sort") == "ascending"
    assert page.switch_to.active_element == page.find_element("xpath", head)
    page.find_element("xpath", head).click()
    assert cells(page, "area, GE") == [f"{area:,.0f}" for area in reversed(areas)]


def test_pages_of_the_table(page, contents):
    choose(page, "choice-network", "")
    choose(page, "choice-source", "")
    total = len(contents.points)
    assert text(page, "count") == f"{total} of {total} rows."
    seen = len(cells(page, "unit"))
    while page.find_element("id", "on").is_enabled():
        page.find_element("id", "on").click()
        seen += len(cells(page, "unit"))
    assert seen == total


def test_front_is_that_of_plot(page):
    """The same points give the same front here and in the pictures; equal ones as well."""
    drawn = random.Random(1)
    points = [
        ParetoPoint(str(n), "", "", area, area // 2 - drawn.randint(0, 9), 0, 0)
        for n, area in enumerate(drawn.choices(range(1, 30), k=300))
    ]
    rows = [{"index": n, "gates": p.area, "loss": -p.value} for n, p in enumerate(points)]
    script = "return frontOf(arguments[0], 'gates', 'loss').map((row) => row.index)"
    found = page.execute_script(script, rows)
    wanted = [int(each.unit) for each in front(points)]
    assert sorted(found) == sorted(wanted)
    assert 3 < len(wanted) < 100
    noisy = [row | {"loss_low": row["loss"] - 3} for row in rows]
    kept = page.execute_script(script, noisy)
    ranks = [0 if row["loss_low"] <= 0 else row["loss"] for row in noisy]
    best = min(row["gates"] for row, rank in zip(noisy, ranks, strict=True) if rank == 0)
    assert {n for n in kept if ranks[n] == 0} == {
        n for n, row in enumerate(noisy) if ranks[n] == 0 and row["gates"] == best
    }


def test_front_follows_filters(page):
    view(page, "Area against SQNR")
    before = text(page, "front")
    choose(page, "choice-formats", "e4m3")
    after = text(page, "front")
    assert before != after
    assert all(
        each.startswith("e4m3")
        for each in page.execute_script(
            "return [...document.querySelectorAll('#front button')].map((b) => b.textContent)"
        )
    )


def test_panel(page, contents):
    opener = page.find_element("xpath", "//*[@id='table']//button[text()='e4m3 -> fp16']")
    opener.click()
    panel = page.find_element("id", "panel")
    shown = panel.text
    assert "mac_e4m3_e4m3_fp16" in shown
    assert contents.proofs["mac_e4m3_e4m3_fp16"] in shown
    assert "fp8mac verilog 'e4m3 -> fp16' -o mac.v" in shown
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not panel.is_displayed()
    assert page.switch_to.active_element == opener


def test_keys_reach_everything(page):
    """Tab comes to every control once; arrows go through the points, Enter opens one."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    reachable = (
        "[...document.querySelectorAll('a[href], button, input, select, [tabindex=\\'0\\']')]"
        ".filter((e) => !e.disabled && e.checkVisibility() && e.tabIndex >= 0)"
    )
    page.execute_script(
        "document.addEventListener('focusin', (event) => { event.target.dataset.met = 1; })"
    )
    count = page.execute_script(f"return {reachable}.length")
    assert count > 80
    for _ in range(count + 5):
        ActionChains(page).send_keys(Keys.TAB).perform()
    left = f"return {reachable}.filter((e) => !e.dataset.met).map((e) => e.outerHTML)"
    assert page.execute_script(left) == []
    first = page.find_element("css selector", ".mark[tabindex='0']")
    page.execute_script("arguments[0].focus()", first)
    ActionChains(page).send_keys(Keys.ARROW_RIGHT).perform()
    second = page.switch_to.active_element
    assert second != first
    assert second.get_attribute("class").startswith("mark")
    name = second.get_attribute("aria-label").partition(" on ")[0]
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert text(page, "panel-title") == name
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert page.switch_to.active_element == second


def test_sliders(page):
    """With all weight on area the order is that of areas; on accuracy, of losses."""
    for name in ("area", "delay", "energy", "bits", "loss"):
        choose(page, f"w-{name}", "10" if name == "area" else "0")
    script = (
        "return [...document.querySelectorAll('#ranking tbody tr')]"
        ".map((row) => row.children[3].textContent)"
    )
    areas = [int(each.replace(",", "")) for each in page.execute_script(script)]
    assert areas == sorted(areas)
    assert len(areas) == 25
    one = areas[0]
    choose(page, "w-side", "5")
    again = [int(each.replace(",", "")) for each in page.execute_script(script)]
    assert again[0] == pytest.approx(4 * one, rel=0.01)
    choose(page, "w-area", "0")
    choose(page, "w-loss", "5")
    script = script.replace("[3]", "[7]")
    losses = [float(each) for each in page.execute_script(script)]
    assert losses == sorted(losses)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 480])
def test_nothing_shuts_anybody_out(place, dark, width):
    with browser(width, 900, dark=dark) as driver:
        driver.get(place)
        assert faults(driver, "serious", "critical") == []
        driver.find_element("css selector", "#front button").click()
        assert faults(driver, "serious", "critical") == []
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert driver.execute_script(wide) <= 0
        assert complaints(driver) == []


def test_page_of_a_sweep(tmp_path, chromium):
    """A store of one sweep has the views that it has numbers for, and its Verilog."""
    rows = [
        ReportPoint(
            unit=f"e4m3 x {lanes} -> kulisch:7",
            lanes=lanes,
            source="sweep",
            row=lanes,
            network="net",
            area_ge=500.0 * lanes,
            loss=1.0 / lanes,
            library="fp8mac",
            verilog="abc",
        )
        for lanes in (1, 4, 16)
    ]
    file = tmp_path / "sweep.html"
    contents = Contents(rows, "test", verilog={"abc": "module first;\nendmodule\n"})
    file.write_text(page_text(contents), encoding="utf-8")
    chromium.get(file.as_uri())
    assert text(chromium, "views") == "Area against accuracy"
    assert len(chromium.find_elements("css selector", ".mark.on")) == 3
    choose(chromium, "choice-lanes", "16")
    assert cells(chromium, "unit") == ["e4m3 x 16 -> kulisch:7"]
    chromium.find_element("css selector", "#front button").click()
    assert "module first;" in text(chromium, "panel")
    assert complaints(chromium) == []


def test_two_thousand_points(contents, tmp_path, chromium):
    """Small enough to be sent, and as fast as one drags."""
    first = [each for each in contents.points if each.network]
    points = [
        replace(first[n % len(first)], area_ge=500 + n, loss=(n * 7919 % 2000) / 500, row=n)
        for n in range(2000)
    ]
    file = tmp_path / "many.html"
    file.write_text(page_text(Contents(points, "test")), encoding="utf-8")
    assert file.stat().st_size < 3 << 20
    chromium.get(file.as_uri())
    chromium.execute_script("state.choices = {}; update()")
    assert len(chromium.find_elements("css selector", ".mark")) == 2000
    milliseconds = chromium.execute_script(
        "const begin = performance.now(); update(); document.body.offsetHeight;"
        "return performance.now() - begin"
    )
    assert milliseconds < 60_000  # a loop that never ends; how fast it is stands in docs/report.md


def test_text_of_others_is_text(tmp_path, chromium):
    """What stands in a table is never markup."""
    name = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
    points = [ReportPoint(unit="e4m3 -> fp16", design=name, source="peers", row=1, gates=2, loss=1)]
    file = tmp_path / "name.html"
    file.write_text(page_text(Contents(points, name)), encoding="utf-8")
    chromium.get(file.as_uri())
    assert chromium.title.startswith("fp8mac: ")
    assert name in chromium.find_element("id", "table").text
    assert complaints(chromium) == []


def test_form_of_the_served_page(contents, chromium):
    """Answers appear one after the other; what is wrong is said where one looks."""
    from selenium.webdriver.common.keys import Keys

    asked = []

    def answer(want, unit, goal):
        asked.append((want, unit, goal))
        if unit == "none":
            raise PageError("There is no such unit.")
        if want == "sheet":
            return {"sheet": sheet_of(parse_line(unit), proof="")}
        return {"text": f"<b>{want}</b>\n\nof {unit}", "good": True}

    server = PageServer(page_text(contents, served=True), answer)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        chromium.get("about:blank")
        complaints(chromium), requests(chromium)
        chromium.get(server.url)
        field = chromium.find_element("id", "line-unit")
        field.clear()
        field.send_keys("e4m3 x 4 -> kulisch:7", Keys.ENTER)
        wait(chromium).until(lambda page: text(page, "line-status").startswith("Done in "))
        shown = text(chromium, "line-answer")
        assert asked == [
            (want, "e4m3 x 4 -> kulisch:7", "area")
            for want in ("sheet", "verilog", "cost", "proof")
        ]
        assert "mac_e4m3_e4m3_kulisch7_x4" in shown
        assert "<b>verilog</b>" in shown
        assert faults(chromium, "serious", "critical") == []
        assert complaints(chromium) == []
        assert set(requests(chromium)) == {server.url, f"{server.url}answer"}
        chromium.find_element("css selector", "#front button").click()
        here = "//button[text()='Verilog, cost and proof here']"
        chromium.find_element("xpath", here).click()
        wait(chromium).until(lambda page: text(page, "line-status").startswith("Done in "))
        assert asked[-1][:2] == ("proof", "int8 -> kulisch:12")
        field.clear()
        field.send_keys("none", Keys.ENTER)
        wait(chromium).until(lambda page: "not answered" in text(page, "line-status"))
        assert text(chromium, "line-answer") == "There is no such unit."
    finally:
        server.stop()
        thread.join()
