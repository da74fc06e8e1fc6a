"""Files of pulses to messages: known by content, one message for each pulse."""

import io

import h5py
import numpy as np
import pytest

from pipeline.errors import DecodeError, InvalidMessage
from pipeline.files import read_messages
from pipeline.streams import STREAMS
from tests.command_line import skytriage
from tests.pulses import PULSES

FACTS = {"sampling_period_ns": 100.0, "baseline_samples": 40, "full_scale": 4095}


def hdf5(waveforms, **facts):
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        file.create_dataset("waveforms", data=waveforms)
        file.attrs.update(facts)
    return data.getvalue()


def npz(waveforms, **facts):
    data = io.BytesIO()
    np.savez(data, waveforms=waveforms, **facts)
    return data.getvalue()


def csv(waveforms, **facts):
    lines = [f"# {name} = {value}" for name, value in facts.items()]
    lines.append(",".join(map(str, range(waveforms.shape[1]))))
    lines += [",".join(map(str, waveform)) for waveform in waveforms]
    return "\n".join(lines).encode()


@pytest.fixture(params=[hdf5, npz, csv])
def written(request, tmp_path):
    """A file of pulses, whose name says nothing."""
    path = tmp_path / "pulses"
    path.write_bytes(request.param(PULSES, **FACTS))
    return path


def messages(path):
    return list(read_messages(path, STREAMS["xgamma"].read_file))


def test_each_pulse_of_a_file_is_a_message(xgamma, written):
    found = [xgamma.decode(message.value) for message in messages(written)]

    np.testing.assert_array_equal(np.stack([one.sample for one in found]), PULSES)
    assert {one.event.survey for one in found} == {"pulse file"}


def test_a_pulse_of_a_file_has_the_same_id_wherever_the_file_lies(xgamma, written):
    copy = written.parent / "copy"
    copy.write_bytes(written.read_bytes())
    ids = [
        [xgamma.decode(message.value).event.event_id for message in messages(path)]
        for path in (written, copy)
    ]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(PULSES)


def test_the_digitisers_range_is_passed_on(xgamma, tmp_path):
    waveforms = PULSES.copy()
    waveforms[2, 100] = 4095
    path = tmp_path / "pulses.h5"
    path.write_bytes(hdf5(waveforms, **FACTS))

    samples = [xgamma.decode(message.value).sample for message in messages(path)]

    assert np.argwhere(np.isinf(samples)).tolist() == [[2, 100]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", r"pulses is text \('hello'\), and no file of pulses"),
        (b"", "pulses is empty, and no file of pulses"),
        (b"\x89PNG\r\n", "pulses is a PNG image, and no file of pulses"),
        (hdf5(PULSES, sampling_period_ns=100.0), "pulses has no baseline_samples"),
        (npz(PULSES[:0], **FACTS), "pulses holds no pulse"),
        (csv(PULSES, **FACTS) + b"\n1,2,3", "a line has 3 columns, but its header 200"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_it_is(tmp_path, data, said):
    (tmp_path / "pulses").write_bytes(data)

    (message,) = messages(tmp_path / "pulses")

    assert message.value == data
    assert isinstance(message.error, InvalidMessage)
    with pytest.raises(DecodeError, match=said):
        raise message.error


def test_pulses_of_a_file_are_classified(written):
    judged = skytriage("classify", "xgamma", written, "--json").lines

    assert [line["status"] for line in judged] == ["ok"] * len(PULSES)
    assert all(set(line["classification"]) == {"x_ray", "gamma_ray"} for line in judged)
