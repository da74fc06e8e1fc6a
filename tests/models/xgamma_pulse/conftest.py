"""Pulses, and the formats of the files that they come in."""

import numpy as np
import pytest

from models.xgamma_pulse.simulate import simulate
from tests.models.xgamma_pulse.pulse_writers import WRITERS


@pytest.fixture(scope="module")
def pulses():
    return simulate(np.random.default_rng(1), 25)


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """Write a file of each format; the path is chosen."""
    path, writer = tmp_path / request.param, WRITERS[request.param]
    return lambda *arguments, **facts: writer(path, *arguments, **facts)
