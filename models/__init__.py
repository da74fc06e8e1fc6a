"""The trained networks: what they are, how they are made, how they are run.

Importing this package loads neither TensorFlow nor OpenVINO. `NETWORKS` describes what there is,
`models.artifact` loads trained weights and verifies them, `models.runtime` runs them.
Nothing in here knows Kafka, Avro or the pipeline.
"""

from collections.abc import Mapping
from types import MappingProxyType

from models.deep_hits import DEEP_HITS
from models.network import Network, Preprocessed

__all__ = ["NETWORKS", "Network", "Preprocessed"]

NETWORKS: Mapping[str, Network] = MappingProxyType({DEEP_HITS.name: DEEP_HITS})
"""Every network by name."""
