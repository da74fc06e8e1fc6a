"""Average several trained MAXI flare networks: ``skytriage train maxi-flare --average DIR …``."""

from collections.abc import Sequence
from pathlib import Path

from models.artifact import Artifact
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE
from models.maxi_flare import MAXI_FLARE
from models.maxi_flare.blocks import draw_sample
from models.maxi_flare.figures import table
from models.maxi_flare.scoring import predict_with
from models.training.calibrate import calibrate
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
        Of the simulated images that the mean is calibrated and judged on.
    judged
        Images of the validation split, for temperature and threshold, and of the test split.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of this network.
    """
    mean = open_mean(MAXI_FLARE, folders)
    predict = predict_with(mean.model)
    held = draw_sample(seed, "validation", judged[0])
    truth = held.labels == 1
    temperature, score = calibrate(mean.model, predict(held.inputs), truth)
    threshold = threshold_at(score[~truth], FALSE_POSITIVE_RATE)
    metrics = table(predict, seed, judged[1], threshold)
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
