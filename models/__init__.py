"""The trained networks: what they are, how they are made, how they are run.

Importing this package loads neither TensorFlow nor OpenVINO. `NETWORKS` describes what there is,
`models.artifact` loads trained weights and verifies them, `models.runtime` runs them.
Nothing in here knows Kafka, Avro or the pipeline.
"""

from collections.abc import Mapping
from types import MappingProxyType

from models.deep_hits import DEEP_HITS
from models.maxi_flare import MAXI_FLARE
from models.network import Network, Preprocessed
from models.strain_resnet import STRAIN_RESNET
from models.xgamma_pulse import XGAMMA_PULSE

__all__ = ["NETWORKS", "Network", "Preprocessed"]

NETWORKS: Mapping[str, Network] = MappingProxyType(
    {network.name: network for network in (DEEP_HITS, MAXI_FLARE, STRAIN_RESNET, XGAMMA_PULSE)}
)
"""Every network by name."""
