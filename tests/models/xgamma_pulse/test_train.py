from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from models import NETWORKS
from models.xgamma_pulse import XGAMMA_PULSE
from models.xgamma_pulse.evaluate import evaluate
from models.xgamma_pulse.network import VARIANTS as LAYERS
from models.xgamma_pulse.settings import VARIANTS
from models.xgamma_pulse.simulate import block
from models.xgamma_pulse.train import train

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def listed():
    """The network among all networks, whether or not its weights are shipped."""
    with pytest.MonkeyPatch.context() as patch:
        networks = MappingProxyType({**NETWORKS, "xgamma_pulse": XGAMMA_PULSE})
        patch.setattr("models.artifact.NETWORKS", networks)
        yield


@pytest.fixture(scope="module")
def short(listed, tmp_path_factory):
    """The whole of the training, with two of the networks, in half a minute."""
    folder = tmp_path_factory.mktemp("short")
    settings = VARIANTS["short"]
    artifact = train(settings, out=folder / "weights", runs=folder / "runs", version="2026.0.1")
    return artifact, folder


def test_a_short_training_learns(short):
    metrics, history = short[0].manifest["metrics"], short[0].manifest["training"]["learningCurve"]
    losses = [point["loss"] for point in history if "loss" in point]

    assert losses[-1] < 0.8 * losses[0]
    # chance is 0.5, and its 95 % interval 0.03 to either side
    assert metrics["accuracy"]["value"] > 0.75
    assert metrics["auc"]["value"] > 0.85


def test_the_table_has_every_network_that_was_trained(short):
    table = short[0].manifest["metrics"]["table"]

    assert list(table) == ["resnet10", "lstm"]
    assert table["lstm"]["parameters"] == 6_706
    assert table["resnet10"]["testAccuracy"]["n"] == 1000
    assert all(row["trainingSeconds"] > 0 for row in table.values())


def test_the_plain_cut_is_judged_on_the_same_pulses(short):
    cut = short[0].manifest["metrics"]["riseTimeCut"]

    assert cut["accuracy"]["n"] == 1000
    assert 0.75 < cut["accuracy"]["value"] < 0.9


def test_a_run_that_was_finished_is_not_trained_again(short, listed):
    artifact, folder = short
    before = (folder / "runs" / "resnet10" / "seconds.txt").read_bytes()

    again = train(
        VARIANTS["short"],
        out=folder / "again",
        runs=folder / "runs",
        version="2026.0.1",
        resume=True,
    )

    assert (folder / "runs" / "resnet10" / "seconds.txt").read_bytes() == before
    assert again.manifest["metrics"] == artifact.manifest["metrics"]


def test_figures_and_plots_can_be_had_from_the_weights(short, tmp_path):
    found = evaluate(short[0], plots=tmp_path, pulses=1000)

    # the same pulses, but through the runtime that serves them
    assert found["accuracy"]["value"] == pytest.approx(
        short[0].manifest["metrics"]["accuracy"]["value"], abs=0.01
    )
    assert {"roc.png", "calibration.png", "learning-curve.png"} <= {
        p.name for p in tmp_path.iterdir()
    }


def test_a_labelled_file_can_be_judged(short, tmp_path):
    pulses = block(4, "test", 0, 700)
    waveforms = pulses.waveforms.astype(np.float32)
    waveforms[490:515] = 1.0
    path = tmp_path / "pulses.npz"
    np.savez(
        path, waveforms=waveforms, labels=pulses.labels, sampling_period_ns=100, baseline_samples=40
    )

    found = evaluate(short[0], data=path)

    assert found["rejected"] == 25
    first = {str(row): "the waveform is constant" for row in range(490, 510)}
    assert found["rejectedPulses"] == first
    assert found["candidates"] == 675
    assert found["auc"]["value"] > 0.85


@pytest.mark.parametrize(
    ("facts", "why"), [({}, "has no labels"), ({"labels": np.zeros(9)}, "has 0 gamma rays of 9")]
)
def test_a_file_that_cannot_be_judged_by_is_refused(short, tmp_path, facts, why):
    path = tmp_path / "pulses.npz"
    waveforms = block(4, "test", 0, 9).waveforms
    np.savez(path, waveforms=waveforms, sampling_period_ns=100, baseline_samples=40, **facts)

    with pytest.raises(ValueError, match=why):
        evaluate(short[0], data=path)


def test_the_five_networks_share_everything_but_their_layers():
    settings = [replace(VARIANTS[name], networks=()) for name in LAYERS]

    assert settings == [replace(VARIANTS["all"], networks=())] * 5
