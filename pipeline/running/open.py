"""Make the stream of running strain ready: its background must belong to its network.

A detector that was not measured is not listened to, for nobody knows how often its noise makes an
alert, alone or with others; that is said at the start.
"""

import logging
from itertools import combinations
from pathlib import Path

from models.artifact import load as load_artifact
from models.strain_resnet.background import BackgroundError, load
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import SERIES_SHAPE
from pipeline.errors import ConfigurationError
from pipeline.record_lane import RecordLane
from pipeline.running.lane import RunningLane
from pipeline.settings import RunningSettings

__all__ = ["open_running"]

log = logging.getLogger(__name__)


def open_running(
    records: RecordLane, settings: RunningSettings, weights: Path | None
) -> RunningLane:
    """Open a lane for records and frames.

    Raises
    ------
    ConfigurationError
        If the weights take images, or have no background, or one of other weights or another stride, or one that
        does not tell the rate that is asked for, for any combination of the detectors in it.
    """
    network = records.classifier.network
    if network.input_shape != SERIES_SHAPE:
        raise ConfigurationError(
            f"stream {records.stream.name}: running strain is judged as series of {SERIES_SHAPE},"
            f" and these weights take {network.input_shape}"
        )
    info = records.classifier.info
    folder = load_artifact(info.name, weights).folder
    try:
        background = load(folder, weights_sha256=info.weights_sha256, stride_s=settings.stride_s)
        measured = background.detectors
        for size in range(1, len(measured) + 1):
            for detectors in combinations(measured, size):
                background.of(detectors).threshold(settings.max_far_hz)
    except BackgroundError as error:
        raise ConfigurationError(f"stream {records.stream.name}: {error}") from error
    if not measured:
        raise ConfigurationError(f"stream {records.stream.name}: the background is of no detector")
    if unheard := ", ".join(name for name in DETECTORS if name not in measured):
        log.warning(
            "stream %s: %s not listened to: the background is of %s (%s)",
            records.stream.name,
            unheard,
            ", ".join(measured),
            background.data,
        )
    return RunningLane(
        records,
        background,
        far_hz=settings.max_far_hz,
        deadline_s=settings.deadline_s,
        stride_s=settings.stride_s,
    )
