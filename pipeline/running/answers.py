"""Windows that were judged to classifications of messages, and to alerts of events. The writer's half."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from models.evaluation.calibration import log_odds
from models.strain_resnet.background import Background
from models.strain_resnet.buffer_whitening import LEAST_S
from models.strain_resnet.matched_filter import Bank, merger_time_s, timing_bank
from models.strain_resnet.noise_curves import DETECTORS
from pipeline.core import (
    Alert,
    AlertKind,
    Candidate,
    Event,
    EventTime,
    NetworkInfo,
    StrainEvent,
    StrainWindow,
)
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.lane import Judged, is_replay
from pipeline.running.events import Found, Heard, Piece
from pipeline.running.steps import Asked, Ended, Passed, RunningStep
from pipeline.running.windows import SECOND_NS
from pipeline.times import survey_us

__all__ = ["Answer", "Answers"]

Answer = tuple[RunningStep, Alert | InvalidMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers in the name of a stream and its network.

    Parameters
    ----------
    far_hz
        Largest false-alarm rate of an alert [Hz].
    """

    stream: str
    network: NetworkInfo
    background: Background
    far_hz: float

    def of(self, step: RunningStep, row: int, judged: Judged) -> Iterator[Answer]:
        """Yield what is to be said at a step; the network's answers begin at a row."""
        match step:
            case Asked():
                if row not in judged.errors:  # else no message has been asked about in this window
                    for found in step.events.hear(_heard(step, row, judged)):
                        yield step, self._event(step, found, judged)
            case Ended():
                for found in step.events.end():
                    yield step, self._event(step, found, judged)
            case Passed():
                yield from self._passed(step, judged)

    def window(self, step: Asked, row: int, judged: Judged) -> Alert:
        """Return the classification of a window by itself."""
        heard = _heard(step, row, judged)
        time = EventTime(heard.window.start_ns / SECOND_NS, "gps", "tai", "first sample")
        name = f"{''.join(heard.window.detectors)}-{time.value}"
        event = Event(step.survey, name, time=time, survey_us=survey_us(time))
        quality = _missing(heard.window.detectors)
        candidate = Candidate(event, heard.window.input, quality, "strain_frame")
        return self._alert(step, candidate, heard, judged, kind="piece")

    def _passed(self, step: Passed, judged: Judged) -> Iterator[Answer]:
        is_new = step.record.note is None
        if step.piece is None:
            if is_new and step.error is not None:
                yield step, step.error
            return
        loudest = step.events.loudest(step.piece)
        for found in step.events.answered(step.piece):
            yield step, self._event(step, found, judged)
        if not is_new:
            return
        if loudest is None:
            yield step, UnusableSample(_unheard(step.piece))
        else:
            yield step, self._piece(step, step.piece, loudest, judged)

    def _piece(self, step: Passed, piece: Piece, loudest: Heard, judged: Judged) -> Alert:
        """Return the classification of a message: that of its loudest window."""
        begin_s = piece.begin_ns / 1e9
        time = EventTime(begin_s, "gps", "tai", "first sample")
        length_s = (piece.end_ns - piece.begin_ns) // SECOND_NS
        place = f" chunk {piece.chunk}" if piece.chunk else ""
        name = f"{''.join(piece.detectors)}-{piece.begin_ns // SECOND_NS}-{length_s}{place}"
        quality = _missing(loudest.window.detectors)
        if piece.flagged_fraction:
            quality["flaggedFraction"] = piece.flagged_fraction
        if piece.refused_fraction:
            quality["refusedFraction"] = piece.refused_fraction
        event = Event(piece.survey, name, time=time, survey_us=survey_us(time))
        candidate = Candidate(event, loudest.window.input, quality, "strain_frame")
        return self._alert(step, candidate, loudest, judged, kind="piece")

    def _event(self, step: RunningStep, found: Found, judged: Judged) -> Alert:
        best = found.best
        peak_s = best.window.start_ns / 1e9 + merger_time_s(best.window.input, _bank())
        time = EventTime(round(peak_s, 3), "gps", "tai", "peak")
        detectors = best.window.detectors
        event = Event(
            step.survey,
            # To a tenth of a second: found again, it is the same.
            f"{''.join(detectors)}-{peak_s:.1f}",
            time=time,
            survey_us=survey_us(time),
        )
        strain = StrainEvent(
            detectors=detectors,
            far_hz=found.far_hz,
            windows=tuple(
                StrainWindow(one.window.start_ns / 1e9, _probability(one.log_odds))
                for one in found.windows
            ),
        )
        candidate = Candidate(
            event, best.window.input, _missing(detectors), "strain_frame", strain=strain
        )
        return self._alert(step, candidate, best, judged, kind="event")

    def _alert(
        self,
        step: RunningStep,
        candidate: Candidate,
        heard: Heard,
        judged: Judged,
        *,
        kind: AlertKind,
    ) -> Alert:
        score = _probability(heard.log_odds)
        return Alert(
            stream=self.stream,
            candidate=candidate,
            network=self._info(heard.window.detectors),
            probabilities=[1 - score, score],
            score=score,
            quality=candidate.quality,
            times=judged.times(step.record, step.decoded_us, candidate.event.survey_us),
            origin=step.record.origin,
            is_replay=is_replay(step.record),
            batch_size=len(judged.probabilities),
            kind=kind,
        )

    def _info(self, detectors: tuple[str, ...]) -> NetworkInfo:
        """Return the network with the threshold that holds for these detectors."""
        measured = self.background.of(detectors)
        threshold = measured.threshold(self.far_hz)
        return replace(
            self.network,
            threshold=_probability(threshold),
            false_positive_rate=measured.false_positive_rate(threshold),
        )


def _heard(step: Asked, row: int, judged: Judged) -> Heard:
    score = np.asarray([judged.probabilities[row][-1]])
    return Heard(step.window, float(log_odds(score)[0, 1]))


def _unheard(piece: Piece) -> str:
    return (
        f"no window has {', '.join(piece.detectors)} at GPS {piece.begin_ns // SECOND_NS}: "
        f"beside a gap, or less than {LEAST_S:g} s of strain without one"
    )


def _missing(detectors: Sequence[str]) -> dict[str, float]:
    return {f"missing{name}": 1.0 for name in DETECTORS if name not in detectors}


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


@cache
def _bank() -> Bank:
    return timing_bank()
