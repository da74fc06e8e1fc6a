"""Residual networks on detector strain: tell a merger of black holes from noise.

`whitening`, `constant_q` and `preprocess` make the input, `network` defines the layers; `simulate`
(with `sources`, `waveform`, `detectors` and `noise_curves`) makes labelled segments, `g2net` and
`gwosc` read real files; `train` (with `augment`) fits the networks, `evaluate` judges them beside
`matched_filter`, `measure_limit` tells with the `ideal_observer` how well anything could do, and
`real_events` looks at two real mergers. `buffer_whitening` prepares the strain of a running detector,
and `measure_background` (with `pieces`, `recordings` and `time_slides`) counts how often its noise
alone is as loud. README.md is the model card.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.ensemble import ENSEMBLE
from models.network import Network
from models.strain_resnet.preprocess import (
    IMAGE_SHAPE,
    SAMPLE_SHAPE,
    SERIES_SHAPE,
    preprocess,
    preprocess_images,
)

__all__ = ["STRAIN_RESNET", "with_input_of"]


def _build(layers: Mapping[str, Any] | None = None) -> object:
    """Return the layers that a manifest describes, or those of the weights that are shipped."""
    from models.strain_resnet.network import SHIPPED, Settings, build

    return build(Settings(**{**layers, "widths": tuple(layers["widths"])}) if layers else SHIPPED)


def with_input_of(network: Network, layers: Mapping[str, Any]) -> Network:
    """Return the network with the input of these layers: series, or images of two dimensions."""
    first = layers.get(ENSEMBLE, [layers])[0] or {}
    if first.get("dimensions") != 2:  # noqa: PLR2004 - a plane
        return network
    return replace(network, input_shape=IMAGE_SHAPE, preprocess=preprocess_images)


STRAIN_RESNET = Network(
    name="strain_resnet",
    classes=("noise", "signal"),
    positive="signal",
    sample_shape=SAMPLE_SHAPE,
    input_shape=SERIES_SHAPE,
    preprocess=preprocess,
    build=_build,
    with_input_of=with_input_of,
)
"""The network whose weights are shipped: one-dimensional. A manifest may have one of two."""
