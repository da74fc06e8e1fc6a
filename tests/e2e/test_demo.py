"""The demo, as somebody runs it who has just installed skytriage."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from confluent_kafka import KafkaException

from pipeline.demo.lineup import PARTS, left_out, taking_part
from pipeline.report.streams import SUBJECTS
from pipeline.streams import STREAMS
from tests.chromium import browser_program, open_page
from tests.conftest import unavailable
from tests.kafka_clients import Broker

COMMAND = (sys.executable, "-m", "pipeline", "demo")
TIMEOUT_S = 240
SECONDS, RATE_HZ = 4, 60
SHOWN = [part.stream for part in taking_part(left_out())]
"""The streams whose networks have weights."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A finished demo: its folder, and what it printed."""
    out = tmp_path_factory.mktemp("demo")
    arguments = ("--seconds", str(SECONDS), "--rate", str(RATE_HZ), "--out", str(out), "--json")
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return out, done


@pytest.fixture(scope="module")
def summary(demo):
    out, _ = demo
    return json.loads((out / "summary.json").read_text())


@pytest.fixture(scope="module")
def html(demo):
    out, _ = demo
    return (out / "report.html").read_text()


def test_every_record_published_has_one_result(summary):
    counts = summary["counts"]

    assert counts["published"] > 0
    assert counts["consumed"] == counts["published"]
    assert counts["consumed"] == counts["classified"] + counts["deadLettered"]
    assert counts["duplicates"] == counts["missing"] == counts["unread"] == 0
    assert counts["addsUp"] is True


def test_as_much_is_published_as_was_asked_for(summary):
    # Whole messages; one that is broken as a whole has one result, however many records it had.
    most = max(part.records for part in PARTS)

    assert abs(summary["counts"]["published"] - SECONDS * RATE_HZ) <= 2 * most


def test_every_stream_is_shown_or_left_out_with_a_reason(summary):
    assert list(summary["streams"]) == SHOWN
    assert {*summary["streams"], *summary["leftOut"]} == {*STREAMS}


@pytest.mark.parametrize("stream", SHOWN)
def test_each_stream_adds_up_and_has_something_broken(summary, stream):
    numbers = summary["streams"][stream]

    assert numbers["published"] == numbers["consumed"]
    assert numbers["consumed"] == numbers["classified"] + numbers["deadLettered"]
    assert numbers["deadLettered"] > 0


def test_the_partitions_of_the_ledger_sum_to_its_total(summary):
    ledger = summary["ledger"]

    for name in ("consumed", "classified", "deadLettered"):
        assert sum(row[name] for row in ledger["partitions"]) == ledger["total"][name]


def test_everything_that_was_broken_is_a_dead_letter_and_no_other(summary):
    counts = summary["counts"]

    assert counts["deadLettered"] == counts["brokenOnPurpose"] > 0
    assert sum(summary["deadLetters"].values()) == counts["deadLettered"]


def test_every_classification_is_compared_with_its_simulated_label(summary):
    confusion = summary["confusion"]

    compared = sum(sum(confusion[kind].values()) for kind in ("positive", "negative"))
    assert compared == summary["counts"]["classified"]


def test_all_families_of_packets_are_classified(summary):
    assert summary["families"].keys() >= {"HiTS", "ZTF", "Rubin"}


def test_the_networks_that_answered_are_named_with_their_weights(summary):
    networks = summary["networks"]

    assert {one["name"] for one in networks} == {STREAMS[name].network for name in SHOWN}
    assert all(re.fullmatch("[0-9a-f]{64}", one["weightsSha256"]) for one in networks)
    assert all(one["runtime"] and one["device"] for one in networks)


def test_each_stage_is_timed_and_none_takes_longer_than_the_whole(summary):
    latency = summary["latencyMs"]

    for stage in latency["stages"].values():
        assert stage["n"] == latency["endToEnd"]["n"] == summary["counts"]["classified"]
        assert 0 <= stage["max"] <= latency["endToEnd"]["max"]


def test_the_json_on_standard_output_is_that_of_the_file(demo, summary):
    _, done = demo

    assert json.loads(done.stdout) == summary


def test_it_says_what_it_does_while_it_does_it(demo):
    _, done = demo
    said = (
        "starting a broker",
        "skytriage run",
        "simulating",
        "publishing",
        "draining",
        "counting",
    )

    assert [step for step in said if step not in done.stderr] == []


def test_the_report_needs_nothing_but_itself(html):
    assert re.findall(r"https?://", html) == []


def test_the_report_shows_alerts_of_every_stream_with_pictures(html):
    sections = {title: html.count(title) for title in (SUBJECTS[name].title for name in SHOWN)}

    assert set(sections.values()) == {1}
    cards = re.findall('<article class="card" id="alert-.*?</article>', html, re.DOTALL)
    assert cards
    assert [card for card in cards if 'src="data:image/png;base64,' not in card] == []


def test_the_configuration_is_one_that_the_daemon_takes(demo):
    out, _ = demo

    assert "bootstrap.servers" in (out / "skytriage.toml").read_text()
    assert '"drained"' in (out / "daemon.log").read_text()


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


@pytest.fixture
def flowing(tmp_path):
    """A demo that would go on for long, in the middle of it."""
    out, said = tmp_path / "out", tmp_path / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "--seconds", "60", "--rate", "5", "--out", str(out)], stderr=file
        )
    try:
        deadline_s = time.monotonic() + TIMEOUT_S
        while " published, " not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline_s, said.read_text()
            time.sleep(0.2)
        yield process, out, said
    finally:
        process.kill()
        process.wait()


def test_interrupted_it_ends_in_good_order_and_reports_what_there_was(flowing):
    process, out, said = flowing

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 0, said.read_text()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["wasInterrupted"] is True
    assert summary["counts"]["addsUp"] is True
    assert "The run was cut short." in (out / "report.html").read_text()


def test_killed_it_leaves_neither_broker_nor_daemon_behind(flowing):
    process, out, _ = flowing
    bootstrap = re.search(r'servers = "(.*)"', (out / "skytriage.toml").read_text())[1]

    process.kill()
    process.wait()

    # The guards that kill them need a moment on a busy machine. What is left behind
    # after this is found by the fixture that looks for it.
    deadline_s = time.monotonic() + 30
    while answers(bootstrap):
        assert time.monotonic() < deadline_s
        time.sleep(0.2)


def answers(bootstrap):
    try:
        Broker(bootstrap).producer(log_level=0).list_topics(timeout=2)
    except KafkaException:
        return False
    return True


def test_a_daemon_that_dies_makes_the_demo_fail_and_say_why(flowing):
    process, out, said = flowing
    started = json.loads((out / "daemon.log").read_text().splitlines()[1])

    os.kill(os.getpgid(started["pid"]), signal.SIGKILL)  # its leader is the supervisor

    assert process.wait(90) == 1
    assert "the daemon ended" in said.read_text()
    # Even where it had answered all that was published until then.
    assert json.loads((out / "summary.json").read_text())["daemonDied"] is True
