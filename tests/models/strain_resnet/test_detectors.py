import numpy as np
import pytest

from models.strain_resnet.detectors import DETECTOR_SITES, antenna, arrival_s, light_travel_s


def place(direction):
    """Longitude and latitude that a vector points to."""
    x, y, z = direction / np.linalg.norm(direction)
    return np.array([np.arctan2(y, x)]), np.array([np.arcsin(z)])


@pytest.fixture
def skies():
    """Longitude, latitude and polarisation of 200 sources, isotropic."""
    rng = np.random.default_rng(2)
    return (
        rng.uniform(0, 2 * np.pi, 200),
        np.arcsin(rng.uniform(-1, 1, 200)),
        rng.uniform(0, np.pi, 200),
    )


@pytest.mark.parametrize("site", DETECTOR_SITES, ids=lambda site: site.name)
def test_the_arms_are_unit_vectors_at_right_angles(site):
    x, y = np.array(site.x_arm), np.array(site.y_arm)

    assert np.linalg.norm(x) == pytest.approx(1, abs=1e-8)
    assert np.linalg.norm(y) == pytest.approx(1, abs=1e-8)
    assert x @ y == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_detector_hears_a_source_overhead_in_full(number):
    site = DETECTOR_SITES[number]
    longitude, latitude = place(np.cross(site.x_arm, site.y_arm))

    plus, cross = antenna(longitude, latitude, np.array([0.4]))

    assert plus[0, number] ** 2 + cross[0, number] ** 2 == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_detector_is_deaf_between_its_arms(number):
    site = DETECTOR_SITES[number]
    longitude, latitude = place(np.add(site.x_arm, site.y_arm))

    plus, cross = antenna(longitude, latitude, np.array([0.4]))

    assert np.hypot(plus[0, number], cross[0, number]) < 1e-3


def test_an_eighth_of_a_turn_makes_plus_of_cross(skies):
    longitude, latitude, polarisation = skies
    cross = antenna(longitude, latitude, polarisation)[1]

    turned = antenna(longitude, latitude, polarisation + np.pi / 4)[0]

    assert np.allclose(turned, cross) or np.allclose(turned, -cross)


def test_the_mean_over_the_sky_is_a_fifth():
    rng = np.random.default_rng(3)
    n = 20_000
    plus, cross = antenna(
        rng.uniform(0, 2 * np.pi, n), np.arcsin(rng.uniform(-1, 1, n)), rng.uniform(0, np.pi, n)
    )

    assert np.allclose((plus**2).mean(axis=0), 1 / 5, atol=0.01)
    assert np.allclose((cross**2).mean(axis=0), 1 / 5, atol=0.01)


@pytest.mark.parametrize(
    ("pair", "milliseconds"), [(("H1", "L1"), 10.01), (("H1", "V1"), 27.29), (("L1", "V1"), 26.45)]
)
def test_light_takes_the_published_times(pair, milliseconds):
    assert 1000 * light_travel_s(*pair) == pytest.approx(milliseconds, abs=0.01)


def test_no_signal_is_further_apart_than_light_travels(skies):
    arrivals = arrival_s(skies[0], skies[1])

    apart = np.abs(arrivals[:, 0] - arrivals[:, 1])

    assert 0.9 * light_travel_s("H1", "L1") < apart.max() <= light_travel_s("H1", "L1")


def test_a_source_overhead_is_heard_before_the_centre_of_the_earth_would():
    longitude, latitude = place(np.array(DETECTOR_SITES[0].vertex_m))

    assert arrival_s(longitude, latitude)[0, 0] == pytest.approx(-0.02125, abs=1e-4)


def test_the_patterns_are_those_of_lal(skies):
    lal = pytest.importorskip("lal", reason="lalsuite is not installed")
    longitude, latitude, polarisation = skies
    plus, cross = antenna(*skies)

    expected = np.array(
        [
            [
                lal.ComputeDetAMResponse(lal.cached_detector_by_prefix[name].response, *sky, 0.0)
                for name in ("H1", "L1", "V1")
            ]
            for sky in zip(longitude, latitude, polarisation, strict=True)
        ]
    )

    assert np.allclose(np.stack([plus, cross], axis=-1), expected, atol=1e-6)


def test_the_arrivals_are_those_of_lal(skies):
    lal = pytest.importorskip("lal", reason="lalsuite is not installed")
    vertices = np.array([site.vertex_m for site in DETECTOR_SITES])

    expected = [lal.cached_detector_by_prefix[site.name].location for site in DETECTOR_SITES]

    assert np.allclose(vertices, expected, atol=0.01)
