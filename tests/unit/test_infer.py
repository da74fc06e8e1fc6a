import numpy as np
import pytest

from models import NETWORKS
from pipeline.core import NetworkInfo
from pipeline.errors import InferenceError, WorkerError
from pipeline.infer import Classifier, warmed_sizes

INFO = NetworkInfo(
    name="fragile",
    version="1",
    weights_sha256="0",
    runtime="python",
    device="cpu",
    classes=("bogus", "real"),
    positive="real",
    threshold=0.5,
    false_positive_rate=0.01,
)
SHAPE = NETWORKS["deep_hits"].input_shape
BOOM, NAN = 666.0, 777.0


class FragileRuntime:
    """Answers with the first pixel, fails on one value and gives NaN for another."""

    name, precision, device = "python", "float32", "cpu"

    def __init__(self, batch_sizes=(1, 4, 8), broken=False):
        self.batch_sizes = batch_sizes
        self.broken = broken
        self.calls = 0

    def infer(self, inputs):
        self.calls += 1
        assert len(inputs) in self.batch_sizes
        first = inputs[:, 0, 0, 0]
        if self.broken or (first == BOOM).any():
            raise RuntimeError("boom")
        score = np.where(first == NAN, np.nan, first)
        return np.stack([1 - score, score], axis=1).astype(np.float32)


def classify(values, **runtime):
    classifier = Classifier(NETWORKS["deep_hits"], FragileRuntime(**runtime), INFO)
    inputs = np.zeros((classifier.max_batch, *SHAPE), np.float32)
    inputs[: len(values), 0, 0, 0] = values
    return classifier.predict(inputs, len(values))


def test_a_row_that_breaks_the_network_fails_alone():
    probabilities, errors = classify([0.1, 0.2, BOOM, 0.4, 0.5])
    assert list(errors) == [2]
    assert isinstance(errors[2], InferenceError)
    np.testing.assert_allclose(probabilities[[0, 1, 3, 4], 1], [0.1, 0.2, 0.4, 0.5])


def test_a_row_without_a_finite_answer_fails_alone():
    probabilities, errors = classify([0.1, NAN, 0.3])
    assert list(errors) == [1]
    np.testing.assert_allclose(probabilities[[0, 2], 1], [0.1, 0.3])


def test_what_an_earlier_batch_left_behind_as_padding_is_not_asked_about():
    classifier = Classifier(NETWORKS["deep_hits"], FragileRuntime(), INFO)
    inputs = np.full((8, *SHAPE), BOOM, np.float32)
    inputs[:3] = 0.5
    _, errors = classifier.predict(inputs, 3)
    assert errors == {}


def test_a_lone_bad_row_is_the_row_s_fault():
    _, errors = classify([BOOM])
    assert list(errors) == [0]


def test_a_network_that_fails_on_everything_is_our_fault():
    with pytest.raises(WorkerError, match="every sample"):
        classify([0.1, 0.2], broken=True)


def test_sizes_to_warm_end_with_the_largest_batch():
    assert warmed_sizes(1) == (1,)
    assert warmed_sizes(256)[-1] == 256
