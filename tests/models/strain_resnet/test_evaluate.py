import numpy as np
import pytest

from models.strain_resnet.evaluate import evaluate, search
from models.strain_resnet.simulate import blocks

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def found(short):
    """All figures of the short training, on few segments."""
    return evaluate(short[0], count=250)


@pytest.mark.slow
def test_the_figures_of_simulation_say_so(found):
    assert found["data"] == "simulated"
    assert found["candidates"] == 250


@pytest.mark.slow
def test_efficiencies_are_given_at_both_false_alarm_probabilities(found):
    assert set(found["efficiency"]) == {"0.01", "0.001"}
    assert set(found["efficiency"]["0.01"]) == {"falseAlarms", "all", "bySnr", "byMass"}


@pytest.mark.slow
def test_every_subset_of_the_detectors_has_its_figures(found):
    assert set(found["bySubset"]) == {"H1 L1 V1", "H1 L1", "H1 V1", "L1 V1", "H1", "L1", "V1"}
    assert all(set(one["thresholds"]) == {"0.01", "0.001"} for one in found["bySubset"].values())


@pytest.mark.slow
def test_the_matched_filter_is_judged_beside_it(found):
    assert found["matchedFilter"]["evidence"]["auc"]["value"] > 0.75
    assert found["matchedFilter"]["peak"]["auc"]["n"] == 250


@pytest.mark.slow
def test_it_is_said_how_much_better_the_network_ranks_the_same_segments(found):
    evidence = found["matchedFilter"]["evidence"]

    assert evidence["networkLead"]["value"] == pytest.approx(
        found["auc"]["value"] - evidence["auc"]["value"], abs=1e-6
    )


@pytest.mark.slow
def test_windows_of_the_real_events_are_scored(short, survey_data):
    events = evaluate(short[0], data=survey_data / "strain", count=250)

    assert set(events) == {"GW150914", "LVT151012"}
    assert all(one["data"] == "real" for one in events.values())


@pytest.mark.slow
def test_a_folder_of_neither_is_refused(short, tmp_path):
    with pytest.raises(FileNotFoundError, match="has no G2Net folder, nor the strain of an event"):
        evaluate(short[0], data=tmp_path, count=250)


def test_the_search_is_of_the_test_segments_in_their_order():
    searched = search(5, 500, processes=1)["peak"]

    labels = np.concatenate([block.labels for block, _ in zip(blocks(5, "test", 250), "ab")])  # noqa: B905 - endless

    assert np.array_equal(searched.truth, labels == 1)
    assert searched.score[searched.snr > 8].min() > np.median(searched.score[~searched.truth])
