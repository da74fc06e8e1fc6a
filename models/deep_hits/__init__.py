"""Deep-HiTS arch7: tell real transients from artefacts of image subtraction.

`stamps` and `preprocess` make the input, `network` defines the layers, `simulate` (with `sky` and
`artefacts`) makes labelled candidates, `train` fits the network to them and `evaluate` judges it.
README.md is the model card.
"""

from models.deep_hits.preprocess import INPUT_SHAPE, SAMPLE_SHAPE, preprocess
from models.network import Network

__all__ = ["DEEP_HITS"]


def _build() -> object:
    from models.deep_hits.network import build

    return build()


DEEP_HITS = Network(
    name="deep_hits",
    classes=("bogus", "real"),
    positive="real",
    sample_shape=SAMPLE_SHAPE,
    input_shape=INPUT_SHAPE,
    preprocess=preprocess,
    build=_build,
)
