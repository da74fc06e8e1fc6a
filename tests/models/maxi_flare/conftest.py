"""Simulated pictures, made once for all tests of the MAXI network."""

import numpy as np
import pytest

from models.maxi_flare.simulate import simulate


@pytest.fixture(scope="session")
def images():
    """4,000 simulated images, the same in every run."""
    return simulate(np.random.default_rng(11), 4000)


@pytest.fixture(scope="session")
def real_picture(survey_data):
    """The one public one-orbit image: its path."""
    path = survey_data / "maxi" / "103_57774.432245-57774.435081.jpg"
    if not path.is_file():
        pytest.skip(f"no real one-orbit image at {path}")
    return path
