import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models import NETWORKS
from models.deep_hits.preprocess import CHANNELS
from pipeline.core import Candidate, Event
from pipeline.report.pictures import PICTURES
from pipeline.streams import STREAMS
from tests.drawn import drawn, lightness

PIXELS = st.floats(width=32, allow_nan=True, allow_infinity=True)
SAMPLES = arrays(np.float32, (4, 21, 21), elements=PIXELS, fill=PIXELS)
CLEAN = np.random.default_rng(1).normal(100, 10, (4, 21, 21)).astype(np.float32)


def pictures(sample):
    event = Event(survey="hits", event_id="77")
    return PICTURES["hits"](Candidate(event=event, sample=sample, quality={}))


def test_every_stream_has_pictures():
    assert PICTURES.keys() == STREAMS.keys()


@pytest.mark.parametrize("stream", STREAMS)
def test_each_picture_has_a_title_and_says_of_which_event_it_is(stream):
    shape = NETWORKS[STREAMS[stream].network].sample_shape
    sample = np.random.default_rng(1).normal(0, 1e-21 if stream == "strain" else 1, shape)
    event = Event(survey="simulated", event_id="event-5")

    made = PICTURES[stream](Candidate(event, sample.astype(np.float32), {}))

    assert made
    assert all(picture.title and "event-5: " in picture.alt for picture in made)


@given(SAMPLES)
def test_any_pixels_can_be_drawn(sample):
    assert [drawn(picture).shape for picture in pictures(sample)] == [(21, 21, 4)] * 4


def test_pictures_are_in_the_order_of_the_channels():
    assert tuple(picture.title for picture in pictures(CLEAN)) == CHANNELS


def test_pixels_that_are_not_there_are_transparent():
    sample = CLEAN.copy()
    sample[1, :3] = np.nan
    sample[1, 5, 5] = 3.4e38  # ZTF's mark for "no data"

    alpha = drawn(pictures(sample)[1])[..., 3]

    missing = np.zeros((21, 21), bool)
    missing[:3] = missing[5, 5] = True
    assert (alpha == np.where(missing, 0, 255)).all()


def test_the_brightest_pixel_of_an_image_is_the_lightest():
    sample = CLEAN.copy()
    sample[1, 10, 10] = 1000

    light = lightness(pictures(sample)[1])

    assert light[10, 10] == light.max() > np.delete(light.ravel(), 220).max()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_difference_stands_out_with_either_sign(sign):
    sample = CLEAN - 100
    sample[2, 10, 10] = sign * 1000

    light = lightness(pictures(sample)[2])

    assert light[10, 10] > np.delete(light.ravel(), 220).max()


def test_a_fading_and_a_brightening_source_differ_in_colour():
    sample = CLEAN - 100
    sample[2, 10, 10], sample[2, 10, 15] = 1000, -1000

    colours = drawn(pictures(sample)[2])

    red, blue = 0, 2
    assert colours[10, 10, red] > colours[10, 10, blue]
    assert colours[10, 15, blue] > colours[10, 15, red]


def test_the_ratio_that_a_packet_lacks_is_the_one_the_network_sees():
    sample = CLEAN.copy()
    sample[3] = np.nan

    assert drawn(pictures(sample)[3])[..., 3].min() == 255


def test_the_text_for_those_who_do_not_see_says_what_is_missing():
    sample = CLEAN.copy()
    sample[0] = np.nan

    assert next(picture.alt for picture in pictures(sample)) == "template of 77: no data"
