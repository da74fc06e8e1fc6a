"""Average several trained pulse networks: ``skytriage train xgamma-pulse --average DIR …``."""

from collections.abc import Sequence
from pathlib import Path

from models.artifact import Artifact
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE
from models.training.calibrate import calibrate
from models.training.ensemble import open_mean, save_mean
from models.xgamma_pulse import XGAMMA_PULSE
from models.xgamma_pulse.evaluate import judge, judge_rise_time, tabulate
from models.xgamma_pulse.learn import score_with

__all__ = ["ensemble"]


def ensemble(
    folders: Sequence[Path],
    *,
    out: Path,
    version: str,
    seed: int = 20261122,
    judged: tuple[int, int] = (20_000, 20_000),
) -> Artifact:
    """Calibrate, judge and save the mean of several networks as one.

    Parameters
    ----------
    folders
        Of the weights, each with its manifest.
    seed
        Of the simulated pulses that the mean is calibrated and judged on.
    judged
        Pulses of the validation split, for temperature and threshold, and of the test split.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of a pulse network.
    """
    mean = open_mean(XGAMMA_PULSE, folders)
    predict = score_with(mean.model)
    held = judge(predict, seed, "validation", judged[0])
    temperature, score = calibrate(mean.model, held.score, held.gamma)
    threshold = threshold_at(score[~held.gamma], FALSE_POSITIVE_RATE)
    metrics = tabulate(judge(predict, seed, "test", judged[1]), threshold)
    metrics["riseTimeCut"] = judge_rise_time(seed, judged[1])
    return save_mean(
        mean,
        out,
        version=version,
        seed=seed,
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
    )
