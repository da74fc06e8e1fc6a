"""The pulse of a spectrometer."""

from collections.abc import Sequence

import numpy as np

from models.xgamma_pulse.preprocess import HUGE
from models.xgamma_pulse.waveforms import PERIOD_NS, SAMPLES, TRIGGER
from pipeline.core import Candidate
from pipeline.report.pictures.drawing import describe, draw_curve, usable
from pipeline.report.pictures.picture import COLUMNS, Picture

__all__ = ["xgamma"]


def xgamma(candidate: Candidate) -> Sequence[Picture]:
    """Return the pulse, its lowest sample at the lower end and its highest at the upper.

    Samples that are no numbers are left out, those beyond the digitiser's range among them. The faint
    line is the baseline, the mean before the trigger.
    """
    pulse, missing = usable(candidate.sample, HUGE)
    low, high = (0.0, 1.0) if missing.all() else (float(np.nanmin(pulse)), float(np.nanmax(pulse)))
    before = pulse[:TRIGGER]
    text = describe(candidate.sample, HUGE, ("highest", "lowest"))
    return [
        Picture(
            title=f"pulse, {SAMPLES * PERIOD_NS / 1000:g} µs",
            alt=f"pulse of {candidate.event.event_id}: {text}",
            png=draw_curve(
                pulse,
                span=(low, high if high > low else low + 1),
                zero=None if np.isnan(before).all() else float(np.nanmean(before)),
            ),
            columns=COLUMNS,
            is_curve=True,
        )
    ]
