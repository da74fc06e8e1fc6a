"""Measure the background of a network: ``python -m models.strain_resnet.measure_background WEIGHTS``.

Two hours of simulated noise of each detector is whitened second by second, exactly as the daemon does
it. Then the detectors are shifted against each other by whole seconds, a different shift for each
slide, and judged as if nothing had happened: every second serves several times. A detector alone cannot be
shifted against anything; it is judged once.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from models.artifact import load as load_artifact
from models.evaluation.calibration import log_odds
from models.strain_resnet import STRAIN_RESNET
from models.strain_resnet.background import Background, Combination, combination, save
from models.strain_resnet.buffer_whitening import EDGE_S, WHITE_RATE_HZ, WINDOW_S, whiten_buffer
from models.strain_resnet.clustering import loudest
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import LIMIT
from models.strain_resnet.running import BUFFER_S, STRIDE_S, WINDOW_SAMPLES, noise_of
from models.strain_resnet.whitening import SAMPLE_RATE_HZ, taper

__all__ = ["measure", "white_pieces"]

SHIFT_S = 7
"""Shift of the second detector in the first slide; longer than a window and its buffer's edges."""

KEPT = 1_000
"""Of the loudest events and windows each: what is quieter is no alert at any rate."""

_BATCH = 256

Predict = Callable[[Float32[ndarray, "n 2048 3"]], Float32[ndarray, " n"]]
"""Windows to the probability of a signal."""


def white_pieces(
    strain: Float64[ndarray, " t"], sample_rate_hz: int, stride_s: float
) -> Float32[ndarray, "seconds samples"]:
    """Whiten a running detector, and return for each second what its windows are cut from.

    The first piece belongs to the second that completes the first buffer.
    """
    reach = round((1 - stride_s + WINDOW_S) * WHITE_RATE_HZ)
    edge = round(EDGE_S * WHITE_RATE_HZ)
    seconds = len(strain) // sample_rate_hz
    pieces = np.empty((seconds - BUFFER_S + 1, reach), np.float32)
    for number in range(len(pieces)):
        buffer = strain[number * sample_rate_hz : (number + BUFFER_S) * sample_rate_hz]
        white = whiten_buffer(buffer, sample_rate_hz)
        pieces[number] = white[len(white) - edge - reach : len(white) - edge]
    return pieces


def measure(
    predict: Predict,
    pieces: dict[str, Float32[ndarray, "seconds samples"]],
    *,
    stride_s: float = STRIDE_S,
    slides: int = 10,
) -> dict[str, Combination]:
    """Judge every combination of detectors in every slide.

    Parameters
    ----------
    pieces
        By detector, as `white_pieces` makes them, all of the same length.
    slides
        For combinations of several detectors.
    """
    found = {}
    for size in range(1, len(DETECTORS) + 1):
        for detectors in combinations(sorted(pieces), size):
            count = slides if size > 1 else 1
            found[combination(detectors)] = _listen(predict, pieces, detectors, stride_s, count)
    return found


def _listen(
    predict: Predict,
    pieces: dict[str, Float32[ndarray, "seconds samples"]],
    detectors: tuple[str, ...],
    stride_s: float,
    slides: int,
) -> Combination:
    seconds = len(pieces[detectors[0]])
    events: list[float] = []
    windows: list[float] = []
    judged = 0
    for slide in range(slides):
        shifted = np.zeros((*pieces[detectors[0]].shape, len(DETECTORS)), np.float32)
        for place, detector in enumerate(detectors):
            shift_s = place * SHIFT_S * (slide + 1)
            shifted[:, :, DETECTORS.index(detector)] = np.roll(pieces[detector], shift_s, axis=0)
        odds = np.concatenate(
            [log_odds(predict(batch))[:, 1] for batch in _windows(shifted, stride_s)]
        ).astype(np.float64)
        starts_ns = np.arange(len(odds)) * round(stride_s * 1e9)
        judged += len(odds)
        quietest = np.sort(odds)[-min(len(odds), 4 * KEPT)]
        events += loudest(starts_ns, odds, float(quietest))
        windows += odds[odds >= quietest].tolist()
    return Combination(
        live_time_s=float(seconds * slides),
        events=tuple(sorted(events)[-KEPT:]),
        windows=judged,
        loud_windows=tuple(sorted(windows)[-KEPT:]),
    )


def _windows(
    pieces: Float32[ndarray, "seconds samples 3"], stride_s: float
) -> Iterator[Float32[ndarray, "n 2048 3"]]:
    """Yield the windows of all seconds in batches."""
    stride = round(stride_s * WHITE_RATE_HZ)
    starts = np.arange(0, pieces.shape[1] - WINDOW_SAMPLES + 1, stride)
    window = taper(WINDOW_SAMPLES)[:, None]
    most = max(1, _BATCH // len(starts))
    for first in range(0, len(pieces), most):
        cut = pieces[first : first + most, starts[:, None] + np.arange(WINDOW_SAMPLES)]
        yield np.clip(cut.reshape(-1, WINDOW_SAMPLES, len(DETECTORS)) * window, -LIMIT, LIMIT)


def main() -> None:
    """Measure with simulated noise, and write the file beside the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path, help="folder with the manifest")
    parser.add_argument("--seconds", type=int, default=7300, help="of noise of each detector")
    parser.add_argument("--slides", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # Late: TensorFlow and OpenVINO.
    from models.runtime import open_runtime

    artifact = load_artifact(STRAIN_RESNET, arguments.weights)
    runtime = open_runtime(artifact, batch_sizes=(_BATCH,))
    rng = np.random.default_rng(arguments.seed)
    pieces = {
        name: white_pieces(noise_of(rng, name, arguments.seconds), SAMPLE_RATE_HZ, STRIDE_S)
        for name in DETECTORS
    }

    def predict(windows: Float32[ndarray, "n 2048 3"]) -> Float32[ndarray, " n"]:
        padded = np.zeros((_BATCH, *windows.shape[1:]), np.float32)
        padded[: len(windows)] = windows
        return np.asarray(runtime.infer(padded))[: len(windows), 1]

    background = Background(
        weights_sha256=artifact.weights_sha256,
        stride_s=STRIDE_S,
        data=f"simulated: Gaussian noise of models.strain_resnet.noise_curves, seed {arguments.seed}",
        combinations=measure(predict, pieces, slides=arguments.slides),
    )
    sys.stdout.write(f"{save(background, artifact.folder)}\n")


if __name__ == "__main__":
    main()
