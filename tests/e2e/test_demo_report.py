"""The report of the demo: what it shows, and how a browser shows it."""

import re

import pytest

from pipeline.report.streams import SUBJECTS
from tests.chromium import browser_program, open_page
from tests.conftest import unavailable
from tests.demo_run import SHOWN


@pytest.fixture(scope="module")
def html(demo):
    out, _ = demo
    return (out / "report.html").read_text()


def test_the_report_needs_nothing_but_itself(html):
    assert re.findall(r"https?://", html) == []


def test_the_report_shows_alerts_of_every_stream_with_pictures(html):
    sections = {title: html.count(title) for title in (SUBJECTS[name].title for name in SHOWN)}

    assert set(sections.values()) == {1}
    cards = re.findall('<article class="card" id="alert-.*?</article>', html, re.DOTALL)
    assert cards
    assert [card for card in cards if 'src="data:image/png;base64,' not in card] == []


@pytest.fixture
def browser():
    program = browser_program()
    if program is None:
        unavailable("no Chromium to open the report with (Debian: apt-get install chromium)")
    with open_page(program) as page:
        yield page


SIZES = pytest.mark.parametrize("width", [360, 1280])
SCHEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@SIZES
def test_a_browser_shows_the_report_without_complaint(demo, browser, width):
    out, _ = demo

    browser.open((out / "report.html").as_uri(), width=width)

    assert browser.complaints == []


@SIZES
def test_every_picture_has_a_size(demo, browser, width):
    out, _ = demo

    browser.open((out / "report.html").as_uri(), width=width)

    sizes = browser.ask("[...document.images].map(i => Math.min(i.naturalWidth, i.width))")
    assert min(sizes) > 0


@SIZES
def test_nothing_is_wider_than_the_window(demo, browser, width):
    out, _ = demo

    browser.open((out / "report.html").as_uri(), width=width)

    assert browser.ask("document.documentElement.scrollWidth") == width


# The ratio of luminances that WCAG 2.2 asks of text, 4.5 (success criterion 1.4.3).
CONTRAST = """
(() => {
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number).map(linear)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  const faint = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest("svg title")) continue;
    const style = getComputedStyle(e);
    const ink = luminance(e.closest("svg") ? style.fill : style.color);
    const paper = luminance(ground(e));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) faint.add(`${e.tagName} ${e.getAttribute("class")} ${ratio.toFixed(2)}`);
  }
  return [...faint];
})()
"""


@SCHEMES
def test_all_text_stands_out_from_what_is_behind_it(demo, browser, dark):
    out, _ = demo

    browser.open((out / "report.html").as_uri(), width=1280, dark=dark)

    assert browser.ask(CONTRAST) == []
