import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.deep_hits.evaluate import figures, interval, roc_auc
from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import blocks

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(positive=SCORES, negative=SCORES)
def test_the_auc_is_the_share_of_ordered_pairs(positive, negative):
    pairs = positive[:, None] - negative[None, :]

    assert roc_auc(positive, negative) == pytest.approx(
        (pairs > 0).mean() + (pairs == 0).mean() / 2
    )


@given(trials=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_the_rate_and_stays_in_bounds(trials, data):
    successes = data.draw(st.integers(0, trials))

    low, high = interval(successes, trials)

    assert -1e-9 <= low <= successes / trials + 1e-9
    assert successes / trials - 1e-9 <= high <= 1 + 1e-9


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [interval(int(k), 200) for k in rng.binomial(200, 0.03, 2000)]

    covered = np.mean([low <= 0.03 <= high for low, high in intervals])

    assert 0.92 < covered < 0.98


@pytest.fixture(scope="module")
def network(trained):
    layers = trained.network.build()
    layers.load_weights(trained.weights)
    return layers


@pytest.fixture(scope="module")
def judged(network):
    return figures(network, seed=77, n=2000)


def test_the_threshold_lets_one_artefact_in_a_hundred_through(network, trained):
    block = next(blocks(78, "test", 2000))
    artefacts = block.samples[block.labels == 0]
    scores = np.asarray(network.predict_on_batch(preprocess(artefacts).inputs))[:, 1]

    low, high = interval(int((scores >= trained.threshold).sum()), len(scores), z=3.0)

    assert low < trained.false_positive_rate < high


def test_the_trained_network_is_as_accurate_as_its_manifest_says(judged, trained):
    stated = trained.manifest["metrics"]["accuracy"]["value"]

    assert judged["accuracy"]["value"] == pytest.approx(stated, abs=0.02)


def test_every_figure_says_that_it_is_of_simulated_candidates(judged, trained):
    assert judged["data"] == trained.manifest["metrics"]["data"] == "simulated"


def test_the_stated_figures_rest_on_twenty_thousand_candidates_or_more(trained):
    assert trained.manifest["metrics"]["candidates"] >= 20_000
