import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.strain_resnet.preprocess import SAMPLE_SHAPE, SERIES_SHAPE, preprocess
from models.strain_resnet.simulate import simulate
from pipeline.core import Candidate, Event
from pipeline.report.pictures import PICTURES
from tests.drawn import drawn, lightness

VALUES = st.floats(width=32, allow_nan=True, allow_infinity=True)
TRACE, MAP = 0, 1
"""In the order in which the pictures of a detector come."""


@pytest.fixture(scope="module")
def loud():
    """A segment with a merger that one can see, and when it merges [s]."""
    made = simulate(np.random.default_rng(3), 1, share=1.0, loudness=8.0)
    return made.samples[0], float(made.merger_s[0])


def pictures(sample):
    event = Event(survey="simulated strain", event_id="s1")
    return PICTURES["strain"](Candidate(event=event, sample=sample.astype(np.float32), quality={}))


@pytest.mark.parametrize("shape", [SAMPLE_SHAPE, SERIES_SHAPE], ids=["segment", "window"])
@given(data=st.data())
def test_any_strain_can_be_drawn(shape, data):
    row = data.draw(arrays(np.float32, (8,), elements=VALUES))

    made = pictures(np.resize(row, shape))

    assert all(drawn(picture).shape[2] == 4 for picture in made)
    assert len(made) % 2 == 0


def test_a_merger_is_the_lightest_where_it_is(loud):
    sample, merger_s = loud

    light = lightness(pictures(sample)[2 + MAP])  # L1

    _, column = np.unravel_index(light.argmax(), light.shape)
    assert column / 64 == pytest.approx(merger_s, abs=0.15)


def test_a_merger_rises_in_pitch(loud):
    sample, merger_s = loud

    light = lightness(pictures(sample)[2 + MAP]).astype(float)

    at = round(64 * merger_s)
    before, after = (light[:, at - 20 : at - 12], light[:, at - 4 : at + 1])
    assert after.max(axis=1).argmax() < before.max(axis=1).argmax()  # the first row is the highest


def test_a_window_that_is_white_already_is_drawn_as_its_segment_is(loud):
    sample, _ = loud
    white = preprocess(sample[np.newaxis]).inputs[0]

    assert [one.png for one in pictures(white)] == [one.png for one in pictures(sample)]


def test_detectors_that_are_there_are_shown_and_no_others(loud):
    sample = loud[0].copy()
    sample[1] = 0

    titles = [picture.title[:2] for picture in pictures(sample)]

    assert titles == ["H1", "H1", "V1", "V1"]


def test_without_any_detector_there_is_no_picture():
    assert not pictures(np.zeros(SAMPLE_SHAPE))


def test_noise_has_a_dark_map():
    noise = simulate(np.random.default_rng(5), 1, share=0.0).samples[0]

    light = lightness(pictures(noise)[MAP])

    assert np.median(light) < 0.4 * 3 * 255


def test_the_text_says_how_strong_and_when(loud):
    sample, _ = loud

    trace, image = pictures(sample)[:2]

    assert trace.alt.startswith("whitened strain of H1 in s1: at most ")
    assert " standard deviations above the noise" in image.alt
