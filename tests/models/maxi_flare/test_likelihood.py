import numpy as np
import pytest

from models.maxi_flare.likelihood import (
    count_rings,
    log_likelihood,
    log_odds,
    source_shares,
)
from models.maxi_flare.simulate import RINGS, Law, simulate

COUNTS = np.geomspace(0.05, 2000, 160)
"""Expected counts to choose from."""


def undisturbed(images):
    """Return the right and wrong answers of the likelihood ratio, and its log odds."""
    rows = images.kinds == "plain"
    return images.rings[rows], images.labels[rows] == 1


def test_the_best_score_of_ring_counts_errs_on_12_images_in_a_thousand(images):
    rings, flare = undisturbed(images)

    right = (log_odds(rings) > 0) == flare

    assert right.mean() == pytest.approx(0.988, abs=0.008)  # the model card's; four sigma


def test_fainter_flares_are_hidden_by_poisson_noise():
    """At half to twice the flux of X Per ring counts are right in less than 95 % of the images."""
    law = Law(flux_mcrab=(17.0, 70.0))
    rings, flare = undisturbed(simulate(np.random.default_rng(3), 3000, law))

    right = (log_odds(rings, law) > 0) == flare

    assert right.mean() == pytest.approx(0.919, abs=0.024)  # the same


def test_log_odds_are_odds(images):
    """Of the images with odds of about three to one, three in four have a flare."""
    rings, flare = undisturbed(images)
    odds = log_odds(rings)
    near = (odds > np.log(1)) & (odds < np.log(9))

    assert flare[near].mean() == pytest.approx(0.72, abs=0.17)


def test_the_likeliest_counts_are_those_of_the_source(images):
    rows = (images.kinds == "plain") & (images.counts > 40)
    best = COUNTS[np.argmax(log_likelihood(images.rings[rows], COUNTS), axis=1)]

    ratio = best / images.counts[rows]

    assert np.median(ratio) == pytest.approx(1, abs=0.05)


def test_all_but_a_thousandth_of_a_source_is_in_the_rings():
    assert source_shares().sum() > 0.999


def test_events_are_counted_by_their_distance_from_the_centre():
    counted = count_rings(np.array([52, 53, 52, 0]), np.array([52, 53, 80, 0]))

    assert counted.sum() == 3  # the corner is beyond the last ring
    assert counted[0] == 2
    assert counted[13] == 1
    assert RINGS[13] <= 27.5 < RINGS[14]
