"""Numbers to pixels: palettes, images and curves.

Everything is drawn on the colours of a night sky, so a picture looks the same on a light page and
on a dark one; what is missing is transparent, and the page shows it as it likes.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pipeline.report.png import MISSING, Indices, Palette, encode_png

__all__ = ["LEVELS", "Mask", "Shades", "describe", "draw", "draw_curve", "ramp", "usable"]

Shades = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Number: TypeAlias = float | np.float32

LEVELS = 255
"""Colours of a palette besides `MISSING`."""

CURVE_SIZE = (320, 139)
"""Width and height of a curve [pixel]: about what a card shows on a screen with dense pixels, and as wide
for its height as the image of pitches that stands beside a trace of strain (129 by 56)."""

_STROKE = 2
"""Least height of a line, which is one pixel of the page [pixel]."""

_EDGE = 8
"""Pixels between a curve and the upper and lower end of its picture."""

_ZERO_SHADE = 0.3
"""Of the line at zero, on the palette."""


def ramp(*stops: tuple[float, int, int, int]) -> Palette:
    """Return a palette through colours ``(position, red, green, blue)``, position in [0, 1]."""
    table = np.array(stops, np.float64)
    at = np.linspace(0, 1, LEVELS)
    channels = [np.interp(at, table[:, 0], table[:, k]) for k in (1, 2, 3)]
    palette = np.zeros((LEVELS + 1, 3), np.uint8)
    palette[1:] = np.stack(channels, axis=1).round()
    return palette


_LINE = ramp((0, 8, 10, 16), (0.3, 62, 68, 86), (1, 150, 205, 255))
"""Curves: light blue on dark."""


def usable(values: npt.ArrayLike, huge: Number) -> tuple[Shades, Mask]:
    """Return numbers with NaN for those that are none, and which these are.

    Parameters
    ----------
    huge
        Size from which a number is a mark and no measurement.
    """
    numbers = np.array(values, np.float64)
    missing = ~(np.abs(numbers) < huge)
    numbers[missing] = np.nan
    return numbers, missing


def describe(values: npt.ArrayLike, huge: Number, names: tuple[str, str]) -> str:
    """Say in a few words what there is.

    Parameters
    ----------
    huge
        As in `usable`.
    names
        What the largest and the smallest number are called.

    Examples
    --------
    >>> describe([np.nan], 1e9, ("highest", "lowest")), describe([1, 3], 1e9, ("highest", "lowest"))
    ('no data', 'highest 3, lowest 1')
    """
    numbers, missing = usable(values, huge)
    if missing.all():
        return "no data"
    text = f"{names[0]} {np.nanmax(numbers):.4g}, {names[1]} {np.nanmin(numbers):.4g}"
    return f"{text}, {missing.mean():.0%} missing" if missing.any() else text


def draw(shade: Shades, missing: Mask, palette: Palette) -> bytes:
    """Draw shades in [0, 1], those outside cut.

    Parameters
    ----------
    shade
        Shape ``(y, x)``, the first row on top.
    missing
        Which pixels are transparent, likewise.
    """
    levels = np.clip(np.nan_to_num(shade), 0, 1) * (LEVELS - 1)
    indices: Indices = (1 + levels.round()).astype(np.uint8)
    indices[missing] = MISSING
    return encode_png(indices, palette)


def draw_curve(values: Shades, *, span: tuple[float, float], zero: float | None = None) -> bytes:
    """Draw numbers as a line from left to right.

    Each column covers all that falls into it, and where the line comes from, so no peak is lost
    however many numbers there are.

    Parameters
    ----------
    values
        Shape ``(n,)``; where they are NaN the picture is transparent.
    span
        What the lower and the upper end of the picture stand for; what is beyond is cut.
    zero
        Where to draw a faint line; None for nowhere.
    """
    width, height = CURVE_SIZE
    edges = np.arange(width + 1) * len(values) // width
    # One more at the left, where the line comes from; and one at least.
    begin, end = np.maximum(edges[:-1] - 1, 0), np.maximum(edges[1:], edges[:-1] + 1)
    pieces = [values[a:b] for a, b in zip(begin, end, strict=True)]
    missing = np.array([bool(np.isnan(piece).all()) for piece in pieces])
    lowest = np.array([np.nan if np.isnan(piece).all() else np.nanmin(piece) for piece in pieces])
    highest = np.array([np.nan if np.isnan(piece).all() else np.nanmax(piece) for piece in pieces])
    rows = np.arange(height)[:, np.newaxis]
    shade = np.zeros((height, width))
    if zero is not None:
        shade[np.abs(rows[:, 0] - _rows(np.array([zero]), span)) < _STROKE / 2] = _ZERO_SHADE
    below, above = _rows(lowest, span) + _STROKE / 2, _rows(highest, span) - _STROKE / 2
    shade[(rows >= above) & (rows <= below)] = 1  # never where it is NaN
    return draw(shade, np.broadcast_to(missing, shade.shape), _LINE)


def _rows(values: Shades, span: tuple[float, float]) -> Shades:
    """Return the row of each number, the first row on top."""
    low, high = span
    height = CURVE_SIZE[1]
    part = (np.clip(values, low, high) - low) / (high - low)
    rows: Shades = np.round(_EDGE + (1 - part) * (height - 1 - 2 * _EDGE))
    return rows
