"""Strain of two detectors with a burst in it, made once for all tests of this folder."""

import pytest

from tests.running_strain import BURST_S, SECONDS, strain_of


@pytest.fixture(scope="session")
def h1():
    return strain_of("H1", SECONDS, [BURST_S])


@pytest.fixture(scope="session")
def l1():
    return strain_of("L1", SECONDS, [BURST_S])
