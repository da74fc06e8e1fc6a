"""Trained weights on disk: a folder with a manifest that says what they are and is verified.

::

    weights/manifest.json            what this is, where it came from, how good it is
    weights/<name>.weights.h5        the weights for Keras
    weights/model.xml, model.bin     the same network for OpenVINO, so that a CPU needs no TensorFlow

Nothing is trusted: `load` compares the sha256 of every file, and name, classes and shapes with the
`Network` of that name.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from models import NETWORKS
from models.ensemble import ENSEMBLE, average
from models.export import write_openvino
from models.network import Network

if TYPE_CHECKING:
    import keras

__all__ = ["MANIFEST", "Artifact", "ArtifactError", "load", "save"]

MANIFEST = "manifest.json"

_OPENVINO = ("model.xml", "model.bin")


class ArtifactError(ValueError):
    """The weights are not what their manifest or their network says: do not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Verified weights, not yet loaded into any runtime."""

    network: Network

    folder: Path

    version: str
    """Such as ``"2026.11.1"``."""

    weights_sha256: str
    """Of the Keras weights file: the identity of the network in every alert."""

    threshold: float
    """Probability of the positive class from which an event is an alert."""

    false_positive_rate: float
    """Share of negatives at or above the threshold, on the data that the manifest names."""

    temperature: float
    """Of the calibration; already folded into the last layer, in both formats."""

    manifest: Mapping[str, Any]
    """All of the manifest: training data, metrics with counts and intervals, framework versions."""

    @property
    def weights(self) -> Path:
        """The Keras weights."""
        return self.folder / f"{self.network.name}.weights.h5"

    @property
    def openvino_model(self) -> Path:
        """The OpenVINO network; its weights are beside it."""
        return self.folder / _OPENVINO[0]


def load(network: str | Network, folder: Path | None = None) -> Artifact:
    """Verify the weights of a network and return them.

    Parameters
    ----------
    network
        A key of `models.NETWORKS`, or a network that is not among them.
    folder
        Where they are; ``models/<name>/weights`` if left out.

    Raises
    ------
    ArtifactError
        If there is no such network or manifest, a file is missing or was changed, or the manifest
        disagrees with the network. The message has the file and both values.
    """
    if isinstance(network, str):
        if network not in NETWORKS:
            known = ", ".join(NETWORKS)
            raise ArtifactError(f"no network is called {network!r}: there are {known}")
        network = NETWORKS[network]
    folder = folder or Path(__file__).parent / network.name / "weights"
    manifest = _read_manifest(folder / MANIFEST)
    if "layers" in manifest and network.with_input_of is not None:
        network = network.with_input_of(network, manifest["layers"])
    _compare(folder / MANIFEST, network, manifest)
    if "layers" in manifest:
        network = replace(network, build=_builder(network, manifest["layers"]))
    try:
        files = dict(manifest["files"])
        for file, sha256 in files.items():
            _verify(folder / file, sha256)
        weights = f"{network.name}.weights.h5"
        for needed in (weights, *_OPENVINO):
            if needed not in files:
                raise ArtifactError(f"{folder / MANIFEST} lists no {needed}, only {sorted(files)}")
        if files[weights] != manifest["weightsSha256"]:
            raise ArtifactError(
                f"{folder / MANIFEST}: weightsSha256 is {manifest['weightsSha256']},"
                f" but {weights} is listed with {files[weights]}"
            )
        return Artifact(
            network=network,
            folder=folder,
            version=str(manifest["version"]),
            weights_sha256=str(manifest["weightsSha256"]),
            threshold=float(manifest["threshold"]),
            false_positive_rate=float(manifest["falsePositiveRate"]),
            temperature=float(manifest["temperature"]),
            manifest=MappingProxyType(manifest),
        )
    except KeyError as error:
        raise ArtifactError(f"{folder / MANIFEST} has no {error.args[0]!r}") from error


def save(
    network: Network,
    model: "keras.Model",
    folder: Path,
    *,
    version: str,
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    threshold: float,
    false_positive_rate: float,
    temperature: float,
    layers: Mapping[str, Any] | None = None,
) -> Artifact:
    """Write the weights in both formats and their manifest, and load them again.

    Parameters
    ----------
    model
        Trained layers in float32, with the temperature folded in.
    training
        Where the weights came from: data, seeds, counts, hyperparameters.
    metrics
        How good they are, and on what: every rate with its count and interval.
    layers
        What ``network.build`` is called with to make these layers; nothing for the usual ones.
        Of an ensemble: its members' under `models.ensemble.ENSEMBLE`.
    """
    import keras
    import openvino
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    model.save_weights(folder / f"{network.name}.weights.h5")
    write_openvino(model, folder / _OPENVINO[0])
    files = {file: _sha256(folder / file) for file in (f"{network.name}.weights.h5", *_OPENVINO)}
    manifest = {
        "name": network.name,
        "version": version,
        "classes": list(network.classes),
        "sampleShape": list(network.sample_shape),
        "inputShape": list(network.input_shape),
        "files": files,
        "weightsSha256": files[f"{network.name}.weights.h5"],
        "threshold": threshold,
        "falsePositiveRate": false_positive_rate,
        "temperature": temperature,
        **({} if layers is None else {"layers": dict(layers)}),
        "training": dict(training),
        "metrics": dict(metrics),
        "versions": {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "openvino": openvino.__version__,
        },
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return load(network, folder)


def _builder(network: Network, layers: Mapping[str, Any]) -> "Callable[[], keras.Model]":
    """Return what builds the layers that a manifest describes, of one network or of several."""
    build: Callable[..., keras.Model] = network.build
    if ENSEMBLE not in layers:
        return partial(build, layers)
    members = [build if one is None else _builder(network, one) for one in layers[ENSEMBLE]]
    return lambda: average(members)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: train the network first") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise ArtifactError(f"{path} holds a {type(manifest).__name__}, not an object")
    return manifest


def _compare(path: Path, network: Network, manifest: Mapping[str, Any]) -> None:
    expected = {
        "name": network.name,
        "classes": list(network.classes),
        "sampleShape": list(network.sample_shape),
        "inputShape": list(network.input_shape),
    }
    for key, value in expected.items():
        if manifest.get(key) != value:
            raise ArtifactError(
                f"{path}: {key} is {manifest.get(key)!r}, but the network has {value!r}"
            )


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ArtifactError(f"{path} does not exist, but the manifest lists it with {expected}")
    found = _sha256(path)
    if found != expected:
        raise ArtifactError(f"{path} has sha256 {found}, but the manifest says {expected}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
