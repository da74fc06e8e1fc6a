"""Samples of pulses: read from any digitiser, as the training does, or refused with what is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.xgamma_pulse.waveforms import to_samples
from pipeline.errors import DecodeError, MissingInput
from tests.pulses import PULSES, packet
from tests.strategies import BIG_ID


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i4", "<f4", ">f8", "<f2"])
def test_samples_of_any_number_type_are_read(xgamma, dtype):
    waveform = (PULSES[0] // 2).astype(dtype)

    sample = xgamma.decode(packet(waveform)).sample

    np.testing.assert_array_equal(sample, waveform.astype(np.float32))


@pytest.mark.parametrize("dtype", ["O", "", "<c8", "u2,u2", "<f16", "datetime64"])
def test_samples_of_another_type_are_named(xgamma, dtype):
    with pytest.raises(DecodeError, match=f"unknown type '{dtype}'"):
        xgamma.decode(packet(dtype=dtype))


def test_bytes_that_are_no_whole_samples_are_counted(xgamma):
    with pytest.raises(DecodeError, match=f"event {BIG_ID} has 399 bytes, which are no samples"):
        xgamma.decode(packet(waveform=PULSES[0].tobytes()[:-1]))


def test_an_empty_waveform_is_missing(xgamma):
    with pytest.raises(MissingInput, match=f"event {BIG_ID} has no waveform"):
        xgamma.decode(packet(waveform=b""))


def test_another_digitiser_is_brought_to_the_samples_of_the_network(xgamma):
    fast = np.repeat(PULSES[0], 8)

    candidate = xgamma.decode(packet(fast, samplingPeriodNs=12.5, baselineSamples=320))

    np.testing.assert_array_equal(candidate.sample, PULSES[0])
    assert candidate.quality == {}


WAVEFORMS = st.integers(1, 500).flatmap(lambda length: arrays(np.uint16, length))


@given(WAVEFORMS, st.sampled_from([12.5, 16.0, 50.0, 100.0, 250.0]), st.data())
def test_a_sample_is_what_training_makes_of_the_waveform(xgamma, waveform, period_ns, data):
    baseline = data.draw(st.integers(0, len(waveform) - 1))
    full_scale = data.draw(st.none() | st.floats(0, 2**16))
    sent = packet(
        waveform,
        samplingPeriodNs=period_ns,
        baselineSamples=baseline,
        fullScale=full_scale,
    )

    trained = to_samples(
        waveform[np.newaxis], period_ns=period_ns, baseline=baseline, full_scale=full_scale
    )

    np.testing.assert_array_equal(xgamma.decode(sent).sample, trained[0])


def test_a_slower_digitiser_is_noted(xgamma):
    slow = np.ascontiguousarray(PULSES[0][::2])

    candidate = xgamma.decode(packet(slow, samplingPeriodNs=200.0, baselineSamples=20))

    np.testing.assert_array_equal(candidate.sample[:-1:2], slow)
    assert candidate.quality == {"upsampled": 1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"samplingPeriodNs": 500.0}, "sampling period is 500.0 ns"),
        ({"samplingPeriodNs": float("nan")}, "sampling period is nan ns"),
        ({"samplingPeriodNs": -1.0}, "sampling period is -1.0 ns"),
        ({"baselineSamples": 200}, "baseline is 200 samples of a waveform that has 200"),
        ({"baselineSamples": -1}, "baseline is -1 samples"),
        ({"fullScale": float("nan")}, f"digitiser of event {BIG_ID} ends at nan"),
    ],
)
def test_what_says_nothing_sensible_of_the_digitiser_is_refused(xgamma, changes, said):
    with pytest.raises(DecodeError, match=said):
        xgamma.decode(packet(**changes))


def test_negative_pulses_are_turned_over(xgamma):
    upside_down = (4095 - PULSES[0]).astype(np.uint16)

    sample = xgamma.decode(packet(upside_down, pulseIsNegative=True, fullScale=0.0)).sample

    np.testing.assert_array_equal(sample, PULSES[0].astype(np.float32) - 4095)


def test_a_negative_pulse_is_saturated_at_the_lower_end(xgamma):
    waveform = np.full(200, 1000, np.uint16)
    waveform[60] = 0

    sample = xgamma.decode(packet(waveform, pulseIsNegative=True, fullScale=0.0)).sample

    assert np.flatnonzero(np.isinf(sample)).tolist() == [60]
