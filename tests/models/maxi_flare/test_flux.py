import numpy as np
import pytest

from models.maxi_flare.events import CrowdedError, find_events
from models.maxi_flare.flux import estimate_flux
from models.maxi_flare.folder import read_picture
from models.maxi_flare.likelihood import count_rings
from models.maxi_flare.render import FIELD, Events, draw_pictures
from models.maxi_flare.simulate import Law, simulate


def test_the_events_of_a_picture_are_found_again():
    rng = np.random.default_rng(1)
    places = rng.choice(FIELD**2, 70, replace=False)
    y, x = np.sort(places) // FIELD, np.sort(places) % FIELD
    centre = (FIELD - 1) / 2
    picture = draw_pictures(Events(np.zeros(70, np.intp), y - centre, x - centre), 1)[0]

    found = find_events(picture)

    assert np.array_equal(found, (y, x))


def test_the_real_image_has_74_events_of_which_18_are_within_15_pixels(real_picture):
    y, x = find_events(read_picture(real_picture))

    distance = np.hypot(y - 52.5, x - 52.5)

    assert len(y) == 74
    assert [int((distance < radius).sum()) for radius in (5, 10, 15, 20)] == [1, 9, 18, 23]


def test_a_picture_that_is_no_sum_of_blobs_has_no_answer():
    noise = np.random.default_rng(1).integers(0, 256, (FIELD, FIELD), np.uint8)

    with pytest.raises(CrowdedError, match="differs by"):
        find_events(noise)


def test_a_black_picture_has_no_answer():
    with pytest.raises(CrowdedError, match="black"):
        find_events(np.zeros((FIELD, FIELD), np.uint8))


@pytest.mark.parametrize("known", [True, False])
def test_nine_of_ten_intervals_hold_the_true_flux(known):
    images = simulate(np.random.default_rng(8), 400, Law(flares=1.0))
    rows = np.flatnonzero(images.kinds == "plain")[:150]
    depths = images.depth[rows] if known else [None] * len(rows)

    found = [
        estimate_flux(rings, depth if depth is None else float(depth))
        for rings, depth in zip(images.rings[rows], depths, strict=True)
    ]

    truth = images.flux_mcrab[rows]
    held = [f.low90_mcrab <= t <= f.high90_mcrab for f, t in zip(found, truth, strict=True)]
    assert np.mean(held) == pytest.approx(0.9, abs=0.07)


def test_a_flux_of_8_crab_is_found_within_its_poisson_noise():
    """As Swift J1727.8-1613 had; twenty times what the network is trained on at most."""
    images = simulate(np.random.default_rng(3), 40, Law(flares=1.0, flux_mcrab=(8000.0, 8001.0)))
    row = int(np.flatnonzero(images.kinds == "plain")[0])

    flux = estimate_flux(images.rings[row], float(images.depth[row]))

    assert flux.low90_mcrab == pytest.approx(8000, rel=0.1)
    assert flux.high90_mcrab == pytest.approx(8000, rel=0.1)
    assert flux.low90_mcrab < flux.median_mcrab < flux.high90_mcrab


def test_an_empty_field_gives_an_upper_limit():
    images = simulate(np.random.default_rng(8), 40, Law(flares=0.0))
    flux = estimate_flux(images.rings[np.flatnonzero(images.kinds == "plain")[0]])

    assert flux.low90_mcrab < 10
    assert flux.high90_mcrab < 100


def test_a_known_exposure_narrows_the_interval():
    images = simulate(np.random.default_rng(8), 1, Law(flares=1.0, flux_mcrab=(300.0, 301.0)))

    unknown = estimate_flux(images.rings[0])
    known = estimate_flux(images.rings[0], float(images.depth[0]))

    width = known.high90_mcrab - known.low90_mcrab
    assert width < (unknown.high90_mcrab - unknown.low90_mcrab) / 2


def test_the_real_image_has_the_flux_of_x_per(real_picture):
    """20 to 60 mCrab, typically 30 to 40."""
    flux = estimate_flux(count_rings(*find_events(read_picture(real_picture))))

    assert flux.low90_mcrab < 40 < flux.high90_mcrab
