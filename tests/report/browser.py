"""A real Chromium without a window, for the tests of HTML pages."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import LONG

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


def missing() -> str:
    """What a test in a browser needs and this machine lacks; "" where nothing."""
    lacking = [
        name for name, found in (("chromium", _chromium()), ("chromedriver", shutil.which("chromedriver"))) if not found
    ]
    try:
        import selenium  # noqa: F401
    except ImportError:
        lacking.append("selenium (pip install selenium)")
    return ", ".join(lacking)


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def require() -> None:
    """Skip without a browser; in CI that is a failure, so that these tests can't fall silent there."""
    lacking = missing()
    if lacking:
        reason = f"tests in a browser need {lacking}; on Debian: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


# The lowest contrast ratio of the text on the page, by element and class: WCAG 2.2, "relative luminance".
_CONTRAST = """
const channels = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (c) => c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const background = (node) => {
  for (; node; node = node.parentElement) {
    const found = channels(getComputedStyle(node).backgroundColor);
    if (found.length < 4 || found[3] === 1) return found;
    if (found[3] > 0) throw new Error(`a translucent background: ${node.className}`);
  }
  return [255, 255, 255];
};
const seen = {};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
  if (/^(SCRIPT|STYLE|OPTION)$/.test(node.tagName)) continue;
  const [a, b] = [light(channels(getComputedStyle(node).color)), light(background(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const key = `${node.tagName} ${node.className}`;
  if (!(key in seen) || ratio < seen[key][0]) seen[key] = [ratio, walker.currentNode.data.slice(0, 30)];
}
return Object.entries(seen);
"""


class Key:
    """Keys without a character, as WebDriver writes them (https://www.w3.org/TR/webdriver2/#keyboard-actions)."""

    ENTER, ESCAPE = "\ue007", "\ue00c"
    END, HOME = "\ue010", "\ue011"
    LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"


class Browser:
    """One window. Pages open from disk; `offline` cuts the network, so that a request to anywhere would be seen."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, hash: str = "") -> None:
        """Open a page anew, and wait until its data are there."""
        self.driver.get("about:blank")
        self.driver.get(page.resolve().as_uri() + hash)
        self.wait("document.documentElement.dataset.ready === 'yes'")

    def js(self, code: str, *values: Any) -> Any:
        """What a function body returns; `arguments` are the values."""
        return self.driver.execute_script(code, *values)

    def wait(self, condition: str, seconds: float = LONG) -> None:
        """Wait until an expression is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, seconds, 0.02).until(lambda _: self.js(f"return Boolean({condition})"), condition)

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def click(self, selector: str) -> None:
        """Click what a CSS selector finds first, once it is there."""
        self.wait(f"document.querySelector({selector!r})")
        self.driver.find_element("css selector", selector).click()

    def text(self, selector: str) -> str:
        """The text as it is shown."""
        return str(self.driver.find_element("css selector", selector).text)

    def errors(self) -> list[str]:
        """What the console holds of errors and warnings since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def scroll(self, steps: int, pixels: int | None = None) -> float:
        """CPU seconds of the page's own thread a step of scrolling down the table, each step a drawn frame.

        `pixels` a step; None spreads the steps over the whole table, so that no row stays.
        """
        before = self.busy()
        self.driver.execute_async_script(
            """
            const [steps, pixels, done] = arguments;
            const grid = document.querySelector('.grid');
            const far = pixels || (grid.scrollHeight - grid.clientHeight) / steps;
            const step = (n) => {
              grid.scrollTop = n * far;
              requestAnimationFrame(() => setTimeout(() => (n < steps ? step(n + 1) : done())));
            };
            step(0);
            """,
            steps,
            pixels,
        )
        return (self.busy() - before) / steps

    def busy(self) -> float:
        """CPU seconds that the page's own thread has worked."""
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def media(self, **features: str) -> None:
        """Emulate media features, such as prefers_color_scheme="dark"."""
        items = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": items})

    def viewport(self, width: int, height: int, phone: bool = False) -> None:
        """The size of the window's content; `phone` with touch and a dense screen."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})

    def contrast(self) -> list[tuple[str, tuple[float, str]]]:
        """(element and class, (lowest contrast ratio, the text that has it)) of all text that is to be seen."""
        return [(key, (ratio, text)) for key, (ratio, text) in self.js(_CONTRAST)]

    def allow_clipboard(self) -> None:
        """Let the page write, and the test read, the clipboard."""
        wanted = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        self.driver.execute_cdp_cmd("Browser.grantPermissions", wanted)

    def clipboard(self) -> str:
        """What is on the clipboard."""
        script = "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done('failed: ' + e))"
        return str(self.driver.execute_async_script(script))

    def picture(self, path: Path) -> None:
        """A screenshot."""
        self.driver.save_screenshot(str(path))


@contextmanager
def browser(width: int = 1400, height: int = 900) -> Iterator[Browser]:
    """A Chromium with a profile of its own, without a network."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(prefix="conformance-chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = _chromium() or ""
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})  # type: ignore[no-untyped-call]
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            driver.execute_cdp_cmd("Network.enable", {})
            driver.execute_cdp_cmd(
                "Network.emulateNetworkConditions",
                {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
            )
            found = Browser(driver)
            found.viewport(width, height)
            yield found
        finally:
            driver.quit()
