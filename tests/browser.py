"""Opens a report in headless Chromium and uses it: python3 tests/browser.py output/smoke

No console error and no request, every figure present, visible and without texts that overlap, the chart follows what is
chosen, the table sorts by mouse and by keyboard, the page fits a phone, turns dark and prints. On dark paper everything drawn
stands out, and cells of maps look as they did. With a second argument, screenshots are left there.
"""

import re
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


# Inks of figures that are too close to their paper, and texts that are.
FAINT = """
const luminance = (css) => {
  const [r, g, b] = css.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
};
const found = new Set();
for (const svg of document.querySelectorAll('.picture svg')) {
  const paper = getComputedStyle(svg.querySelector('rect')).fill;
  for (const element of svg.querySelectorAll('text, tspan, line, polyline, polygon, path, circle')) {
    const { fill, stroke } = getComputedStyle(element);
    const text = element.matches('text, tspan');
    for (const ink of [fill, stroke]) {
      if (ink === 'none' || ink === paper) continue;
      const [a, b] = [luminance(ink), luminance(paper)];
      const contrast = Math.max(a, b) / Math.min(a, b);
      if (contrast < (text ? 4.5 : 3)) found.add(`${svg.closest('figure').id}: ${element.tagName} ${ink} on ${paper}`);
    }
  }
}
return [...found];
"""

# Where the paper, the patches of 0 % and 100 % and the curves of a figure lie in the window.
PLACES = """
const [figure] = arguments;
const svg = document.getElementById(figure).querySelector('svg');
svg.scrollIntoView({ block: 'center' });
const box = svg.getBoundingClientRect();
const places = { paper: [box.left + 3, box.top + 3] };
for (const text of svg.querySelectorAll('text')) {
  const patch = text.previousElementSibling;
  if (!patch || patch.tagName !== 'rect') continue;
  const { left, top, width, height } = patch.getBoundingClientRect();
  const share = text.textContent.trim().match(/([0-9]+) %$/);
  if (share) places[share[1]] = [left + width / 2, top + height / 2];
}
const matrix = svg.getScreenCTM();
places.curves = [...svg.querySelectorAll('polyline')]
  .filter((line) => line.getBoundingClientRect().width > 20 && line.points.length > 4)
  .map((line) => [...Array(40).keys()].map((i) => {
    const at = line.getPointAtLength((i + 0.5) / 40 * line.getTotalLength()).matrixTransform(matrix);
    return [at.x, at.y];
  }));
return places;
"""


def pixels(browser: webdriver.Chrome, places: list[list[float]]) -> list[list[int]]:
    """Red, green and blue of a screenshot at these places of the window."""
    return browser.execute_async_script("""
        const [data, places, done] = arguments;
        const image = new Image();
        image.onload = () => {
          const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
          const context = canvas.getContext('2d', { willReadFrequently: true });
          context.drawImage(image, 0, 0);
          const scale = image.width / innerWidth;
          done(places.map(([x, y]) => [...context.getImageData(Math.floor(x * scale), Math.floor(y * scale), 1, 1).data].slice(0, 3)));
        };
        image.src = 'data:image/png;base64,' + data;""", browser.get_screenshot_as_base64(), places)


def contrast(a: list[int], b: list[int]) -> float:
    """As the Web Content Accessibility Guidelines have it."""
    def luminance(colour: list[int]) -> float:
        parts = [part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05
    one, other = luminance(a), luminance(b)
    return max(one, other) / min(one, other)


def scheme(browser: webdriver.Chrome, name: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})


def papers(browser: webdriver.Chrome, names: list[str], pictures: Path) -> bool:
    """Looks at a map and its curves on either paper, pixel by pixel; false if there are none."""
    maps = [name for name in names if name.startswith("success_map_")]
    curves = [name for name in names if name.startswith("success_") and name not in maps]
    if not (maps and curves):
        return False
    # So that a line is some pixels wide.
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 4, "mobile": False})
    seen = {}
    for name in ("light", "dark"):
        scheme(browser, name)
        places = browser.execute_script(PLACES, maps[0])
        keys = ["paper", "0", "100"]
        seen[name] = dict(zip(keys, pixels(browser, [places[key] for key in keys])))
        browser.save_screenshot(str(pictures / f"map_{name}.png"))
        places = browser.execute_script(PLACES, curves[0])
        inks = pixels(browser, [places["paper"], *sum(places["curves"], [])])
        browser.save_screenshot(str(pictures / f"curves_{name}.png"))
        seen[name]["curves"] = [contrast(ink, inks[0]) for ink in inks[1:]]
    light, dark = seen["light"], seen["dark"]
    for share in ("0", "100"):
        assert light[share] == dark[share], f"{share} % changes its colour: {light[share]} and {dark[share]}"
    assert light["0"] != light["100"]
    assert light["paper"] == [255, 255, 255] and max(dark["paper"]) < 40, f"paper: {light['paper']} and {dark['paper']}"
    clear = sum(value >= 3 for value in dark["curves"])
    assert dark["curves"] and clear >= 0.97 * len(dark["curves"]), f"{clear} of {len(dark['curves'])} places of curves stand out"
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    scheme(browser, "light")
    return True


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


def column(browser: webdriver.Chrome, index: int, section: str = "cells") -> list[float]:
    script = "return [...document.querySelectorAll(`#${arguments[1]} tbody tr`)].map((r) => parseFloat(r.cells[arguments[0]].dataset.key))"
    return browser.execute_script(script, index, section)


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

    searched = browser.find_elements(By.CSS_SELECTOR, "#search th button")
    if searched:
        lengths = [heading.text for heading in searched].index("T")
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", searched[lengths])
        searched[lengths].click()
        chosen = column(browser, lengths, "search")
        assert all(a <= b for a, b in pairwise(chosen)) and chosen[0] < chosen[-1]
        assert any(name.startswith("search_") for name in files), files

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
    names = [figure.get_attribute("id") for figure in figures]
    looked = papers(browser, names, pictures)
    captions = " ".join(caption.text for caption in browser.find_elements(By.TAG_NAME, "figcaption"))
    told = re.findall(r"\b(?:white|black|gr[ae]y|bright|pale)\b", captions, re.I)
    assert not told, f"a caption tells of a colour that another paper changes: {told}"
    background = lambda: browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    light = background()
    scheme(browser, "dark")
    assert background() != light, "there is no dark mode"
    faint = browser.execute_script(FAINT)
    assert not faint, faint
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
    print(f"{directory}: {len(figures)} figures, {len(values)} rows, colours {seen}"
          + (", a map and its curves on either paper" if looked else "") + (f", {len(chosen)} searches" if searched else ""))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        target = Path(sys.argv[2])
        target.mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]), target)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(sys.argv[1]), Path(scratch))
