import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.core import Candidate, Event
from pipeline.report.pictures import PICTURES
from pipeline.report.pictures.drawing import CURVE_SIZE, draw_curve
from pipeline.report.pictures.picture import Picture
from tests.drawn import drawn, lightness

PIXELS = st.floats(width=32, allow_nan=True, allow_infinity=True)
WIDTH, HEIGHT = CURVE_SIZE


def only(stream, sample):
    event = Event(survey="simulated", event_id="78")
    (picture,) = PICTURES[stream](Candidate(event, np.asarray(sample, np.float32), {}))
    return picture


def curve(values, span=(0, 1), **options):
    png = draw_curve(np.asarray(values, float), span=span, **options)
    return Picture(title="curve", alt="a curve", png=png)


@given(arrays(np.float32, (200,), elements=PIXELS, fill=PIXELS))
def test_any_waveform_can_be_drawn(samples):
    assert drawn(only("xgamma", samples)).shape == (HEIGHT, WIDTH, 4)


@given(arrays(np.float32, (32, 32), elements=PIXELS, fill=PIXELS))
def test_any_one_orbit_image_can_be_drawn(sample):
    assert drawn(only("maxi", sample)).shape == (32, 32, 4)


def test_a_pulse_goes_up_in_its_picture():
    light = lightness(only("xgamma", np.repeat([0, 1], 100)))

    rows = light.argmax(axis=0)
    assert rows[: WIDTH // 2 - 1].min() > HEIGHT / 2
    assert rows[WIDTH // 2 + 2 :].max() < HEIGHT / 2


def test_what_the_waveform_does_not_cover_is_transparent():
    samples = np.arange(200.0)
    samples[:50] = np.nan

    picture = only("xgamma", samples)

    assert (drawn(picture)[0, :, 3] == np.repeat([0, 255], [WIDTH // 4, WIDTH * 3 // 4])).all()
    assert "25% missing" in picture.alt


@given(st.integers(0, 4095))
def test_no_peak_is_lost_between_the_columns(place):
    values = np.zeros(4096)
    values[place] = 1

    light = lightness(curve(values))

    assert light[: HEIGHT // 4].max() == light.max()


def test_the_zero_line_is_fainter_than_the_curve():
    light = lightness(curve(np.ones(100), span=(-1, 1), zero=0))

    middle = light[HEIGHT // 2 - 1 : HEIGHT // 2 + 2].max()
    assert 0 < light.min() < middle < light.max()


def test_the_brightest_pixel_of_an_image_is_the_lightest():
    sample = np.full((32, 32), 10.0)
    sample[3, 5] = 200

    light = lightness(only("maxi", sample))

    assert np.unravel_index(light.argmax(), light.shape) == (3, 5)


def test_a_pixel_that_is_not_there_is_transparent():
    sample = np.full((32, 32), 10.0)
    sample[3, 5] = np.nan

    alpha = drawn(only("maxi", sample))[..., 3]

    assert alpha[3, 5] == 0
    assert (alpha == 0).sum() == 1


def test_a_picture_knows_its_size():
    assert only("maxi", np.eye(32)).size == (32, 32)
