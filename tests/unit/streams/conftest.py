"""What tests of one stream share when they are several modules."""

import pytest

from tests.strategies import stream_decoder


@pytest.fixture(scope="session")
def xgamma():
    """The decoder of pulses."""
    return stream_decoder("xgamma")
