"""The background of running strain: what it says, what it refuses, and that it is measured right."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.strain_resnet.background import (
    FILE,
    Background,
    BackgroundError,
    Combination,
    load,
    save,
)
from models.strain_resnet.buffer_whitening import WHITE_RATE_HZ, whiten_buffer
from models.strain_resnet.clustering import APART_S, clusters
from models.strain_resnet.pieces import white_pieces
from models.strain_resnet.running import BUFFER_S, noise_of, window_of
from models.strain_resnet.time_slides import measure

ODDS = st.floats(-10, 10)


def measured(events=(1.0, 2.0, 3.0), live_time_s=1000.0):
    return Combination(
        live_time_s=live_time_s, events=events, windows=4000, loud_windows=(0.5, 1.0, 2.0, 3.0)
    )


def background(**combinations):
    return Background(
        weights_sha256="ab" * 32, stride_s=0.25, data="simulated", combinations=combinations
    )


@given(st.lists(ODDS, min_size=1), ODDS, ODDS)
def test_a_louder_event_is_rarer_and_never_rarer_than_one_in_the_time_listened_to(events, a, b):
    combination = measured(tuple(sorted(events)))
    low, high = sorted((a, b))

    assert combination.far_hz(low) >= combination.far_hz(high) >= 1 / 1000


@given(st.lists(ODDS, min_size=5, unique=True), st.integers(1, 5))
def test_an_event_at_the_threshold_has_no_higher_rate_than_was_asked_for(events, allowed):
    combination = measured(tuple(sorted(events)))
    asked_hz = allowed / 1000

    assert combination.far_hz(combination.threshold(asked_hz)) <= asked_hz * (1 + 1e-9)


def test_a_rate_that_nobody_listened_long_enough_for_is_refused():
    with pytest.raises(BackgroundError, match="3 events in 1000 s"):
        measured().threshold(1e-4)


def test_a_background_is_read_as_it_was_written(tmp_path):
    written = background(H1L1=measured())
    save(written, tmp_path)

    assert load(tmp_path, weights_sha256="ab" * 32, stride_s=0.25) == written


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"weights_sha256": "cd" * 32, "stride_s": 0.25}, "belongs to weights abab"),
        ({"weights_sha256": "ab" * 32, "stride_s": 0.125}, "measured every 0.25 s"),
    ],
)
def test_the_background_of_something_else_is_refused(tmp_path, asked, said):
    save(background(H1=measured()), tmp_path)

    with pytest.raises(BackgroundError, match=said):
        load(tmp_path, **asked)


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"weightsSha256": "ab"})])
def test_a_damaged_background_is_refused(tmp_path, text):
    (tmp_path / FILE).write_text(text)

    with pytest.raises(BackgroundError, match="is no background"):
        load(tmp_path, weights_sha256="ab", stride_s=0.25)


def test_a_combination_that_was_not_measured_is_named():
    with pytest.raises(BackgroundError, match="no background of H1V1; there are H1L1"):
        background(H1L1=measured()).of(["V1", "H1"])


def test_the_detectors_of_a_background_are_those_that_were_measured():
    assert background(V1=measured(), H1=measured(), H1V1=measured()).detectors == ("H1", "V1")


@given(st.lists(st.integers(0, 10**11), min_size=1, unique=True).map(sorted))
def test_windows_of_one_event_are_close_and_those_of_two_are_apart(starts):
    times = np.array(starts, np.int64)
    groups = clusters(times)

    assert [k for group in groups for k in range(group.start, group.stop)] == list(
        range(len(times))
    )
    for group in groups:
        assert (np.diff(times[group]) <= APART_S * 1e9).all()
    for one, next_one in itertools.pairwise(groups):
        assert times[next_one.start] - times[one.stop - 1] > APART_S * 1e9


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(8)
    return {name: noise_of(rng, name, BUFFER_S + 29, 2048) for name in ("H1", "L1")}


def test_its_windows_are_those_of_the_daemon(noise):
    pieces = white_pieces(noise["H1"], 2048)
    white = whiten_buffer(noise["H1"][: BUFFER_S * 2048], 2048)
    last = window_of(white[:, None], BUFFER_S - 4.0)[:, 0]
    seen = []

    def remember(windows):
        seen.append(windows.copy())
        return np.full(len(windows), 0.5, np.float32)

    measure(remember, {"H1": pieces}, slides=1)

    assert np.allclose(seen[0][3, :, 0], last)  # the fourth of the first second
    assert not seen[0][..., 1:].any()


def test_every_slide_counts_as_time_listened_to(noise):
    pieces = {name: white_pieces(strain, 2048) for name, strain in noise.items()}
    rng = np.random.default_rng(1)

    found = measure(lambda windows: rng.random(len(windows), np.float32), pieces, slides=3)

    assert {name: one.live_time_s for name, one in found.items()} == {
        "H1": 30,
        "L1": 30,
        "H1L1": 90,
    }
    assert found["H1L1"].windows == 4 * 90


def test_simulated_noise_has_no_seam_and_unit_variance_when_white(noise):
    white = whiten_buffer(noise["L1"][: BUFFER_S * 2048], 2048)[
        4 * WHITE_RATE_HZ : -4 * WHITE_RATE_HZ
    ]

    assert white.std() == pytest.approx(1, abs=0.05)
