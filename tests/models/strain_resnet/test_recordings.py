"""The background of recorded strain: which seconds are judged, and what is refused.

The strain is simulated, and written as GWOSC writes it.
"""

import sys

import numpy as np
import pytest

from models.artifact import load as load_artifact
from models.strain_resnet import measure_background
from models.strain_resnet.background import BackgroundError, load
from models.strain_resnet.gwosc import GwoscError
from models.strain_resnet.pieces import white_pieces
from models.strain_resnet.recordings import check_left_out, look, recorded_pieces
from models.strain_resnet.running import BUFFER_S, noise_of
from models.strain_resnet.time_slides import measure
from pipeline.running.joiner import Second
from pipeline.running.windows import Windows
from tests.running_strain import GPS_S, burst
from tests.strain_files import hdf5

RATE_HZ = 2048

NOISE = {
    name: noise_of(np.random.default_rng(seed), name, 100, RATE_HZ)
    for seed, name in enumerate(("H1", "L1"))
}


@pytest.fixture
def written(tmp_path):
    """Writes files, and returns where they are."""

    def write(strain, detector="H1", *, first_s=0, rate_hz=RATE_HZ, bad_s=()):
        words = np.full(len(strain) // rate_hz, 127)
        words[list(bad_s)] = 1  # there are data, and they are not meant for analysis
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.hdf5"
        data = hdf5(
            detector=detector,
            gps_s=GPS_S + first_s,
            rate_hz=rate_hz,
            words=words,
            strain=strain,
        )
        path.write_bytes(data)
        return path

    return write


def pieces_of(*files, leave_out=()):
    return {
        name: recorded_pieces(found, leave_out=leave_out) for name, found in look(files).items()
    }


def loudness(windows):
    """The probability of a network that hears what is loud."""
    return 1 / (1 + np.exp(5 - np.abs(windows).max(axis=(1, 2))))


def seconds(series, first, end):
    return series[first * RATE_HZ : end * RATE_HZ]


def ends_s(*files, leave_out=()):
    """When the seconds end that are judged of H1, after the start."""
    return (pieces_of(*files, leave_out=leave_out)["H1"].ends_s - GPS_S).tolist()


def test_noise_in_files_one_after_another_says_the_same_as_the_noise_itself(written):
    h1, l1 = (seconds(NOISE[name], 0, 64) for name in ("H1", "L1"))
    files = [
        written(seconds(h1, 10, 50), first_s=10),
        written(l1, "L1"),
        written(seconds(h1, 50, 64), first_s=50),
        written(seconds(h1, 0, 10)),
    ]
    arrays = {"H1": white_pieces(h1, RATE_HZ), "L1": white_pieces(l1, RATE_HZ)}

    assert measure(loudness, pieces_of(*files), slides=3) == measure(loudness, arrays, slides=3)


def test_live_time_is_what_was_listened_to_in_each_slide(written):
    found = measure(
        loudness,
        pieces_of(
            written(NOISE["H1"], bad_s=[50]),
            written(NOISE["L1"], "L1", bad_s=[50]),
        ),
        slides=2,
    )

    # A buffer ends with seconds 32 to 50 and 83 to 100 of 32 to 100: 37 of 69, and 32 are missing.
    # Shifted by 7 s the two holes take 39 of 69, by 14 s they take 46.
    assert {name: one.live_time_s for name, one in found.items()} == {
        "H1": 37,
        "L1": 37,
        "H1L1": 30 + 23,
    }
    assert {name: one.windows / 4 for name, one in found.items()} == {
        name: one.live_time_s for name, one in found.items()
    }


def test_a_combination_is_measured_where_all_of_it_were_there(written):
    found = measure(
        loudness,
        pieces_of(written(NOISE["H1"]), written(seconds(NOISE["L1"], 20, 80), "L1", first_s=20)),
        slides=2,
    )

    assert {name: one.live_time_s for name, one in found.items()} == {
        "H1": 69,
        "L1": 29,
        "H1L1": 2 * 29,
    }


def test_it_judges_the_windows_that_the_daemon_judges(written):
    heard, daemon = [], {}

    def remember(windows):
        heard.extend(windows.copy())
        return loudness(windows)

    windows = Windows(stride_ns=250_000_000)
    for second, strain in enumerate(NOISE["H1"].reshape(-1, RATE_HZ)):
        there = {} if second == 50 else {"H1": strain}
        for window in windows.advance(Second(second, there)):
            daemon[window.start_ns / 1e9] = window.input
    file = written(NOISE["H1"], bad_s=[50])
    measure(remember, pieces_of(file))

    starts_s = [end_s - 4.75 + k / 4 for end_s in ends_s(file) for k in range(4)]
    assert len(heard) == len(starts_s)
    for start_s, window in zip(starts_s, heard, strict=True):
        np.testing.assert_array_equal(window, daemon[start_s])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e-9, 0.0])
def test_a_second_that_the_daemon_does_not_use_ends_the_buffer(written, value):
    strain = seconds(NOISE["H1"], 0, 70).copy()
    strain[35 * RATE_HZ : 36 * RATE_HZ] = value

    assert ends_s(written(strain)) == [32, 33, 34, 35, 68, 69, 70]


def test_another_rate_is_as_good_and_a_change_of_it_ends_the_buffer(written):
    rng = np.random.default_rng(5)
    files = [
        written(noise_of(rng, "H1", 34, rate_hz), first_s=first_s, rate_hz=rate_hz)
        for first_s, rate_hz in ((0, 4096), (34, 16384))
    ]

    assert ends_s(*files) == [32, 33, 34, 66, 67, 68]


