import numpy as np
import pytest

from models.deep_hits.evaluate import evaluate, read_predictions
from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import blocks
from models.evaluation.rates import interval
from models.evaluation.table import figures
from tests.models.chunks import chunk, content

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def network(trained):
    layers = trained.network.build()
    layers.load_weights(trained.weights)
    return layers


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory):
    plots = tmp_path_factory.mktemp("plots")
    return evaluate(trained, plots=plots, candidates=2000), plots


def test_the_threshold_lets_one_artefact_in_a_hundred_through(network, trained):
    block = next(blocks(78, "test", 2000))
    artefacts = block.samples[block.labels == 0]
    scores = np.asarray(network.predict_on_batch(preprocess(artefacts).inputs))[:, 1]

    low, high = interval(int((scores >= trained.threshold).sum()), len(scores), z=3.0)

    assert low < trained.false_positive_rate < high


def test_the_trained_network_is_as_accurate_as_its_manifest_says(judged, trained):
    stated = trained.manifest["metrics"]["mixed"]["accuracy"]["value"]

    assert judged[0]["mixed"]["accuracy"]["value"] == pytest.approx(stated, abs=0.02)


def test_every_figure_says_that_it_is_of_simulated_candidates(judged, trained):
    assert judged[0]["data"] == trained.manifest["metrics"]["data"] == "simulated"


def test_the_stated_figures_rest_on_twenty_thousand_candidates_or_more(trained):
    assert trained.manifest["metrics"]["candidates"] >= 20_000


def test_the_stated_figures_of_simulated_hits_reach_the_aims(trained):
    stated = trained.manifest["metrics"]

    assert stated["survey"] == "hits"
    assert stated["accuracy"]["value"] >= 0.994
    assert stated["missedAtFalsePositiveRate"]["0.01"]["value"] <= 0.003


def test_the_plots_of_both_surveys_are_drawn(judged):
    drawn = {path.relative_to(judged[1]).as_posix() for path in judged[1].rglob("*.png")}

    kinds = ("calibration", "confusion", "det", "efficiency", "roc", "scores")
    each = {f"{survey}/{kind}.png" for survey in ("hits", "mixed") for kind in kinds}
    assert drawn == {*each, "learning-curve.png"}


@pytest.mark.parametrize("is_folder", [True, False])
def test_chunks_are_judged_as_they_are(trained, candidates, tmp_path, is_folder):
    path = tmp_path / "chunk_0_512.pkl"
    path.write_bytes(chunk(content(candidates)))

    found = evaluate(trained, data=tmp_path if is_folder else path)

    assert found["data"].startswith("chunks, ")
    assert found["candidates"] == 512
    assert found["accuracy"]["value"] > 0.9


def test_chunks_are_measured_at_the_threshold_of_the_weights(trained, candidates, tmp_path):
    (tmp_path / "chunk_0_512.pkl").write_bytes(chunk(content(candidates)))

    assert evaluate(trained, data=tmp_path)["threshold"] == trained.threshold


def test_both_simulated_surveys_are_measured_at_the_threshold_of_the_weights(judged, trained):
    figures_of_both = (judged[0], judged[0]["mixed"])

    assert [found["threshold"] for found in figures_of_both] == [trained.threshold] * 2


def test_candidates_of_chunks_that_are_rejected_count_in_no_figure(trained, candidates, tmp_path):
    arrays = content(candidates)
    arrays["diff_images"][:6] = 0
    (tmp_path / "chunk_0_512.pkl").write_bytes(chunk(arrays))

    found = evaluate(trained, data=tmp_path)

    assert found["candidates"] == 506
    assert found["real"] == candidates.labels[6:].sum()
    assert found["rejected"] == {
        "count": 6,
        "first": {
            f"chunk_0_512.pkl, row {row}": "the difference stamp is constant" for row in range(5)
        },
    }


def test_the_row_of_a_rejected_candidate_is_counted_from_the_start_of_its_file(
    trained, candidates, tmp_path
):
    arrays = content(candidates)
    arrays["sci_images"][505] = 7
    (tmp_path / "chunk_0_512.pkl").write_bytes(chunk(arrays))

    rejected = evaluate(trained, data=tmp_path)["rejected"]

    assert rejected["first"] == {"chunk_0_512.pkl, row 505": "the science stamp is constant"}


def test_data_of_one_class_are_refused(trained, tmp_path):
    np.savez(tmp_path / "p.npz", label=np.ones(3), snr=np.ones(3), p_real=np.ones(3))

    with pytest.raises(ValueError, match=r"p\.npz has 3 real of 3: need both"):
        evaluate(trained, data=tmp_path / "p.npz")


