"""The report: one HTML file that needs nothing but itself.

The content security policy in its head forbids whatever is not in the file, so
a browser would refuse what should slip in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import groupby

from pipeline.report.cards import alert_card, cards, letter_card
from pipeline.report.html import Markup, join, raw, tag
from pipeline.report.numbers import latency, ledger, scores, tiles
from pipeline.report.seen import Exhibit, Letter, Seen
from pipeline.report.streams import SUBJECTS
from pipeline.report.summary import Summary

__all__ = ["Gallery", "Report", "render"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Classifications that have something in common."""

    stream: str
    title: str
    text: str
    exhibits: Sequence[Exhibit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page shows."""

    summary: Summary
    seen: Sequence[Seen]
    """All classifications."""

    galleries: Sequence[Gallery]
    letters: Sequence[Letter]
    """Dead letters to show."""


def render(report: Report) -> str:
    """Return the report as one HTML file, in which all text is escaped."""
    summary = report.summary
    said = scores(report.seen, summary)
    body = tag(
        "body",
        _header(summary),
        tag(
            "main",
            tiles(summary),
            _section("The ledger", ledger(summary)),
            _section("Where the time goes", latency(summary)),
            *([_section("What the networks said", *said)] if said else []),
            *_galleries(report.galleries),
            _letters(report),
        ),
        _footer(summary),
    )
    html = tag("html", _head(summary), body, lang="en")
    return f"<!doctype html>\n{html}\n"


def _head(summary: Summary) -> Markup:
    style = files("pipeline.report").joinpath("report.css").read_text(encoding="utf-8")
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"skytriage demo, {_when(summary)}"),
        tag("style", raw(style)),
    )


def _header(summary: Summary) -> Markup:
    total = summary.total
    said = "nothing lost" if summary.adds_up else "and the ledger does not add up"
    networks = ", ".join(
        f"{used.network.name} {used.network.version} on {used.network.runtime} ({used.network.device})"
        for used in summary.networks
    )
    cut = " The run was cut short." if summary.was_interrupted else ""
    if summary.daemon_died:
        cut = " The daemon died on the way, and the run ended with it."
    return tag(
        "header",
        tag("p", tag("span", "simulated data", class_="badge"), " skytriage demo, ", _when(summary)),
        tag(
            "h1",
            f"{total['consumed']:,} records, {summary.alerts:,} alerts, "
            f"{total['deadLettered']:,} dead letters: {said}",
        ),
        tag(
            "p",
            f"Simulated {_listed(list(summary.streams))} went through Kafka topics, one for each stream, to one "
            "daemon, as they would on a night. The data, and what they are said to show, come from simulators: "
            f"no figure here is one of a real instrument.{cut} "
            f"The networks that answered: {networks or 'none'}.{_left_out(summary)}",
            class_="lead",
        ),
    )  # fmt: skip


def _section(title: str, *content: Markup) -> Markup:
    return tag("section", tag("h2", title), *content)


def _listed(streams: Sequence[str]) -> str:
    """Write names as a sentence has them.

    >>> _listed(["hits", "maxi", "strain"])
    'hits, maxi and strain'
    """
    *others, last = streams or ("data",)
    return f"{', '.join(others)} and {last}" if others else last


def _left_out(summary: Summary) -> str:
    if not summary.left_out:
        return ""
    reasons = "; ".join(f"{stream} ({reason})" for stream, reason in summary.left_out.items())
    return f" Left out: {reasons}."


def _galleries(galleries: Sequence[Gallery]) -> Iterator[Markup]:
    """Yield a section for each stream that has something to show."""
    filled = [gallery for gallery in galleries if gallery.exhibits]
    for stream, group in groupby(filled, key=lambda gallery: gallery.stream):
        parts = [part for gallery in group for part in _gallery(gallery)]
        yield _section(SUBJECTS[stream].title, *parts)


def _gallery(gallery: Gallery) -> Sequence[Markup]:
    made = (alert_card(exhibit) for exhibit in gallery.exhibits)
    return (
        tag("h3", gallery.title),
        tag("p", gallery.text, class_="text"),
        cards(*made),
    )


def _letters(report: Report) -> Markup:
    total = report.summary.total["deadLettered"]
    if not report.letters:
        return Markup()
    text = (
        f"{total:,} records could not be classified; {len(report.letters)} of them are shown. "
        f"{report.summary.broken:,} were broken on purpose. Each is on the dead-letter topic with its "
        "bytes and this reason, and cost no other record anything."
    )
    made = (letter_card(letter) for letter in report.letters)
    return _section("Dead letters", tag("p", text, class_="text"), cards(*made))


def _footer(summary: Summary) -> Markup:
    versions = ", ".join(f"{name} {version}" for name, version in summary.versions.items())
    machine = ", ".join(f"{name}: {value}" for name, value in summary.machine.items())
    hashes = join(
        *(
            tag("span", f" Weights of {used.network.name}: ", tag("code", used.network.weights_sha256))
            for used in summary.networks
        )
    )  # fmt: skip
    return tag("footer", tag("p", f"Made with {versions}. Machine: {machine}.", hashes))


def _when(summary: Summary) -> str:
    moment = datetime.fromtimestamp(summary.created_us // 1_000_000, UTC)
    return f"{moment:%-d %B %Y, %H:%M} UTC"
