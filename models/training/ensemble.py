"""The mean of trained networks, made and saved: ``skytriage train NETWORK --average DIR …``.

Every network calibrates and judges the mean as it does one that it trained, on the same splits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from models.artifact import Artifact, ArtifactError, load, save
from models.ensemble import ENSEMBLE, average
from models.network import Network

__all__ = ["Mean", "open_mean", "save_mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Trained networks of one kind, and the layers that give their mean."""

    network: Network

    members: tuple[Artifact, ...]

    model: keras.Model


def open_mean(network: Network, folders: Sequence[Path]) -> Mean:
    """Load trained weights, and average what they say; members keep the calibration they have.

    Parameters
    ----------
    folders
        Of the weights, each with its manifest.

    Raises
    ------
    ArtifactError
        If a folder holds no weights of this network, or they differ in what they eat.
    """
    members = tuple(load(network, folder) for folder in folders)
    eaten = {member.network.input_shape for member in members}
    if len(eaten) > 1:
        raise ArtifactError(f"networks of one input can be averaged, not of {sorted(eaten)}")
    model = average([member.network.build for member in members])
    for number, member in enumerate(members, 1):
        model.get_layer(f"member_{number}").load_weights(member.weights)
    kind = replace(members[0].network, build=network.build)  # for any layers, on this input
    return Mean(network=kind, members=members, model=model)


def save_mean(
    mean: Mean,
    out: Path,
    *,
    version: str,
    seed: int,
    metrics: Mapping[str, Any],
    threshold: float,
    false_positive_rate: float,
    temperature: float,
) -> Artifact:
    """Save the mean as one network, which names its members.

    Parameters
    ----------
    seed
        Of the simulated events that it was calibrated and judged on.
    """
    members = [
        {"version": member.version, "weightsSha256": member.weights_sha256}
        for member in mean.members
    ]
    return save(
        mean.network,
        mean.model,
        out,
        version=version,
        training={"data": "simulated", "seed": seed, "members": members},
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=false_positive_rate,
        temperature=temperature,
        layers={ENSEMBLE: [member.manifest.get("layers") for member in mean.members]},
    )
