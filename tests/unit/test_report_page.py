import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import Flux, StrainEvent, StrainWindow
from pipeline.report import Report, render
from pipeline.report.cards import clock
from pipeline.report.charts import LatencyAxis
from pipeline.report.durations import Quantiles
from pipeline.report.streams import SUBJECTS
from pipeline.streams import STREAMS
from tests.report_values import account, gallery, ledger, letter, report, seen

# What a survey may call an event, except for what no document can hold.
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40
).filter(lambda text: text == text.strip())  # fmt: skip


def text_of(html):
    """Return the text of a page, spaces as they are."""
    body = html[html.index("<body>") :]
    return unescape(re.sub("<[^>]*>", " ", body))


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_every_alert_given_is_shown_under_its_name(names):
    alerts = [seen(k, event_id=name) for k, name in enumerate(names)]

    text = text_of(render(report(alerts)))

    assert [name for name in names if name not in text] == []


@given(NAMES)
def test_nothing_that_came_from_outside_is_taken_for_html(text):
    plain = render(report([seen(event_id="x", meaning="x")], [letter(reason="x", broken="x")]))
    other = render(report([seen(event_id=text, meaning=text)], [letter(reason=text, broken=text)]))

    assert re.findall("<[a-z]+", other) == re.findall("<[a-z]+", plain)


def test_an_alert_is_shown_with_its_four_stamps():
    html = render(report([seen(1), seen(2)]))

    assert html.count('src="data:image/png;base64,') == 2 * 4


def test_every_image_says_what_it_shows():
    html = render(report([seen()]))

    assert len(re.findall(r'<img [^>]*alt="[^"]+ of event-1: ', html)) == 4


def test_an_alert_is_shown_with_the_time_of_every_stage():
    one = seen()

    text = text_of(render(report([one])))

    assert [clock(us) for us in one.moments_us if clock(us) not in text] == []


def test_a_dead_letter_is_shown_with_its_reason_and_its_origin():
    text = text_of(render(report(letters=[letter(reason="the stamp is <blank>")])))

    assert "the stamp is <blank>" in text
    assert "hits, partition 0, offset 1001" in text


def test_the_page_asks_for_nothing_from_elsewhere():
    html = render(report([seen()], [letter()]))

    links = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^"\s>)]+)', html)
    assert [link for link in links if not link.startswith("data:")] == []


def test_the_browser_is_told_to_refuse_what_comes_from_elsewhere():
    assert "default-src &#x27;none&#x27;" in render(report())


def test_the_page_says_that_its_data_are_simulated():
    text = text_of(render(report([seen()])))

    assert "simulated data" in text
    assert "simulated transient" in text


def test_a_ledger_that_does_not_add_up_is_the_headline():
    books = ledger(account(10, 8, 1, topic="leaky"))

    text = text_of(render(report(books=books)))

    assert "the ledger does not add up" in text
    assert "1 missing, 0 double" in text


def test_a_run_cut_short_says_how_much_was_not_read():
    text = text_of(render(report(published=14, interrupted=True)))

    assert "4 more were published and not read" in text


def test_a_run_without_anything_has_a_page():
    empty = Report(summary=report().summary, seen=(), galleries=(), letters=())

    assert "nothing lost" in text_of(render(empty))


def test_a_gallery_without_anything_has_no_heading():
    run = report([seen()])
    empty = gallery("Missed by the network")

    html = render(Report(summary=run.summary, seen=run.seen, galleries=[empty], letters=()))

    assert "Missed by the network" not in html


def test_what_was_mended_is_said_of_a_degraded_alert():
    one = seen(quality={"nanFraction": 0.125, "padded": 0.0})

    text = text_of(render(report([one])))

    assert "nanFraction 0.125" in text
    assert "padded" not in text


def test_the_galleries_of_a_stream_stand_under_its_heading():
    run = report([seen(1)])
    made = [gallery(title, [seen(2)], stream) for stream in ("hits", "maxi") for title in "AB"]

    html = render(Report(summary=run.summary, seen=(), galleries=made, letters=()))

    heads = re.findall(r"<h[23]>([^<]+)</h", html)
    assert heads[-6:] == [SUBJECTS["hits"].title, "A", "B", SUBJECTS["maxi"].title, "A", "B"]


def test_every_stream_has_words():
    assert SUBJECTS.keys() == STREAMS.keys()


def test_a_flux_is_shown_with_its_interval_and_its_band():
    flux = Flux(mcrab=123.4, low_mcrab=98.7, high_mcrab=150.2, confidence=0.9, band_kev=(2, 20))

    text = text_of(render(report([seen(flux=flux)])))

    assert "123 mCrab in 2 to 20 keV; 98.7 to 150 with 90%" in text


def test_the_detector_and_channel_of_a_pulse_are_shown():
    text = text_of(render(report([seen(detector="quadrant A", channel=7)])))

    assert "quadrant A, channel 7" in text


def test_an_event_in_strain_is_shown_with_detectors_rate_and_windows():
    windows = (StrainWindow(1126259461.5, 0.91), StrainWindow(1126259461.75, 0.97))
    event = StrainEvent(detectors=("H1", "L1"), far_hz=2.5e-5, windows=windows)

    text = text_of(render(report([seen(stream="strain", strain=event)])))

    assert "H1, L1" in text
    assert "2.5e-05 Hz, counted in simulated noise" in text
    assert "2 from GPS 1126259461.50 to 1126259461.75 s, the loudest 0.9700" in text


def test_a_segment_of_strain_is_shown_with_the_detectors_that_are_there():
    one = seen(stream="strain", quality={"missingL1": 1.0, "missingH1": 0.0})

    assert "H1, V1" in text_of(render(report([one])))


def test_a_stream_that_was_left_out_is_named_with_the_reason():
    text = text_of(render(report(left_out={"maxi": "it has no weights yet"})))

    assert "Left out: maxi (it has no weights yet)." in text


@given(st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=50))
def test_quantiles_are_in_order_along_the_axis(values):
    q = Quantiles.of(values)
    axis = LatencyAxis([q])

    places = [axis.percent(value) for value in (q.p50_ms, q.p95_ms, q.p99_ms)]

    assert 0 <= places[0] <= places[1] <= places[2] <= 100


@pytest.mark.parametrize("tick", range(5))
def test_decades_are_equally_far_apart(tick):
    axis = LatencyAxis([Quantiles.of([0.2]), Quantiles.of([500.0])])

    assert axis.percent(axis.ticks_ms[tick]) == pytest.approx(25 * tick, abs=0.01)