def test_time_between_files_ends_the_buffer(written):
    files = [
        written(seconds(NOISE["H1"], 0, 33)),
        written(seconds(NOISE["H1"], 34, 67), first_s=34),
    ]

    assert ends_s(*files) == [32, 33, 66, 67]


def test_a_known_event_that_is_left_out_is_not_judged_in_any_slide(written):
    files = [written(strain + burst(100, 60.3), name, first_s=0) for name, strain in NOISE.items()]

    whole = measure(loudness, pieces_of(*files), slides=2)
    left_out = measure(loudness, pieces_of(*files, leave_out=[GPS_S + 60.3]), slides=2)

    assert all(one.events[-1] > 10 for one in whole.values())
    assert all(one.events[-1] < 2 for one in left_out.values())


def test_what_is_left_out_is_no_live_time(written):
    file = written(seconds(NOISE["H1"], 0, 80))

    # The windows of a second reach from 4.75 s before its end to 2 s before it.
    assert ends_s(file, leave_out=[GPS_S + 50.0]) == [*range(32, 45), *range(63, 81)]


def test_an_event_that_is_in_no_file_is_not_left_out_in_silence(written):
    found = look([written(seconds(NOISE["H1"], 0, 40))])

    check_left_out(found, [GPS_S + 47.0])
    with pytest.raises(BackgroundError, match=r"GPS 1400000060.5: H1 GPS 1400000000 to 1400000040"):
        check_left_out(found, [GPS_S + 60.5])


def test_detectors_without_common_time_are_refused(written):
    files = [
        written(seconds(NOISE["H1"], 0, 40)),
        written(seconds(NOISE["L1"], 40, 80), "L1", first_s=40),
    ]

    with pytest.raises(
        BackgroundError,
        match=r"H1 judged from GPS 1400000032 to 1400000040, L1 .* 0 s in common",
    ):
        measure(loudness, pieces_of(*files))


def test_shifts_that_would_bring_detectors_into_step_again_are_refused(written):
    pieces = pieces_of(*(written(seconds(NOISE[name], 0, 58), name) for name in NOISE))

    assert measure(loudness, pieces, slides=2)["H1L1"].live_time_s == 2 * 27
    with pytest.raises(BackgroundError, match=r"27 s in common, and 3 slides .* need 28 s"):
        measure(loudness, pieces, slides=3)


def test_holes_that_leave_no_second_to_any_slide_are_refused(written):
    files = [written(strain, name, bad_s=range(34, 66)) for name, strain in NOISE.items()]
    pieces = pieces_of(*files)  # three seconds at either end

    with pytest.raises(BackgroundError, match="in none of 1 slides a second that all of them have"):
        measure(loudness, pieces, slides=1)


@pytest.mark.parametrize("leave_out", [[], [GPS_S + 30.0]])
def test_a_detector_without_a_second_to_judge_is_refused(written, leave_out):
    file = written(seconds(NOISE["H1"], 0, 34), bad_s=() if leave_out else [10])

    with pytest.raises(
        BackgroundError, match=f"H1 GPS 1400000000 to 1400000034: no {BUFFER_S} s without a gap"
    ):
        pieces_of(file, leave_out=leave_out)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"detector": "K1"}, "strain of 'K1', not of H1, L1, V1"),
        ({"gps_s": GPS_S + 0.5}, "from GPS 1400000000.5 are no whole seconds"),
        ({"words": [127, 127]}, r"DQmask has the shape \(2,\), for 1 s"),
        ({"rate_hz": 512}, "strain at 512 Hz, and 1024 Hz are needed"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(tmp_path, made, said):
    path = tmp_path / "odd.hdf5"
    path.write_bytes(hdf5(**{"gps_s": GPS_S} | made))

    with pytest.raises(GwoscError, match=rf"odd\.hdf5: .*{said}"):
        look([path])


def test_two_files_of_the_same_time_are_named(written):
    files = [
        written(seconds(NOISE["H1"], 0, 4)),
        written(seconds(NOISE["H1"], 3, 8), first_s=3),
    ]

    with pytest.raises(GwoscError, match=r"0\.hdf5 and .*1\.hdf5 both have H1 at GPS 1400000003"):
        look(files)


@pytest.fixture
def weights(tmp_path):
    """The shipped weights in a folder of their own, without their background."""
    shipped = load_artifact("strain_resnet").folder
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in shipped.iterdir():
        if path.name != "background.json":
            (folder / path.name).symlink_to(path)
    return folder


def test_the_command_writes_beside_the_weights_whose_noise_it_is(weights, written, monkeypatch):
    files = [written(seconds(NOISE[name], 0, 70), name) for name in NOISE]
    command = ["measure_background", str(weights), "--slides", "1", "--files", *map(str, files)]
    monkeypatch.setattr(sys, "argv", [*command, "--leave-out", str(GPS_S + 72.5)])

    measure_background.main()

    sha256 = load_artifact("strain_resnet").weights_sha256
    found = load(weights, weights_sha256=sha256, stride_s=0.25)
    assert found.data == (
        "recorded strain: H1 GPS 1400000000 to 1400000070, L1 GPS 1400000000 to 1400000070;"
        " without 8 s on either side of GPS 1400000072.5"
    )
    assert list(found.combinations) == ["H1", "L1", "H1L1"]


def test_the_command_says_what_is_wrong_with_a_file(weights, tmp_path, monkeypatch, capsys):
    nothing = tmp_path / "nothing.hdf5"
    monkeypatch.setattr(sys, "argv", ["measure_background", str(weights), "--files", str(nothing)])

    with pytest.raises(SystemExit) as ended:
        measure_background.main()

    assert ended.value.code == 1
    assert "nothing.hdf5 is no strain file of GWOSC" in capsys.readouterr().err
    assert not (weights / "background.json").exists()
