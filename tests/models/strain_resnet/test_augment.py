import numpy as np
import pytest

from models.strain_resnet.augment import ABSENCES, Augmentation, draw_presence


@pytest.fixture
def batch():
    """Inputs whose values say their row, sample and detector, and their labels."""
    rows, samples, detectors = np.meshgrid(
        np.arange(1, 65), np.arange(32), [1, 2, 4], indexing="ij"
    )
    return (rows * 1000 + samples * 10 + detectors).astype(np.float32), np.arange(64) % 2


def kept(before, after):
    """Rows of which no detector was left out."""
    return np.abs(after).all(axis=(1, 2))


def test_the_shares_of_the_subsets_are_all_there_is():
    assert sum(ABSENCES.values()) == pytest.approx(1)
    assert len(ABSENCES) == 7


def test_subsets_come_as_often_as_stated():
    there = draw_presence(np.random.default_rng(1), 20_000)

    for subset, share in ABSENCES.items():
        assert (there == subset).all(axis=1).mean() == pytest.approx(share, abs=0.01)


def test_an_absent_detector_is_zeros_throughout(batch):
    inputs, labels = Augmentation()(np.random.default_rng(2), batch[0].copy(), batch[1])

    silent = (inputs == 0).any(axis=1)

    assert silent.any()
    assert not np.where(silent[:, None], inputs, 0).any()
    assert np.array_equal(labels, batch[1])


def test_without_shift_and_swap_nothing_but_the_sign_changes(batch):
    still = Augmentation(shift=0, swap=0.0)

    inputs, _ = still(np.random.default_rng(2), batch[0].copy(), batch[1])

    whole = kept(*batch[:1], inputs)

    assert np.array_equal(np.abs(inputs[whole]), batch[0][whole])
    assert {-1, 1} == set(np.sign(inputs[whole, 0, 0]))


def test_a_shift_is_circular_and_of_all_detectors_together(batch):
    shift = Augmentation(shift=5, swap=0.0)

    changed, _ = shift(np.random.default_rng(2), batch[0].copy(), batch[1])

    row = int(np.flatnonzero(kept(*batch[:1], changed))[0])
    size = np.abs(changed[row])
    by = int(np.argmin(size[:, 0]))

    assert min(by, 32 - by) <= 5
    assert np.array_equal(size, np.roll(batch[0][row], by, axis=0))


def test_a_swap_exchanges_the_two_of_ligo(batch):
    swap = Augmentation(shift=0, swap=1.0)

    changed, _ = swap(np.random.default_rng(2), batch[0].copy(), batch[1])

    whole = kept(*batch[:1], changed)

    assert np.array_equal(np.abs(changed[whole]), batch[0][whole][..., [1, 0, 2]])


def test_images_have_no_sign(batch):
    images = np.repeat(batch[0][:, :, None], 4, axis=2)

    changed, _ = Augmentation(shift=5)(np.random.default_rng(2), images.copy(), batch[1])

    assert (changed >= 0).all()


def test_it_follows_from_the_generator(batch):
    first, again = (
        Augmentation(shift=5, swap=0.5)(np.random.default_rng(3), batch[0].copy(), batch[1])[0]
        for _ in range(2)
    )

    assert np.array_equal(first, again)
