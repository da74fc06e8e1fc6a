"""Average several trained Deep-HiTS networks: ``skytriage train deep-hits --average DIR …``."""

from collections.abc import Sequence
from pathlib import Path

from models.artifact import Artifact
from models.deep_hits import DEEP_HITS
from models.deep_hits.evaluate import calibrate, judge, table
from models.training.ensemble import open_mean, save_mean

__all__ = ["ensemble"]


def ensemble(
    folders: Sequence[Path],
    *,
    out: Path,
    version: str,
    seed: int = 20261122,
    judged: tuple[int, int] = (20_000, 40_000),
) -> Artifact:
    """Calibrate, judge and save the mean of several networks as one.

    Parameters
    ----------
    folders
        Of the weights, each with its manifest.
    seed
        Of the simulated candidates that the mean is calibrated and judged on.
    judged
        Candidates of the validation split, for temperature and threshold, and of the test split.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of Deep-HiTS.
    """
    mean = open_mean(DEEP_HITS, folders)
    temperature, threshold = calibrate(mean.model, seed, judged[0])
    metrics = table(judge(mean.model, seed, "test", judged[1]), threshold)
    return save_mean(
        mean,
        out,
        version=version,
        seed=seed,
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["mixed"]["falsePositiveRate"]["value"],
        temperature=temperature,
    )
