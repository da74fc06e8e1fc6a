"""The trained network on real ZTF packets: evaluation only, no network is ever trained on them.

ZTF's ``drb`` is another network's opinion and no truth, and the packets are few.
"""

import gzip
import io

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from models.deep_hits.stamps import centre_stamp, snr_difference
from models.evaluation.rates import roc_auc
from models.runtime import open_runtime


def read(path):
    """Give the distinct candidates of one file: id, drb (None if not scored), sample."""
    with path.open("rb") as file:
        for packet in fastavro.reader(file):
            candidate = packet["candidate"]
            template, science, difference = (
                pixels(packet[f"cutout{name}"]) for name in ("Template", "Science", "Difference")
            )
            stamps = (template, science, difference, snr_difference(difference, science, template))
            sample = np.stack([centre_stamp(stamp)[0] for stamp in stamps])
            scored = candidate.get("drbversion")  # without a version, 0.0 means "not scored"
            yield candidate["candid"], candidate["drb"] if scored else None, sample


def pixels(cutout):
    data = gzip.decompress(cutout["stampData"])
    return fits.getdata(io.BytesIO(data)).astype(np.float32)


@pytest.fixture(scope="module")
def judged(survey_data, trained):
    """Scores of ZTF's network and of ours, for every candidate that ZTF scored."""
    scored = {}
    for path in sorted((survey_data / "ztf").rglob("*.avro")):
        try:
            found = list(read(path))
        except Exception:  # noqa: BLE001, S112 - some files are damaged on purpose, in many ways
            continue
        scored |= {candid: (drb, sample) for candid, drb, sample in found if drb is not None}
    theirs, samples = zip(*scored.values(), strict=True)
    runtime = open_runtime(trained, precision="float32", batch_sizes=(1,))
    made = trained.network.preprocess(np.stack(samples))
    ours = [runtime.infer(made.inputs[i : i + 1])[0, 1] for i in range(len(samples))]
    return np.array(theirs), np.array(ours), made


# the packets' FITS headers are old-fashioned
@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_real_and_bogus_of_ztf_are_told_apart(judged):
    theirs, ours, _ = judged
    real, bogus = ours[theirs >= 0.9], ours[theirs < 0.1]

    auc = roc_auc(real, bogus)

    assert auc >= 0.95, f"{auc:.4f} of {len(real)} with drb >= 0.9, {len(bogus)} with drb < 0.1"


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_the_figures_in_the_card_come_out(judged):
    theirs, ours, _ = judged
    real, bogus = ours[theirs >= 0.9], ours[theirs < 0.1]

    assert (len(real), len(bogus)) == (134, 6)
    assert roc_auc(real, bogus) == pytest.approx(0.994, abs=0.0005)
    assert ((real >= 0.5).sum(), (bogus < 0.5).sum()) == (124, 6)


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_no_ztf_packet_that_can_be_read_is_rejected(judged):
    assert not judged[2].rejected
