"""Average several trained strain networks: ``skytriage train strain-resnet --average DIR …``."""

from collections.abc import Sequence
from pathlib import Path

from models.artifact import Artifact
from models.strain_resnet import STRAIN_RESNET
from models.strain_resnet.figures import table, thresholds_of
from models.strain_resnet.scoring import judge, predict_with
from models.training.calibrate import calibrate
from models.training.ensemble import open_mean, save_mean

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
        Of the simulated segments that the mean is calibrated and judged on.
    judged
        Segments of the validation split, for temperature and thresholds, and of the test split.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of a strain network, or their inputs differ.
    """
    mean = open_mean(STRAIN_RESNET, folders)
    predict, prepare = predict_with(mean.model), mean.network.preprocess
    held = judge(predict, prepare, seed, "validation", judged[0])
    temperature, score = calibrate(mean.model, held.score, held.truth)
    quiet = score[~held.truth]
    thresholds = thresholds_of(quiet)
    metrics = table(judge(predict, prepare, seed, "test", judged[1]), thresholds)
    return save_mean(
        mean,
        out,
        version=version,
        seed=seed,
        metrics=metrics,
        threshold=metrics["threshold"],
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
    )
