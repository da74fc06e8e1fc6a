"""Deep-HiTS arch7: tell real transients from artefacts of image subtraction.

`stamps` and `preprocess` make the input, `network` defines the layers, `simulate` (with `surveys`,
`sky`, `scene`, `events`, `artefacts` and `exposure`) makes labelled candidates, `train` fits the
network to them, `evaluate` judges it and `ensemble` averages several. `chunks` reads the files of
the original, and `original` (with `parameters`, `sources`, `patience`, `descent`) trains as it did.
README.md is the model card.
"""

from collections.abc import Mapping
from typing import Any

from models.deep_hits.preprocess import INPUT_SHAPE, SAMPLE_SHAPE, preprocess
from models.network import Network

__all__ = ["DEEP_HITS"]


def _build(layers: Mapping[str, Any] | None = None) -> object:
    """Return arch7, or the layers that a manifest describes."""
    from models.deep_hits.network import Settings, build

    return build(Settings(**{name: _tuples(value) for name, value in (layers or {}).items()}))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


DEEP_HITS = Network(
    name="deep_hits",
    classes=("bogus", "real"),
    positive="real",
    sample_shape=SAMPLE_SHAPE,
    input_shape=INPUT_SHAPE,
    preprocess=preprocess,
    build=_build,
)
