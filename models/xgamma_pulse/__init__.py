"""X-ray or gamma ray: tell in which half of an SDD + scintillator spectrometer a photon was absorbed.

`waveforms`, `preprocess` make the input, `pulse_files` reads it, `network` defines the layers of
five networks, `simulate` (with `detector` and `noise`) makes labelled pulses, `rise_time` is the
plain cut that they must beat, `train` fits them, `evaluate` judges them and `ensemble` averages several.
README.md is the model card.
"""

from collections.abc import Mapping

from models.network import Network
from models.xgamma_pulse.preprocess import INPUT_SHAPE, SAMPLE_SHAPE, preprocess

__all__ = ["XGAMMA_PULSE"]


def _build(layers: Mapping[str, str] | None = None) -> object:
    """Return the network that is served, or the ``variant`` that a manifest names."""
    from models.xgamma_pulse.network import VARIANTS, build

    return build(VARIANTS[layers["variant"]] if layers else None)


XGAMMA_PULSE = Network(
    name="xgamma_pulse",
    # gamma rays are what the instrument is built to find, and what a slow rise, which noise does
    # not imitate as easily as a fast one, is evidence for
    classes=("x_ray", "gamma_ray"),
    positive="gamma_ray",
    sample_shape=SAMPLE_SHAPE,
    input_shape=INPUT_SHAPE,
    preprocess=preprocess,
    build=_build,
)
