"""The galleries: alerts with their pictures, and dead letters with their reasons."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.core import EventTime
from pipeline.report.facts import fact, special_facts
from pipeline.report.html import Markup, join, tag
from pipeline.report.pictures import Picture
from pipeline.report.seen import STAGES, Exhibit, Letter, Seen

__all__ = ["alert_card", "clock", "letter_card", "score_text"]

BEGINNING = 16
"""Bytes of a dead letter to show."""


def alert_card(exhibit: Exhibit) -> Markup:
    """Show one classification: pictures, score, what it is, and its way through the stages."""
    seen = exhibit.seen
    alert = seen.alert
    return tag(
        "article",
        tag("div", *(_picture(picture) for picture in exhibit.pictures), class_="pictures"),
        tag("div", _score(seen), _verdict(seen), class_="verdicts"),
        tag(
            "h4",
            tag("span", seen.family, class_="family"),
            " ",
            tag("span", alert.event_id, class_="id"),
        ),
        tag("dl", *_facts(seen)),
        _way(seen),
        class_="card",
        id=f"alert-{alert.alert_id}",
    )


def letter_card(letter: Letter) -> Markup:
    """Show one dead letter: where it came from, what was wrong, how it begins."""
    source = letter.source
    beginning = letter.beginning[:BEGINNING]
    readable = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in beginning)  # noqa: PLR2004 - ASCII's printable characters
    return tag(
        "article",
        tag("h4", letter.error, tag("span", f" in {letter.stage}", class_="quiet")),
        tag("p", letter.reason, class_="reason"),
        tag(
            "dl",
            *fact("from", f"{source.topic}, partition {source.partition}, offset {source.offset}"),
            *fact("size", f"{letter.size:,} bytes"),
            *fact("begins", tag("code", beginning.hex(" ") or "nothing"), f" {readable}"),
            *(fact("broken on purpose", letter.broken) if letter.broken else ()),
        ),
        class_="card letter",
    )


def score_text(score: float) -> str:
    """Write a score so that it is not rounded to certainty.

    >>> score_text(0.99999), score_text(0.5), score_text(0.00001)
    ('> 0.9999', '0.5000', '< 0.0001')
    """
    tiny = 1e-4
    if score > 1 - tiny:
        return "> 0.9999"
    return "< 0.0001" if score < tiny else f"{score:.4f}"


def clock(time_us: int) -> str:
    """Write a time of day.

    >>> clock(1_500_000)
    '00:00:01.500000'
    """
    moment = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    return f"{moment:%H:%M:%S}.{time_us % 1_000_000:06d}"


def _picture(picture: Picture) -> Markup:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    width, height = picture.size
    return tag(
        "figure",
        tag(
            "img",
            src=source,
            alt=picture.alt,
            width=width,
            height=height,
            class_="curve" if picture.is_curve else None,
        ),
        tag("figcaption", picture.title),
        class_=f"wide{picture.columns}",
    )


def _score(seen: Seen) -> Markup:
    alert = seen.alert
    return tag(
        "p",
        tag("strong", score_text(alert.score)),
        " alert" if alert.is_alert else " no alert",
        class_="score alerted" if alert.is_alert else "score",
    )


def _verdict(seen: Seen) -> Markup:
    if seen.truth is None:
        return Markup()
    snr = "" if seen.truth.snr is None else f", S/N {abs(seen.truth.snr):.1f}"
    mark = "✓" if seen.is_right else "✗"
    said = "right" if seen.is_right else "wrong"
    return tag(
        "p",
        tag("span", mark, class_="mark", role="img", aria_label=said),
        f" simulated {seen.truth.kind}{snr}",
        class_=f"truth {said}",
    )


def _facts(seen: Seen) -> Sequence[Markup]:
    alert = seen.alert
    facts: list[Markup] = []
    if alert.ra_deg is not None and alert.dec_deg is not None:
        facts += fact("RA, Dec", f"{alert.ra_deg:.5f}°, {alert.dec_deg:+.5f}°")
    if alert.event_time is not None:
        facts += fact("observed", _event_time(alert.event_time))
    facts += special_facts(alert)
    if alert.status == "degraded":
        mended = (f"{name} {value:.3g}" for name, value in alert.quality.items() if value)
        facts += fact("mended", ", ".join(mended))
    return facts


def _event_time(time: EventTime) -> str:
    digits = ".5f" if time.format in {"jd", "mjd"} else ".4f"
    return f"{time.format.upper()} {time.value:{digits}} {time.scale.upper()}, {time.meaning}"


def _way(seen: Seen) -> Markup:
    """Show when the message passed each stage: a bar, and on demand the clock."""
    moments_us = seen.moments_us
    total_us = max(moments_us[-1] - moments_us[0], 1)
    parts = []
    rows = [_moment("appended by the broker", moments_us[0], 0)]
    steps = zip(STAGES, moments_us, moments_us[1:], strict=False)
    for number, (stage, begin_us, end_us) in enumerate(steps):
        share = 100 * max(end_us - begin_us, 0) / total_us
        left = 100 * (begin_us - moments_us[0]) / total_us
        parts.append(
            tag("rect", x=f"{left:.2f}%", width=f"{share:.2f}%", y=0, height=6, class_=f"stage{number}")
        )  # fmt: skip
        rows.append(_moment(DONE[stage.name], end_us, end_us - moments_us[0]))
    summary = tag(
        "summary",
        tag("span", f"{total_us / 1000:.1f} ms from broker to subscriber"),
        tag("svg", *parts, width="100%", height=6, aria_hidden="true"),
    )
    head = tag("tr", tag("th", "passed", scope="col"), tag("th", "UTC", scope="col"), tag("th", "ms", scope="col"))  # fmt: skip
    return tag("details", summary, tag("table", tag("thead", head), tag("tbody", *rows)))


DONE = {
    "fetch": "received",
    "decode": "decoded",
    "infer": "inferred",
    "encode": "produced",
    "commit": "with the subscriber",
}
"""What has happened at the end of each stage."""


def _moment(name: str, time_us: int, since_us: int) -> Markup:
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", clock(time_us)),
        tag("td", f"{since_us / 1000:.2f}"),
    )


def cards(*made: Markup) -> Markup:
    """Put cards beside each other."""
    return tag("div", join(*made), class_="cards")
