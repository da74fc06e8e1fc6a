import numpy as np
import pytest

from models.strain_resnet.evaluate import evaluate, search
from models.strain_resnet.g2net import LISTS, segment_path
from models.strain_resnet.simulate import blocks, simulate

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


def write_split(folder, split, samples, targets):
    """Write segments as the competition has them, and the list of the split."""
    lines = ["id,target"]
    for number, (strain, target) in enumerate(zip(samples, targets, strict=True)):
        path = segment_path(folder, split, f"{number:010x}")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, strain.astype(np.float64))
        lines.append(f"{number:010x},{target}")
    (folder / LISTS[split]).write_text("\n".join(lines) + "\n")


@pytest.mark.slow
def test_a_folder_of_g2net_is_judged_by_its_labels(short, tmp_path):
    made = simulate(np.random.default_rng(1), 60)
    write_split(tmp_path, "train", made.samples, made.labels)

    found = evaluate(short[0], data=tmp_path, plots=tmp_path / "plots")

    assert found["data"] == "real"
    assert found["candidates"] == 60
    assert found["real"] == made.labels.sum()
    assert (tmp_path / "plots" / "roc.png").is_file()


@pytest.mark.slow
def test_the_test_segments_of_g2net_are_answered_in_their_order(short, tmp_path):
    made = simulate(np.random.default_rng(2), 12)
    write_split(tmp_path, "test", made.samples, [0.5] * 12)

    found = evaluate(short[0], data=tmp_path, plots=tmp_path / "out")

    answers = (tmp_path / "out" / "submission.csv").read_text().splitlines()
    assert found["submitted"] == 12
    assert [line.split(",")[0] for line in answers] == ["id", *(f"{k:010x}" for k in range(12))]
    assert all(0 < float(line.split(",")[1]) < 1 for line in answers[1:])


@pytest.mark.slow
def test_a_folder_of_neither_is_refused(short, tmp_path):
    with pytest.raises(FileNotFoundError, match="has no G2Net folder, nor the strain of an event"):
        evaluate(short[0], data=tmp_path, count=250)


def test_the_search_is_of_the_test_segments_in_their_order():
    searched = search(5, 500, processes=1)["peak"]

    labels = np.concatenate([block.labels for block, _ in zip(blocks(5, "test", 250), "ab")])  # noqa: B905 - endless

    assert np.array_equal(searched.truth, labels == 1)
    assert searched.score[searched.snr > 8].min() > np.median(searched.score[~searched.truth])
