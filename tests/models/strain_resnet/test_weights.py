"""What the shipped weights are said to do, and do."""

import pytest

from models.artifact import load
from models.strain_resnet.evaluate import evaluate

MATCHED_FILTER = 0.855
"""Area under the curve of `matched_filter` on the first 4,000 of the same segments (*simulated*)."""


def test_they_rank_better_than_the_matched_filter():
    area = load("strain_resnet").manifest["metrics"]["auc"]

    assert area["n"] >= 20_000
    assert area["low95"] > MATCHED_FILTER


@pytest.mark.slow
def test_of_the_real_strain_of_GW150914_only_its_own_windows_are_alarms(survey_data):  # noqa: N802
    found = evaluate(load("strain_resnet"), data=survey_data / "strain", count=4_000)

    above = found["GW150914"]["windowsAbove"]["0.001"]
    assert above["holding"] > 0
    assert above["farOff"] == 0
