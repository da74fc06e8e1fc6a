"""Charts as inline SVG that fit any width.

Places along x are percentages and text has the size of the page's, so nothing
shrinks on a phone.  Colours come from the style sheet, by class.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.report.durations import Quantiles
from pipeline.report.html import Markup, tag

__all__ = ["LatencyAxis", "per_second_chart", "quantile_track", "score_chart"]

TRACK_HEIGHT = 22
PLOT_HEIGHT = 230
RATE_HEIGHT = 120
MARGIN = 20
"""Room for the labels under a plot [CSS pixel]."""


class LatencyAxis:
    """A logarithmic axis of durations, in whole decades around what it has to show.

    Parameters
    ----------
    quantiles
        What will be drawn on it.

    Examples
    --------
    >>> axis = LatencyAxis([Quantiles.of([0.3]), Quantiles.of([40.0])])
    >>> axis.ticks_ms
    [0.1, 1.0, 10.0, 100.0]
    >>> axis.percent(1.0)
    33.33
    """

    def __init__(self, quantiles: Sequence[Quantiles]) -> None:
        shown = [q for q in quantiles if q.n]
        low_ms = min((max(q.p50_ms, 0.01) for q in shown), default=1)
        high_ms = max((max(q.p99_ms, 0.01) for q in shown), default=10)
        # A hair inside, so that a value on a decade needs no other decade.
        self._first = math.floor(math.log10(low_ms) + 1e-9)
        self._last = max(math.ceil(math.log10(high_ms) - 1e-9), self._first + 1)

    @property
    def ticks_ms(self) -> list[float]:
        """Where to draw a line [ms]."""
        return [10.0**k for k in range(self._first, self._last + 1)]

    def percent(self, value_ms: float) -> float:
        """Return the place of a duration along the axis."""
        power = math.log10(max(value_ms, 1e-9))
        share = (power - self._first) / (self._last - self._first)
        return round(100 * min(max(share, 0), 1), 2)


def quantile_track(quantiles: Quantiles, axis: LatencyAxis, kind: str) -> Markup:
    """Draw a median and the way to the 95th and 99th percentile; a table beside it has the numbers."""
    middle = TRACK_HEIGHT / 2
    grid = [
        tag("line", x1=f"{x}%", x2=f"{x}%", y1=0, y2=TRACK_HEIGHT, class_="grid")
        for x in (axis.percent(tick) for tick in axis.ticks_ms)
    ]
    if not quantiles.n:
        return _svg(TRACK_HEIGHT, *grid)
    p50, p95, p99 = (
        axis.percent(q) for q in (quantiles.p50_ms, quantiles.p95_ms, quantiles.p99_ms)
    )
    return _svg(
        TRACK_HEIGHT,
        *grid,
        tag("line", x1=f"{p50}%", x2=f"{p99}%", y1=middle, y2=middle, class_=f"thin {kind}"),
        tag("line", x1=f"{p50}%", x2=f"{p95}%", y1=middle, y2=middle, class_=f"thick {kind}"),
        tag("line", x1=f"{p99}%", x2=f"{p99}%", y1=middle - 4, y2=middle + 4, class_=f"thin {kind}"),
        tag("circle", cx=f"{p50}%", cy=middle, r=5, class_=f"dot {kind}"),
    )  # fmt: skip


def score_chart(
    positive: npt.ArrayLike, negative: npt.ArrayLike, threshold: float, description: str
) -> Markup:
    """Draw how scores are distributed: positives above the line, negatives below it.

    The axis is that of the log-odds, since scores crowd at 0 and at 1.

    Parameters
    ----------
    positive, negative
        Scores in [0, 1], each of shape ``(n,)``.
    description
        What the chart shows, for those who do not see it.
    """
    edges = np.linspace(-EDGE, EDGE, BINS + 1)
    counts = [np.histogram(_log_odds(scores), edges)[0] for scores in (positive, negative)]
    # The outermost bars hold all that is beyond them, and would dwarf the others.
    most = max(*(int(c[1:-1].max()) for c in counts), 1)
    room = (PLOT_HEIGHT - MARGIN) / 2
    bars = [
        bar
        for column, pair in enumerate(zip(*counts, strict=True))
        for kind, count in zip(("positive", "negative"), pair, strict=True)
        if count
        for bar in _score_bar(column, int(count), most, room, kind)
    ]
    at = _odds_percent(threshold)
    return _svg(
        PLOT_HEIGHT,
        *_odds_axis(room),
        *bars,
        tag("line", x1=0, x2="100%", y1=room, y2=room, class_="axis"),
        tag("line", x1=f"{at}%", x2=f"{at}%", y1=0, y2=2 * room, class_="threshold"),
        description=description,
    )


def _score_bar(column: int, count: int, most: int, room: float, kind: str) -> list[Markup]:
    """Draw one bar; one that is too high is cut, and says how many it stands for."""
    width = 100 / BINS
    height = round(math.sqrt(min(count / most, 1)) * (room - MARGIN), 1)
    up = kind == "positive"
    left = column * width
    drawn = [
        tag("rect", tag("title", f"{count:,}"), x=f"{left:.3f}%", y=room - height if up else room,
            width=f"{width * 0.9:.3f}%", height=height, class_=f"bar {kind}")
    ]  # fmt: skip
    if count > most:
        first = column < BINS // 2
        drawn.append(
            tag("text", f"{count:,}", x=f"{left if first else left + width:.3f}%",
                y=room - height - 5 if up else room + height + 13, class_="tick",
                text_anchor="start" if first else "end")
        )  # fmt: skip
    return drawn


EDGE = 7.5
"""End of the axis of scores [log-odds]: 0.0006 and 0.9994."""

BINS = 60
SCORE_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def _log_odds(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    clipped = np.clip(np.asarray(scores, np.float64), 1e-9, 1 - 1e-9)
    return np.clip(np.log(clipped / (1 - clipped)), -EDGE, EDGE)


def _odds_percent(score: float) -> float:
    return round(float(50 + 50 * _log_odds([score])[0] / EDGE), 2)


def _odds_axis(room: float) -> list[Markup]:
    marks = []
    for score in SCORE_TICKS:
        x = f"{_odds_percent(score)}%"
        marks.append(tag("line", x1=x, x2=x, y1=0, y2=2 * room, class_="grid"))
        marks.append(
            tag("text", f"{score:g}", x=x, y=PLOT_HEIGHT - 4, class_="tick", text_anchor="middle")
        )
    return marks


def per_second_chart(counts: Sequence[int], description: str) -> Markup:
    """Draw results seen in each second."""
    most = max(*counts, 1, 1)
    plot = RATE_HEIGHT - MARGIN
    width = 100 / max(len(counts), 1)
    bars = [
        tag("rect", tag("title", f"{count} in second {second}"), x=f"{second * width:.3f}%",
            y=round(plot * (1 - 0.9 * count / most), 1), width=f"{width * 0.85:.3f}%",
            height=round(plot * 0.9 * count / most, 1), class_="bar rate")
        for second, count in enumerate(counts)
    ]  # fmt: skip
    return _svg(
        RATE_HEIGHT,
        *bars,
        tag("line", x1=0, x2="100%", y1=plot, y2=plot, class_="axis"),
        tag("text", "0 s", x=0, y=RATE_HEIGHT - 4, class_="tick"),
        tag("text", f"{len(counts)} s", x="100%", y=RATE_HEIGHT - 4, class_="tick", text_anchor="end"),
        tag("text", f"{most:,}", x=0, y=plot * 0.1 - 2, class_="tick"),
        description=description,
    )  # fmt: skip


def _svg(height: float, *children: Markup, description: str | None = None) -> Markup:
    if description is None:
        return tag("svg", *children, height=height, width="100%", aria_hidden="true")
    return tag(
        "svg",
        tag("title", description),
        *children,
        height=height,
        width="100%",
        role="img",
        aria_label=description,
    )
