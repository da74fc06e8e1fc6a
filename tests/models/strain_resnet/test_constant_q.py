import numpy as np
import pytest

from models.strain_resnet.constant_q import BINS, FRAMES, HOP, centres_hz, images

RATE_HZ = 2048
TIMES_S = np.arange(4096) / RATE_HZ


def image_of(wave):
    """The image of one series in the first detector."""
    white = np.zeros((1, 3, 4096), np.float32)
    white[0, 0] = wave
    return images(white)[0, :, :, 0]


@pytest.fixture(scope="module")
def of_noise():
    return images(np.random.default_rng(6).standard_normal((48, 3, 4096), dtype=np.float32))


def test_the_grid_is_that_of_the_seed(of_noise):
    assert of_noise.shape == (48, 69, 129, 3)
    assert centres_hz()[[0, 12, 68]] == pytest.approx([20, 40, 1015.9], abs=0.1)


@pytest.mark.parametrize("pitch", [6, 30, 50, 66])
def test_a_sinusoid_is_a_line_at_its_pitch(pitch):
    image = image_of(10 * np.sin(2 * np.pi * centres_hz()[pitch] * TIMES_S))

    assert (image[:, 20:109].argmax(axis=0) == pitch).all()


@pytest.mark.parametrize("frame", [32, 64, 96])
def test_a_click_is_a_line_at_its_time(frame):
    click = np.zeros(4096)
    click[frame * HOP] = 100

    loudest = image_of(click)[20:].argmax(axis=1)

    assert (loudest == frame).all()


def test_a_chirp_is_a_rising_curve():
    hertz = 30 * 8 ** (TIMES_S / 2)  # three octaves in two seconds
    chirp = 10 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE_HZ)
    frames = np.arange(24, 112, 8)

    pitch = image_of(chirp)[:, frames].argmax(axis=0)
    expected = 12 * np.log2(hertz[frames * HOP] / 20)

    assert np.abs(pitch - expected).max() <= 1


def test_white_noise_has_mean_zero_and_variance_one(of_noise):
    """Of the band; white noise up to 1024 Hz has a little less density than whitened strain."""
    middle = of_noise[2:, 34:96]

    assert middle.mean() == pytest.approx(0, abs=0.05)
    assert middle.std() == pytest.approx(1, abs=0.03)


def test_every_pitch_of_white_noise_is_as_loud(of_noise):
    by_pitch = of_noise[:, 6:, 34:96].mean(axis=(0, 2, 3))

    assert np.abs(by_pitch).max() < 0.2


def test_a_detector_of_zeros_stays_zero():
    white = np.random.default_rng(6).standard_normal((2, 3, 4096), dtype=np.float32)
    white[0, 2] = 0

    made = images(white)

    assert not made[0, ..., 2].any()
    assert made[1, ..., 2].any()


def test_the_end_does_not_run_into_the_start():
    late = np.where(TIMES_S > 1.9, 50 * np.sin(2 * np.pi * 100 * TIMES_S), 0)

    image = image_of(late)

    assert image[:, :60].max() < -1.5  # silence: less than any noise


def test_a_row_does_not_depend_on_its_neighbours(of_noise):
    white = np.random.default_rng(6).standard_normal((48, 3, 4096), dtype=np.float32)

    assert np.array_equal(images(white[5:6])[0], of_noise[5])


def test_it_has_a_frame_at_either_end():
    assert (BINS, FRAMES) == (69, 129)
    assert (FRAMES - 1) * HOP == 4096
