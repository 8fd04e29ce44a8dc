"""The URL shortener's page in a real browser: headless Chromium, driven through chromedriver."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

# The first test pays for the server's start, which compiles the Python component when it is not cached.
pytestmark = pytest.mark.timeout(600)

LONG = "https://example.com/very/long/path?with=a&query=<script>alert(1)</script>"
PATIENCE_S = 30
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=900,1000",
    "--lang=en-US",
)


@pytest.fixture
def browser(shortener_url: str, tmp_path: Path) -> Iterator[Chrome]:
    """Give a browser with a profile of its own that shows the page."""
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (binary and driver):
        reason = "needs Chromium and chromedriver (Debian: `apt-get install chromium chromium-driver`)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options, ChromeService(driver)) as browser:
        browser.get(shortener_url)
        yield browser


def find(browser: Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def wait_for(browser: Chrome, selector: str) -> WebElement:
    return WebDriverWait(browser, PATIENCE_S).until(lambda browser: browser.find_element(By.CSS_SELECTOR, selector))


def shorten(browser: Chrome, url: str) -> str:
    """Make a short link in the page and return its URL."""
    find(browser, "#url").send_keys(url)
    find(browser, "#shorten button").click()
    return str(wait_for(browser, ".link .short").get_attribute("href"))


def screenshot(browser: Chrome, name: str) -> None:
    """Keep a picture for whoever wants to look, in the folder that `WHORL_TEST_SCREENSHOTS` names."""
    folder = os.environ.get("WHORL_TEST_SCREENSHOTS")
    if folder:
        browser.save_screenshot(f"{folder}/{name}.png")


def test_a_link_made_in_the_page_leads_to_its_url_and_shows_its_click(browser: Chrome, shortener_url: str) -> None:
    long_url = f"{shortener_url}/icon.svg?very=long"
    assert shorten(browser, long_url).startswith(f"{shortener_url}/")
    assert not browser.find_elements(By.CSS_SELECTOR, ".link .chart rect.clicked")

    page = browser.current_window_handle
    find(browser, ".link .short").click()
    WebDriverWait(browser, PATIENCE_S).until(lambda browser: len(browser.window_handles) == 2)
    browser.switch_to.window(next(handle for handle in browser.window_handles if handle != page))
    WebDriverWait(browser, PATIENCE_S).until(lambda browser: browser.current_url == long_url)
    browser.close()
    browser.switch_to.window(page)

    bar = wait_for(browser, ".link .chart rect.clicked")
    assert bar.get_attribute("data-clicks") == "1"
    assert find(browser, ".link .total").text == "1"
    assert find(browser, ".link .unique").text == "1"
    assert find(browser, ".link .caption").text == "Clicks by hour: 1 in the last 24 hours"
    screenshot(browser, "clicked")


def test_what_a_link_says_is_shown_as_text(browser: Chrome) -> None:
    shorten(browser, LONG)
    assert find(browser, ".link .original").text == LONG
    assert not browser.find_elements(By.CSS_SELECTOR, ".link script")


def test_the_copy_button_copies_the_short_url(browser: Chrome) -> None:
    short_url = shorten(browser, LONG)
    find(browser, ".link .copy").click()
    WebDriverWait(browser, PATIENCE_S).until(lambda browser: find(browser, "#news").text == f"Copied {short_url}")
    find(browser, "#url").send_keys("\ue009v\ue000")
    assert find(browser, "#url").get_attribute("value") == short_url


def test_links_are_remembered_until_they_are_deleted(browser: Chrome) -> None:
    short_url = shorten(browser, LONG)
    browser.refresh()
    assert wait_for(browser, ".link .short").get_attribute("href") == short_url
    find(browser, ".link .delete").click()
    WebDriverWait(browser, PATIENCE_S).until(lambda browser: not browser.find_elements(By.CSS_SELECTOR, ".link"))
    browser.get(short_url)
    assert "not-found" in browser.page_source


def test_a_problem_is_told_beside_the_field(browser: Chrome) -> None:
    find(browser, "#url").send_keys("ftp://example.com")
    find(browser, "#shorten button").click()
    problem = WebDriverWait(browser, PATIENCE_S).until(lambda browser: find(browser, "#problem").text)
    assert problem == "Only URLs that start with http:// or https:// can be shortened."
    assert find(browser, "#url").get_attribute("aria-invalid") == "true"
    screenshot(browser, "problem")


def test_the_page_asks_nobody_else_and_reports_no_error(browser: Chrome, shortener_url: str) -> None:
    shorten(browser, LONG)
    entries = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert all(name.startswith(f"{shortener_url}/") for name in entries)
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]


def test_it_is_as_readable_in_the_dark_and_on_a_phone(browser: Chrome) -> None:
    shorten(browser, LONG)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    browser.set_window_size(400, 900)
    assert browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    width = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(width) == 0
    ground = find(browser, "body").value_of_css_property("background-color")
    text = find(browser, "body").value_of_css_property("color")
    assert luminance(text) - luminance(ground) > 0.6
    screenshot(browser, "dark")


def luminance(color: str) -> float:
    """The brightness of a CSS colour as the browser writes it, `rgba(20, 19, 28, 1)`: 0 is black, 1 is white."""
    red, green, blue = (int(part) / 255 for part in color[color.index("(") + 1 :].split(",")[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
