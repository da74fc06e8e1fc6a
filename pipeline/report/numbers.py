"""The sections with numbers: headline, ledger, latency, scores."""

from collections.abc import Sequence

from pipeline.report.charts import LatencyAxis, per_second_chart, quantile_track, score_chart
from pipeline.report.durations import Quantiles, milliseconds
from pipeline.report.html import Markup, tag
from pipeline.report.seen import STAGES, Seen
from pipeline.report.streams import SUBJECTS, Subject
from pipeline.report.summary import Confusion, NetworkUsed, Summary, confusion

__all__ = ["latency", "ledger", "scores", "tiles"]


def tiles(summary: Summary) -> Markup:
    """Show the handful of numbers that one would quote."""
    latency = summary.end_to_end
    shown = (
        (f"{summary.rate_hz:,.0f} /s", "results", f"{summary.published:,} records published"),
        (milliseconds(latency.p50_ms), "median latency", "from the broker to a subscriber"),
        (milliseconds(latency.p99_ms), "99th percentile", f"slowest {milliseconds(latency.max_ms)}"),
        (f"{summary.alerts:,}", "alerts", f"{summary.degraded:,} classifications degraded"),
        (f"{summary.total['deadLettered']:,}", "dead letters", f"{summary.broken:,} broken on purpose"),
    )  # fmt: skip
    return tag("ul", *(_tile(*tile) for tile in shown), class_="tiles")


def _tile(number: str, name: str, note: str) -> Markup:
    return tag(
        "li",
        tag("strong", number),
        tag("span", name, class_="name"),
        tag("span", note, class_="note"),
    )


def ledger(summary: Summary) -> Markup:
    """Show that each record consumed has one result."""
    total = summary.total
    good = summary.adds_up
    terms = (
        (f"{total['consumed']:,}", "consumed"),
        ("=" if good else "≠", ""),
        (f"{total['classified']:,}", "classified"),
        ("+", ""),
        (f"{total['deadLettered']:,}", "dead-lettered"),
    )
    equation = [
        tag("span", tag("strong", number), tag("span", name), class_="term" if name else "sign")
        for number, name in terms
    ]
    verdict = tag("p", *_verdict(summary), class_="right" if good else "wrong")
    return tag("div", tag("p", *equation, class_="equation"), verdict, _partitions(summary))


def _verdict(summary: Summary) -> tuple[str, ...]:
    total = summary.total
    if summary.adds_up:
        cut = f" {summary.unread:,} more were published and not read when the run was cut short."
        return ("✓ It adds up: none is missing and none is double.", cut * (summary.unread > 0))
    counts = (
        f"✗ It does not add up: {total['missing']:,} missing, {total['duplicates']:,} double, "
        f"{summary.unread:,} not read, of {summary.published:,} published."
    )
    return (counts,)


def _partitions(summary: Summary) -> Markup:
    names = ("consumed", "classified", "dead-lettered", "double", "missing")
    head = tag("tr", *(tag("th", name, scope="col") for name in ("topic", "partition", *names)))
    rows = [
        tag(
            "tr",
            tag("th", account.topic, scope="row"),
            *(
                tag("td", f"{number:,}")
                for number in (
                    account.partition,
                    account.consumed,
                    account.classified,
                    account.dead_lettered,
                    account.duplicates,
                    account.missing,
                )
            ),
        )
        for account in summary.ledger.accounts
    ]
    notes = [tag("p", note, class_="quiet") for note in summary.ledger.notes]
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag(
        "details",
        tag("summary", "By topic and partition"),
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Ledger"),
        *notes,
    )


