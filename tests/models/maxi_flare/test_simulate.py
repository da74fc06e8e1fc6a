from dataclasses import fields
from itertools import islice

import numpy as np
import pytest

from models.maxi_flare.folder import read_picture
from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import preprocess
from models.maxi_flare.render import FIELD, Events, draw_pictures, kernel
from models.maxi_flare.simulate import KINDS, RINGS, Law, blocks, simulate
from models.maxi_flare.sky import COUNTS_PER_MCRAB, draw_exposures, point_source

REAL_SHARES = {5: 1, 10: 9, 15: 18, 20: 23}
"""Events of the one real image within so many pixels of its centre, of 74."""


@pytest.fixture(scope="module")
def plain(images):
    return images.kinds == "plain"


@pytest.fixture(scope="module")
def like_x_per():
    """Images of a source at the usual level of X Per."""
    return simulate(np.random.default_rng(5), 4000, Law(flares=1.0, flux_mcrab=(34.9, 35.1)))


def test_the_same_seed_gives_the_same_images():
    first, again = (simulate(np.random.default_rng(4), 100) for _ in range(2))

    assert all(
        np.array_equal(getattr(first, f.name), getattr(again, f.name)) for f in fields(first)
    )


def test_the_splits_share_no_image():
    splits = [next(blocks(5, s, 64)).pictures for s in ("train", "validation", "test", "folds")]

    assert len({picture.tobytes() for pictures in splits for picture in pictures}) == 4 * 64


def test_a_block_is_the_same_on_its_own_and_in_a_row():
    third = list(islice(blocks(5, "test", 64), 3))[2]

    alone = simulate(np.random.default_rng([5, 2, 2]), 64)

    assert np.array_equal(third.pictures, alone.pictures)


def test_half_of_the_images_have_a_flare(images):
    assert images.labels.mean() == pytest.approx(0.5, abs=0.03)


def test_only_flares_have_photons_of_a_source(images):
    assert np.array_equal(images.flux_mcrab > 0, images.labels == 1)
    assert not images.counts[images.labels == 0].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", [0, 1])
def test_both_classes_have_the_same_disturbances(images, kind, label):
    share = (images.kinds[images.labels == label] == kind).mean()

    assert share == pytest.approx(KINDS[kind], abs=0.03)


def test_the_shares_of_the_disturbances_are_all_there_is():
    assert sum(KINDS.values()) == pytest.approx(1)


def test_a_typical_transit_has_the_background_of_the_real_image(images, plain):
    """74 events, 16 of them the source's: 0.0052 a pixel."""
    empty = plain & (images.labels == 0)

    density = images.events[empty] / FIELD**2

    assert np.median(density) == pytest.approx(0.0050, rel=0.12)
    assert np.quantile(density, 0.05) < 0.0052 < np.quantile(density, 0.95)


def test_x_per_gives_the_counts_of_the_real_image(like_x_per):
    """12 are expected in a typical transit; 11 to 16 were seen."""
    assert like_x_per.counts.mean() == pytest.approx(12, rel=0.05)
    assert np.quantile(like_x_per.counts, 0.05) < 11
    assert np.quantile(like_x_per.counts, 0.95) > 16


