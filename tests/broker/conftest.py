"""Topics for a loop, which no other test has seen."""

import pytest


@pytest.fixture
def names(topics):
    """What the loop reads from, and what it writes to."""
    return {
        "in": topics.create("in", partitions=4),
        "out": topics.create("out"),
        "alerts": topics.create("alerts"),
        "dead": topics.create("dead"),
    }