def latency(summary: Summary) -> Markup:
    """Show how long each stage takes, and the rate over the run."""
    each = {name: numbers.end_to_end for name, numbers in summary.streams.items()}
    axis = LatencyAxis([summary.end_to_end, *summary.stages.values(), *each.values()])
    rows = [
        _latency_row(stage.name, stage.meaning, summary.stages[stage.name], axis, f"stage{number}")
        for number, stage in enumerate(STAGES)
    ]
    meaning = "from the broker's timestamp to a subscriber of committed data"
    whole = _latency_row("end to end", meaning, summary.end_to_end, axis, "whole")
    streams = [
        _latency_row(
            f"stream {name}",
            f"{quantiles.n:,} classifications, end to end",
            quantiles,
            axis,
            "stream",
        )
        for name, quantiles in each.items()
    ]
    marks = [
        tag("text", f"{tick:g}",
            x=f"{axis.percent(tick)}%", y=14, class_="tick",
            text_anchor={0.0: "start", 100.0: "end"}.get(axis.percent(tick), "middle"))
        for tick in axis.ticks_ms
    ]  # fmt: skip
    ticks = tag("svg", *marks, height=20, width="100%", aria_hidden="true")
    columns = ("stage", "median, 95 %, 99 %", "median", "95 %", "99 %")
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    foot = tag("tr", tag("td"), tag("td", ticks), *(tag("td", "ms") for _ in range(3)))
    table = tag(
        "table",
        tag("thead", head),
        tag("tbody", *rows, whole, *streams),
        tag("tfoot", foot),
        class_="stages",
    )
    counts = summary.per_second
    text = f"Classifications seen in each second; at most {max(counts, default=0):,}."
    rate = tag("figure", per_second_chart(counts, text), tag("figcaption", text))
    note = (
        f"A record was classified in a batch of {summary.mean_batch:.1f} on average. "
        "The times are those that each alert carries; the axis is logarithmic, and the colours "
        "are those of the alerts' bars below."
    )
    return tag("div", table, tag("p", note, class_="text"), rate)


def _latency_row(
    name: str, meaning: str, quantiles: Quantiles, axis: LatencyAxis, kind: str
) -> Markup:
    numbers = (quantiles.p50_ms, quantiles.p95_ms, quantiles.p99_ms)
    return tag(
        "tr",
        tag("th", name, tag("span", meaning, class_="quiet"), scope="row"),
        tag("td", quantile_track(quantiles, axis, kind)),
        *(tag("td", milliseconds(number).removesuffix(" ms")) for number in numbers),
        class_=kind,
    )


def scores(seen: Sequence[Seen], summary: Summary) -> list[Markup]:
    """Show for each network how its scores are distributed, against the simulator's labels."""
    return [
        _scores_of([one for one in seen if one.alert.stream == used.stream], used)
        for used in summary.networks
    ]


def _scores_of(seen: Sequence[Seen], used: NetworkUsed) -> Markup:
    positive = [one.alert.score for one in seen if one.truth and one.truth.is_positive]
    negative = [one.alert.score for one in seen if one.truth and not one.truth.is_positive]
    counts = confusion(seen)
    subject = SUBJECTS[used.stream]
    text = (
        f"Scores of {len(positive):,} simulated {subject.positives} (above the line) and "
        f"{len(negative):,} simulated {subject.negatives} (below it), on a log-odds axis; the height is the "
        f"square root of the count, and a bar with a number is cut. Alerts begin at the dashed line, {used.threshold:.4f}: "
        f"{used.false_positive_rate:.2%} of {subject.negatives} reached it when the network was tested."
    )
    chart = score_chart(positive, negative, used.threshold, text)
    legend = tag(
        "p",
        tag("span", f"simulated {subject.positives}", class_="key positive"),
        tag("span", f"simulated {subject.negatives}", class_="key negative"),
        class_="legend",
    )
    name = f"{used.network.name} {used.network.version}"
    figure = tag("figure", legend, chart, tag("figcaption", text))
    return tag("div", tag("h3", f"{name}, stream {used.stream}"), figure, _table(counts, subject))


def _table(counts: Confusion, subject: Subject) -> Markup:
    head = tag("tr", *(tag("th", name, scope="col") for name in ("simulated", "alert", "none", "")))
    rows = (
        (subject.positive, counts.found, counts.missed, "found"),
        (subject.negative, counts.false_alerts, counts.left_alone, "false alerts"),
    )
    body = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", f"{alerts:,}"),
            tag("td", f"{none:,}"),
            tag("td", f"{alerts / max(alerts + none, 1):.1%} {said}"),
        )
        for name, alerts, none, said in rows
    ]
    return tag("table", tag("thead", head), tag("tbody", *body), class_="confusion")
