import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from small_problem import LOSS, RECIPE, build, pool

from models.training.checkpoint import CheckpointError
from models.training.fit import fit

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class KilledError(Exception):
    """Somebody killed the training."""


def batches_until(step):
    """Give the batches of the pool up to a step at which the training is killed."""

    def batches(first):
        with pool() as samples:
            for number, batch in enumerate(samples.batches(first), first):
                if number == step:
                    raise KilledError
                yield batch

    return batches


def brightness(model):
    """Give a figure that a step changes."""
    return float(np.asarray(model(np.ones((1, 8, 8, 1), np.float32)))[0, 1])


def train(folder, recipe=RECIPE, *, until=None, resume=False, validate=None):
    return fit(
        build, batches_until(until), recipe, folder, loss=LOSS, resume=resume, validate=validate
    )


def are_the_same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.weights, other.weights, strict=True))


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_training_that_was_killed_goes_on_bit_for_bit(tmp_path, precision, optimizer):
    recipe = replace(
        RECIPE,
        precision=precision,
        optimizer=optimizer,
        momentum=0.9,
        weight_decay=1e-2,
        validate_every=8,
        clip=1.0,
    )
    whole = train(tmp_path / "whole", recipe, validate=brightness)
    with pytest.raises(KilledError):
        train(tmp_path / "killed", recipe, until=25, validate=brightness)

    resumed = train(tmp_path / "killed", recipe, resume=True, validate=brightness)

    assert are_the_same(resumed, whole)
    assert resumed.history == whole.history
    assert resumed.best == whole.best


def test_a_training_depends_on_its_seed(tmp_path):
    one = train(tmp_path / "one")

    assert are_the_same(train(tmp_path / "same"), one)
    assert not are_the_same(train(tmp_path / "other", replace(RECIPE, seed=6)), one)


def test_the_loss_falls_and_the_history_says_so(tmp_path):
    fitted = train(tmp_path)
    losses = [point["loss"] for point in fitted.history]

    assert [point["step"] for point in fitted.history] == [7, 14, 21, 28, 35, 40]
    assert losses[-1] < 0.8 * losses[0]
    assert json.loads((tmp_path / "history.json").read_text()) == fitted.history


def test_the_best_weights_of_the_validation_are_kept(tmp_path):
    figures = iter([0.3, 0.1, 0.2, 0.4])
    seen = []

    def validate(model):
        seen.append(model.get_weights())
        return next(figures)

    fitted = train(tmp_path, replace(RECIPE, validate_every=10), validate=validate)

    assert fitted.best == 0.1
    assert all(np.array_equal(a, b) for a, b in zip(fitted.weights, seen[1], strict=True))


def test_the_highest_figure_is_the_best_where_the_recipe_says_so(tmp_path):
    figures = iter([0.3, 0.1, 0.4, 0.2])
    recipe = replace(RECIPE, validate_every=10, best="highest")

    assert train(tmp_path, recipe, validate=lambda _: next(figures)).best == 0.4


def test_a_finished_run_gives_what_it_gave_without_a_step(tmp_path):
    whole = train(tmp_path)

    again = train(tmp_path, until=0, resume=True)

    assert are_the_same(again, whole)


def test_a_run_is_not_overwritten_by_accident(tmp_path):
    train(tmp_path, replace(RECIPE, steps=2))

    with pytest.raises(FileExistsError, match="holds a run: resume it"):
        train(tmp_path, replace(RECIPE, steps=2))


def test_another_recipe_cannot_go_on_and_the_difference_is_named(tmp_path):
    train(tmp_path, replace(RECIPE, steps=2))

    with pytest.raises(CheckpointError, match=r"made with rate = 0\.003, not 0\.1"):
        train(tmp_path, replace(RECIPE, steps=2, rate=0.1), resume=True)


def test_another_network_cannot_go_on(tmp_path):
    train(tmp_path, replace(RECIPE, steps=2))

    def wider():
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])

    with pytest.raises(CheckpointError, match="is of another network"):
        fit(wider, pool().batches, replace(RECIPE, steps=2), tmp_path, loss=LOSS, resume=True)


def test_a_checkpoint_that_is_cut_off_is_refused_with_its_name(tmp_path):
    train(tmp_path, replace(RECIPE, steps=2))
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is no whole checkpoint"):
        train(tmp_path, replace(RECIPE, steps=2), resume=True)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path):
    def batches(first):
        while True:
            yield np.full((16, 8, 8, 1), np.nan, np.float32), np.zeros(16, np.int8)

    with pytest.raises(FloatingPointError, match="the loss is nan before step 7"):
        fit(build, batches, RECIPE, tmp_path, loss=LOSS)


def test_the_policy_of_the_process_is_left_as_it_was(tmp_path):
    train(tmp_path, replace(RECIPE, steps=2, precision="mixed_bfloat16"))

    assert keras.config.dtype_policy().name == "float32"


def test_progress_is_kept_in_the_folder(tmp_path):
    train(tmp_path)

    lines = (tmp_path / "progress.log").read_text().splitlines()

    assert lines[0].startswith("training step 7/40 loss 0.")
    assert lines[-1].startswith("training step 40/40")
