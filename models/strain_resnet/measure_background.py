"""Measure the background of a network: ``python -m models.strain_resnet.measure_background WEIGHTS``.

Of simulated noise, two hours of each detector, or with ``--files`` of recorded strain. It is whitened
second by second, exactly as the daemon does it, and the detectors are shifted against each other in
time (`time_slides`). The file is written beside the weights.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from models.artifact import Artifact, ArtifactError
from models.artifact import load as load_artifact
from models.strain_resnet import STRAIN_RESNET
from models.strain_resnet.background import Background, BackgroundError, save
from models.strain_resnet.gwosc import GwoscError
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.pieces import AROUND_S, Pieces, white_pieces
from models.strain_resnet.recordings import (
    Recording,
    check_left_out,
    describe,
    look,
    recorded_pieces,
)
from models.strain_resnet.running import BUFFER_S, STRIDE_S, noise_of
from models.strain_resnet.time_slides import BATCH, Predict, measure
from models.strain_resnet.whitening import SAMPLE_RATE_HZ

__all__ = ["main"]


def main() -> None:
    """Measure, write the file beside the weights, and print how long was listened."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.leave_out and not arguments.files:
        parser.error("--leave-out is of recorded strain: name its --files")
    if arguments.slides < 1 or arguments.seconds < BUFFER_S:
        parser.error(f"there must be a slide, and {BUFFER_S} s of noise")
    try:
        background, folder = _measured(arguments)
    except (ArtifactError, GwoscError, BackgroundError) as error:
        parser.exit(1, f"{error}\n")
    for name, one in background.combinations.items():
        sys.stdout.write(f"{name:8} {one.live_time_s:9.0f} s listened to\n")
    sys.stdout.write(f"{save(background, folder)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path, help="folder with the manifest")
    parser.add_argument("--slides", type=int, default=3, help="of several detectors")
    parser.add_argument(
        "--seconds", type=int, default=7300, help="of simulated noise of each detector"
    )
    parser.add_argument("--seed", type=int, default=1, help="of simulated noise")
    parser.add_argument(
        "--files", type=Path, nargs="+", help="recorded strain instead: HDF5 files of GWOSC"
    )
    parser.add_argument(
        "--leave-out",
        type=float,
        action="append",
        default=[],
        metavar="GPS",
        help=f"a known event: {AROUND_S:g} s on either side are not judged; repeatable",
    )
    return parser


def _measured(arguments: argparse.Namespace) -> tuple[Background, Path]:
    recordings = look(arguments.files) if arguments.files else {}
    check_left_out(recordings, arguments.leave_out)
    artifact = load_artifact(STRAIN_RESNET, arguments.weights)
    predict = _network(artifact)
    if recordings:
        pieces = {
            name: recorded_pieces(several, leave_out=arguments.leave_out)
            for name, several in recordings.items()
        }
        data = _recorded(recordings, arguments.leave_out)
    else:
        pieces = _simulated(arguments.seconds, arguments.seed)
        data = (
            f"simulated: Gaussian noise of models.strain_resnet.noise_curves, seed {arguments.seed}"
        )
    background = Background(
        weights_sha256=artifact.weights_sha256,
        stride_s=STRIDE_S,
        data=data,
        combinations=measure(predict, pieces, slides=arguments.slides),
    )
    return background, artifact.folder


def _network(artifact: Artifact) -> Predict:
    # Late: TensorFlow and OpenVINO.
    from models.runtime import open_runtime

    runtime = open_runtime(artifact, batch_sizes=(BATCH,))

    def predict(windows: Float32[ndarray, "n 2048 3"]) -> Float32[ndarray, " n"]:
        padded = np.zeros((BATCH, *windows.shape[1:]), np.float32)
        padded[: len(windows)] = windows
        return np.asarray(runtime.infer(padded))[: len(windows), 1]

    return predict


def _simulated(seconds: int, seed: int) -> dict[str, Pieces]:
    rng = np.random.default_rng(seed)
    return {name: white_pieces(noise_of(rng, name, seconds), SAMPLE_RATE_HZ) for name in DETECTORS}


def _recorded(recordings: Mapping[str, Sequence[Recording]], leave_out: Sequence[float]) -> str:
    """Return what is said of the data in the file."""
    spans = ", ".join(map(describe, recordings.values()))
    events = ", ".join(f"{event_s:.12g}" for event_s in leave_out)
    return f"recorded strain: {spans}" + (
        f"; without {AROUND_S:g} s on either side of GPS {events}" if events else ""
    )


if __name__ == "__main__":
    main()
