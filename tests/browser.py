"""Opens a report in headless Chromium and uses it: python3 tests/browser.py output/smoke

No console error and no request, every figure present, visible and without texts that overlap, the chart follows what is
chosen, the table sorts by mouse and by keyboard, the page fits a phone, turns dark and prints. With a second argument,
screenshots are left there.
"""

import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]

# Pairs of texts of a figure whose boxes overlap by more than a hair.
OVERLAPS = """
const found = [];
for (const svg of document.querySelectorAll('.picture svg')) {
  const texts = [...svg.querySelectorAll('text')].filter((t) => t.textContent.trim());
  const boxes = texts.map((t) => t.getBoundingClientRect());
  for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
    const [a, b] = [boxes[i], boxes[j]];
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 0.25 * Math.min(a.height, b.height))
      found.push(`${svg.closest('figure').id}: ${texts[i].textContent} / ${texts[j].textContent}`);
  }
  const paper = svg.getBoundingClientRect();
  boxes.forEach((box, i) => {
    if (box.left < paper.left - 1 || box.right > paper.right + 1 || box.top < paper.top - 1 || box.bottom > paper.bottom + 1)
      found.push(`${svg.closest('figure').id}: ${texts[i].textContent} leaves the paper`);
  });
}
return found;
"""


def colours(browser: webdriver.Chrome, path: Path) -> int:
    """Saves a screenshot and counts its colours, as a browser sees them."""
    browser.save_screenshot(str(path))
    return browser.execute_async_script("""
        const [data, done] = arguments;
        const image = new Image();
        image.onload = () => {
          const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          done(new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size);
        };
        image.src = 'data:image/png;base64,' + data;""", browser.get_screenshot_as_base64())


def shown(browser: webdriver.Chrome) -> int:
    """Traces of the chart that are visible."""
    return browser.execute_script("return document.getElementById('chart').data.filter((t) => t.visible === true).length")


def column(browser: webdriver.Chrome, index: int) -> list[float]:
    script = "return [...document.querySelectorAll('#cells tbody tr')].map((r) => parseFloat(r.cells[arguments[0]].dataset.key))"
    return browser.execute_script(script, index)


def main(directory: Path, pictures: Path) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
    driver = Service(shutil.which("chromedriver"))
    with tempfile.TemporaryDirectory() as profile:
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options, driver)
        try:
            use(browser, directory, pictures)
        finally:
            browser.quit()


def use(browser: webdriver.Chrome, directory: Path, pictures: Path) -> None:
    browser.set_window_size(1280, 900)
    browser.get((directory / "report.html").resolve().as_uri())
    WebDriverWait(browser, 30).until(lambda b: b.execute_script("return !!document.querySelector('#chart .main-svg')"))

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip", "the keyboard begins elsewhere"
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0, "something was fetched"
    figures = browser.find_elements(By.CSS_SELECTOR, "figure")
    files = {path.stem for path in (directory / "figures").glob("*.svg")}
    assert {figure.get_attribute("id") for figure in figures} == files and files, files
    for figure in figures:
        svg = figure.find_element(By.TAG_NAME, "svg")
        assert svg.is_displayed() and svg.size["width"] > 250 and svg.size["height"] > 80, figure.get_attribute("id")
        assert len(svg.find_elements(By.CSS_SELECTOR, "*")) > 20, figure.get_attribute("id")
    overlaps = browser.execute_script(OVERLAPS)
    assert not overlaps, overlaps

    before = shown(browser)
    assert before > 0
    Select(browser.find_element(By.NAME, "milestone")).select_by_value("signal")
    names = lambda: browser.execute_script("return document.getElementById('chart').data.map((t) => t.visible)")
    signal = names()
    assert shown(browser) > 0
    Select(browser.find_element(By.NAME, "milestone")).select_by_value("recovery")
    assert names() != signal and shown(browser) == before
    box = browser.find_element(By.NAME, "q")
    box.click()
    assert shown(browser) < before
    box.click()
    point = browser.find_element(By.CSS_SELECTOR, "#chart .point")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    webdriver.ActionChains(browser).move_to_element(point).perform()
    WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#chart .hovertext"))
    assert "samples" in browser.find_element(By.CSS_SELECTOR, "#chart .hovertext").text

    headings = browser.find_elements(By.CSS_SELECTOR, "#cells th button")
    texts = [heading.text for heading in headings]
    lengths = texts.index("T")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", headings[lengths])
    headings[lengths].click()
    assert all(a <= b for a, b in pairwise(column(browser, lengths)))
    headings[lengths].send_keys(Keys.ENTER)
    values = column(browser, lengths)
    assert all(a >= b for a, b in pairwise(values)) and values[0] > values[-1]
    assert browser.find_element(By.CSS_SELECTOR, "#cells th[aria-sort=descending]").text.startswith("T")
    needed = texts.index("needed")
    headings[needed].click()
    assert all(a <= b for a, b in pairwise(column(browser, needed)))

    seen = {}
    for name, width in (("wide", 1280), ("phone", 390)):
        # A window has a least width; a phone's is given to the page alone.
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        browser.execute_script("scrollTo(0, 0)")
        # The chart follows a window that changes in its own time.
        fits = lambda b: b.execute_script("return document.scrollingElement.scrollWidth") <= width
        WebDriverWait(browser, 10).until(fits, f"{name} scrolls sideways")
        seen[name] = colours(browser, pictures / f"{name}.png")
        browser.execute_script("document.getElementById('figures').scrollIntoView()")
        seen[name + " figures"] = colours(browser, pictures / f"{name}_figures.png")
    background = lambda: browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    light = background()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    assert background() != light, "there is no dark mode"
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_script("scrollTo(0, 0)")
    seen["dark"] = colours(browser, pictures / "dark.png")
    browser.execute_script("document.getElementById('figures').scrollIntoView()")
    seen["dark figures"] = colours(browser, pictures / "dark_figures.png")
    assert all(count > 30 for count in seen.values()), f"blank: {seen}"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find_element(By.ID, "explore").is_displayed() and figures[0].is_displayed()

    console = [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert not console, console
    print(f"{directory}: {len(figures)} figures, {len(values)} rows, colours {seen}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        target = Path(sys.argv[2])
        target.mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]), target)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(sys.argv[1]), Path(scratch))
