"""Make the stream of running strain ready: its background must belong to its network."""

from itertools import combinations
from pathlib import Path

from models.artifact import load as load_artifact
from models.strain_resnet.background import BackgroundError, load
from models.strain_resnet.noise_curves import DETECTORS
from pipeline.errors import ConfigurationError
from pipeline.record_lane import RecordLane
from pipeline.running.lane import RunningLane
from pipeline.settings import RunningSettings

__all__ = ["open_running"]


def open_running(
    records: RecordLane, settings: RunningSettings, weights: Path | None
) -> RunningLane:
    """Open a lane for records and frames.

    Raises
    ------
    ConfigurationError
        If the weights have no background, or one of other weights or another stride, or one that
        does not tell the rate that is asked for, for any combination of detectors.
    """
    info = records.classifier.info
    folder = load_artifact(info.name, weights).folder
    try:
        background = load(folder, weights_sha256=info.weights_sha256, stride_s=settings.stride_s)
        for size in range(1, len(DETECTORS) + 1):
            for detectors in combinations(DETECTORS, size):
                background.of(detectors).threshold(settings.max_far_hz)
    except BackgroundError as error:
        raise ConfigurationError(f"stream {records.stream.name}: {error}") from error
    return RunningLane(
        records,
        background,
        far_hz=settings.max_far_hz,
        deadline_s=settings.deadline_s,
        stride_s=settings.stride_s,
    )
