"""Average several trained Deep-HiTS networks: ``skytriage train deep-hits --average DIR …``."""

from collections.abc import Sequence
from pathlib import Path

from models.artifact import Artifact, load, save
from models.deep_hits import DEEP_HITS
from models.deep_hits.evaluate import judge, table
from models.ensemble import ENSEMBLE, average
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE

__all__ = ["ensemble"]


def ensemble(
    folders: Sequence[Path],
    *,
    out: Path,
    version: str,
    runs: Path | None = None,  # noqa: ARG001 - the command gives it to whatever makes weights
    resume: bool = False,  # noqa: ARG001 - likewise
    seed: int = 20261122,
    judged: tuple[int, int] = (20_000, 40_000),
) -> Artifact:
    """Save the mean of several networks as one.

    Parameters
    ----------
    folders
        Of the weights, each with its manifest. Members keep the calibration they have.
    seed
        Of the simulated candidates that the mean is judged on.
    judged
        Candidates of the validation split, for the threshold, and of the test split.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of Deep-HiTS.
    """
    members = [load(DEEP_HITS.name, folder) for folder in folders]
    network = average([member.network.build for member in members])
    for number, member in enumerate(members, 1):
        network.get_layer(f"member_{number}").load_weights(member.weights)
    mixed = judge(network, seed, "validation", judged[0])["mixed"]
    threshold = threshold_at(mixed.score[~mixed.real], FALSE_POSITIVE_RATE)
    metrics = table(judge(network, seed, "test", judged[1]), threshold)
    return save(
        DEEP_HITS,
        network,
        out,
        version=version,
        training={
            "data": "simulated",
            "members": [
                {"version": member.version, "weightsSha256": member.weights_sha256}
                for member in members
            ],
        },
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["mixed"]["falsePositiveRate"]["value"],
        temperature=1.0,
        layers={ENSEMBLE: [member.manifest.get("layers") for member in members]},
    )
