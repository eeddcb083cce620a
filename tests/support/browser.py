"""Chromium without a window, for tests of pages; who has none skips them."""

import json
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
IS_HERE = bool(BROWSER and DRIVER and find_spec("selenium") and find_spec("axe_core_python"))

#: For tests that open a page.
in_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_HERE, reason="There is no chromium with chromedriver and selenium"),
]


@contextmanager
def browser(width: int = 1280, height: int = 1000, dark: bool = False):
    """A browser that writes down what it is asked to fetch; ended at the end."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.add_argument(f"--window-size={width},{height}")
    options.add_argument("--no-proxy-server")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        yield driver
    finally:
        driver.quit()


def wait(driver):
    """Waits for what comes, with ``until``."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 120)


def complaints(driver) -> list[str]:
    """What the console says."""
    return [entry["message"] for entry in driver.get_log("browser")]


def requests(driver) -> list[str]:
    """Addresses that were asked for since the last call, without data in the page itself."""
    found = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [url for url in found if not url.startswith(("data:", "blob:", "chrome"))]


def faults(driver, *impacts: str) -> list[str]:
    """Rules of axe-core that the page breaks, with the first element of each."""
    from importlib.resources import files

    source = (Path(str(files("axe_core_python"))) / "axe.min.js").read_text(encoding="utf-8")
    driver.execute_script(source)
    found = driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run().then(done, (error) => done({error: `${error}`}));"
    )
    assert "error" not in found, found
    assert len(found["passes"]) > 10
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in impacts
    ]