def test_stored_predictions_are_measured_at_a_threshold_of_their_own(trained, tmp_path):
    label, score = np.array([1, 0, 0], np.int8), np.array([0.9, 0.8, 0.2])
    np.savez(tmp_path / "p.npz", label=label, snr=np.array([9.0, 8, 20]), p_real=score)

    assert evaluate(trained, data=tmp_path / "p.npz")["threshold"] == np.nextafter(0.8, 1)


def test_stored_predictions_need_no_network(trained, tmp_path):
    label, score = np.array([1, 1, 0, 0], np.int8), np.array([0.9, 0.8, 0.2, 0.7])
    np.savez(tmp_path / "p.npz", label=label, snr=np.array([9.0, -6, 8, 20]), p_real=score)

    found = evaluate(trained, data=tmp_path / "p.npz")

    assert found["accuracy"]["value"] == 0.75
    assert found["accuracyBySnr"]["below 7"]["n"] == 1


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"label": np.zeros(3)}, "has no p_real, snr"),
        ({"label": np.zeros(3), "snr": np.zeros(3), "p_real": np.zeros(2)}, "differ in shape"),
    ],
)
def test_predictions_that_are_none_are_refused_with_the_file(tmp_path, arrays, said):
    np.savez(tmp_path / "p.npz", **arrays)

    with pytest.raises(ValueError, match=rf"p\.npz.*{said}"):
        read_predictions(tmp_path / "p.npz")


@pytest.mark.parametrize(
    ("label", "p_real", "said"),
    [
        (2, 0.5, r"label is 0 or 1, not \[2\.\]"),
        (np.nan, 0.5, r"label is 0 or 1, not \[nan\]"),
        (1, 1.5, r"p_real is from 0 to 1, not \[1\.5\]"),
        (1, -0.1, r"p_real is from 0 to 1, not \[-0\.1\]"),
        (1, np.nan, r"p_real is from 0 to 1, not \[nan\]"),
    ],
)
def test_impossible_predictions_are_refused_with_file_and_value(tmp_path, label, p_real, said):
    labels, scores = np.array([0.0, label]), np.array([0.5, p_real])
    np.savez(tmp_path / "p.npz", label=labels, snr=np.ones(2), p_real=scores)

    with pytest.raises(ValueError, match=rf"p\.npz: {said}"):
        read_predictions(tmp_path / "p.npz")


def published(survey_data, name):
    """Give the figures of one of the original's stored predictions."""
    judged = read_predictions(survey_data / "deephits" / f"{name}_test_predictions.npz")
    return figures(judged.score, judged.real, snr=judged.snr)


def test_the_published_figures_of_arch7_come_out(survey_data):
    found = published(survey_data, "arch7")

    assert found["accuracy"]["value"] == pytest.approx(0.99469, abs=5e-6)
    assert found["evenFalsePositiveRate"]["value"] == pytest.approx(0.00584, abs=5e-6)
    assert found["evenFalseNegativeRate"]["value"] == pytest.approx(0.00478, abs=5e-6)
    assert found["auc"]["value"] == pytest.approx(0.999673, abs=5e-7)
    missed = [row["value"] for row in found["missedAtFalsePositiveRate"].values()]
    assert missed[2:] == pytest.approx([0.0770, 0.01396, 0.00206, 0.00052, 0.00014], abs=5e-5)
    assert missed[4] == pytest.approx(0.00206, abs=5e-6)
    assert found["equalErrorRate"] == pytest.approx(0.00538, abs=5e-6)
    assert found["precision"]["value"] == pytest.approx(0.99417, abs=5e-6)
    assert found["f1"] == pytest.approx(0.99469, abs=5e-6)


def test_the_published_accuracy_of_arch7_by_snr_comes_out(survey_data):
    bins = published(survey_data, "arch7")["accuracyBySnr"]

    assert [row["n"] for row in bins.values()] == [16_917, 55_772, 27_311]
    assert [row["value"] for row in bins.values()] == pytest.approx(
        [0.9913, 0.9944, 0.9974], abs=5e-5
    )


def test_the_published_figures_of_the_random_forest_come_out(survey_data):
    found = published(survey_data, "random_forest")

    assert found["accuracy"]["value"] == pytest.approx(0.98961, abs=5e-6)
    assert found["auc"]["value"] == pytest.approx(0.999144, abs=5e-7)
    assert found["evenFalsePositiveRate"]["value"] == pytest.approx(0.01332, abs=5e-6)
