"""MAXI flare ResNet: tell a one-orbit X-ray image with a flare from one of empty sky.

`picture` and `preprocess` make the input, `network` defines the layers, `simulate` (with `sky` and
`render`) makes labelled images, `folder` reads real ones, `train` fits the network, `folds`
cross-validates it, `evaluate` judges it and `ensemble` averages several. README.md is the model
card.
"""

from models.maxi_flare.preprocess import INPUT_SHAPE, SAMPLE_SHAPE, preprocess
from models.network import Network

__all__ = ["MAXI_FLARE"]


def _build() -> object:
    from models.maxi_flare.network import build

    return build()


MAXI_FLARE = Network(
    name="maxi_flare",
    classes=("background", "flare"),
    positive="flare",
    sample_shape=SAMPLE_SHAPE,
    input_shape=INPUT_SHAPE,
    preprocess=preprocess,
    build=_build,
)