@pytest.mark.parametrize("radius", REAL_SHARES)
def test_the_real_image_is_as_concentrated_as_the_simulated_ones(like_x_per, radius):
    within = like_x_per.rings[:, : radius // 2].sum(axis=1)
    if radius % 2:  # rings are two pixels wide
        within = (within + like_x_per.rings[:, : radius // 2 + 1].sum(axis=1)) / 2
    low, high = np.quantile(within, [0.02, 0.98])

    assert low <= REAL_SHARES[radius] <= high


def test_a_source_is_spread_as_x_per_is():
    """8.2 pixels, which is 1.5 deg FWHM along the scan and across it."""
    exposure = draw_exposures(np.random.default_rng(1), np.full(20, "plain"))
    events = point_source(np.random.default_rng(2), exposure, np.full(20, 5e3), (np.zeros(20),) * 2)

    assert np.std(events.y) == pytest.approx(8.2, rel=0.03)
    assert np.std(events.x) == pytest.approx(8.2, rel=0.03)


def test_counts_follow_flux_and_exposure(images, plain):
    rows = plain & (images.labels == 1)
    expected = COUNTS_PER_MCRAB * (images.flux_mcrab * images.depth)[rows]

    pulls = (images.counts[rows] - expected) / np.sqrt(expected)

    assert pulls.mean() == pytest.approx(0, abs=0.1)
    assert pulls.std() == pytest.approx(1, abs=0.08)


def test_a_source_is_where_the_truth_says(images, plain):
    rows = np.flatnonzero(plain & (images.counts > 150))
    pixels = np.arange(FIELD) - (FIELD - 1) / 2
    light = images.pictures[rows].astype(float) ** 2
    y = (light.sum(axis=2) @ pixels) / light.sum(axis=(1, 2))

    assert np.corrcoef(y, images.y[rows])[0, 1] > 0.8
    assert np.hypot(images.y, images.x).max() <= 0.3 / 0.078 + 1e-3


def test_the_rings_hold_the_events_within_52_pixels(images):
    inside = images.rings.sum(axis=1)

    assert RINGS[-1] == 52
    assert (inside <= images.events).all()
    assert np.median(inside / images.events) == pytest.approx(np.pi * 52**2 / FIELD**2, rel=0.2)


def test_every_picture_is_scaled_to_its_own_maximum(images):
    assert (images.pictures.max(axis=(1, 2)) == 255).all()


def test_one_event_is_a_blob_of_that_shape():
    event = Events(np.array([0]), np.array([-42.5]), np.array([-40.5]))  # row 10, column 12

    picture = draw_pictures(event, 1)[0]

    assert np.array_equal(picture[5:16, 7:18], np.rint(255 * kernel()))
    assert picture.sum() == np.rint(255 * kernel()).sum()


def test_an_event_at_the_border_loses_what_is_outside():
    event = Events(np.array([0]), np.array([-52.5]), np.array([52.5]))

    picture = draw_pictures(event, 1)[0]

    assert np.array_equal(picture[:6, -6:], np.rint(255 * kernel()[5:, :6]))


def test_an_image_without_events_is_black():
    nothing = Events(*(np.zeros(0, dtype) for dtype in (int, float, float)))

    assert not draw_pictures(nothing, 2).any()


def test_events_outside_the_field_are_not_in_the_picture():
    events = Events(np.zeros(3, int), np.array([0.2, 53.2, -60.0]), np.zeros(3))

    assert events.inside().y.tolist() == [0.5]


def share_kept(kind, distance):
    """Share of the events that are seen at a distance along the edge's direction."""
    rng = np.random.default_rng(3)
    exposure = draw_exposures(rng, np.full(2000, kind))
    along, angle = distance(exposure), exposure.edge_angle
    events = Events(np.arange(2000), along * np.sin(angle), along * np.cos(angle))
    return len(exposure.dim(rng, events).image) / 2000


@pytest.mark.parametrize("kind", ["panel shadow", "partial exposure"])
def test_the_target_itself_is_always_exposed(kind):
    assert share_kept(kind, lambda exposure: np.zeros(len(exposure))) == 1


def test_little_light_is_left_in_a_panel_shadow():
    assert share_kept("panel shadow", lambda exposure: exposure.shadow) < 0.35


def test_little_light_is_left_beyond_the_edge_of_an_exposure():
    """None in half of the exposures, a quarter on average in the others."""
    kept = share_kept("partial exposure", lambda exposure: exposure.edge + 15)

    assert kept == pytest.approx(0.125, abs=0.03)


def test_the_sun_adds_light_at_one_side(images):
    rows = (images.kinds == "Sun leak") & (images.labels == 0)
    halves = images.pictures[rows].reshape(-1, 2, 53, 2, 53).sum(axis=(2, 4))
    uneven = halves.max(axis=(1, 2)) / halves.mean(axis=(1, 2))

    plain = (images.kinds == "plain") & (images.labels == 0)
    usual = images.pictures[plain].reshape(-1, 2, 53, 2, 53).sum(axis=(2, 4))

    assert np.median(uneven) > 1.15 * np.median(usual.max(axis=(1, 2)) / usual.mean(axis=(1, 2)))


def test_preprocessing_rejects_no_simulated_image(images):
    made = preprocess(np.stack([shrink(picture) for picture in images.pictures]))

    assert not made.rejected
    assert not any(values.any() for values in made.quality.values())


def test_the_real_image_is_made_of_such_blobs(real_picture):
    """Its isolated event at row 10, column 12 has the shape of ours, to the noise of its JPEG."""
    picture = read_picture(real_picture)
    found = picture[5:16, 7:18]

    assert np.abs(found - picture[10, 12] * kernel()).max() <= 2
