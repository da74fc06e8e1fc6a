"""The loop that trains: a step, now and then a checkpoint, in the end the best weights.

A run is a folder. Killed at any moment and started again with ``resume`` it ends with the same
weights, bit for bit on one device: the checkpoint holds the weights, the state of the optimizer
and of dropout, the best weights so far and the learning curve, and the batches depend on the
number of the step alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy import ndarray

from models.training.devices import choose_strategy, host_share
from models.training.pool import Block
from models.training.progress import Show, show_progress
from models.training.recipe import Recipe, rate_at
from models.training.run import CHECKPOINT, Run

__all__ = ["Fitted", "fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What came out of a run."""

    weights: list[ndarray]
    """For ``set_weights`` of the same layers: the best of the validation, or the last."""

    history: list[dict[str, Any]]
    """The learning curve: ``step`` with ``loss`` and ``rate``, or with ``validation``."""

    best: float | None
    """The best figure of the validation."""


def fit(
    build: Callable[[], keras.Model],
    batches: Callable[[int], Iterator[Block]],
    recipe: Recipe,
    folder: Path,
    *,
    loss: Any,
    resume: bool = False,
    validate: Callable[[keras.Model], float] | None = None,
    title: str = "training",
    strategy: tf.distribute.Strategy | None = None,
) -> Fitted:
    """Train a network.

    Parameters
    ----------
    build
        Returns the untrained layers, or layers to go on from.
    batches
        From the number of a step to the batches from there on, as `models.training.pool.Pool` has.
    folder
        Of this run: checkpoint, learning curve and progress.
    loss
        What Keras knows under a name, or ``(labels, outputs)`` to a loss per sample or its mean.
    resume
        Go on where a run in this folder stopped, if there is one. A run that was finished gives
        what it gave.
    validate
        Every ``validate_every`` steps, and after the last one: the figure of the network.
    strategy
        The devices; all GPUs of all hosts if left out.

    Raises
    ------
    FileExistsError
        If there is a run in this folder and ``resume`` was not asked for.
    CheckpointError
        If the run in this folder is of another recipe or network, or its file is not whole.
    FloatingPointError
        If the loss is no number any more.
    """
    if (folder / CHECKPOINT).exists() and not resume:
        raise FileExistsError(f"{folder} holds a run: resume it, or choose another folder")
    strategy = strategy or choose_strategy()
    tf.config.experimental.enable_op_determinism()
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        keras.utils.set_random_seed(recipe.seed)
        run = Run(build, recipe, strategy, folder)
        if run.path.exists():
            run.restore()
        if run.step < recipe.steps:
            with show_progress(title, recipe.steps, folder, first=run.step) as show:
                _train(run, batches, loss, validate, show)
    finally:
        keras.config.set_dtype_policy(policy)
    weights = run.best_weights or run.model.get_weights()
    return Fitted(weights=weights, history=run.history, best=run.best)


def _train(
    run: Run,
    batches: Callable[[int], Iterator[Block]],
    loss: Any,
    validate: Callable[[keras.Model], float] | None,
    show: Show,
) -> None:
    recipe, update = run.recipe, _update(run, loss)
    is_chief = host_share()[0] == 0
    every = recipe.validate_every
    for inputs, labels in batches(run.step):
        rate = rate_at(recipe, run.step)
        run.optimizer.learning_rate.assign(rate)
        run.losses.append(
            float(update(_spread(run.strategy, inputs), _spread(run.strategy, labels)))
        )
        run.step += 1
        is_last = run.step == recipe.steps
        if run.step % recipe.log_every == 0 or is_last:
            point = {"loss": float(np.mean(run.losses)), "rate": rate}
            if not np.isfinite(point["loss"]):
                raise FloatingPointError(f"the loss is {point['loss']} before step {run.step}")
            run.history.append({"step": run.step, **point})
            show(run.step, point)
            run.losses.clear()
        if validate and every and (run.step % every == 0 or is_last):
            show(run.step, {"validation": run.judge(validate)})
        if is_chief and (run.step % recipe.checkpoint_every == 0 or is_last):
            run.save()
        if is_last:
            return


def _update(run: Run, loss: Any) -> Callable[[Any, Any], tf.Tensor]:
    """Return the function that makes one step with one batch and gives its mean loss."""
    model, optimizer, strategy = run.model, run.optimizer, run.strategy
    measure, replicas = keras.losses.get(loss), strategy.num_replicas_in_sync

    def on_replica(inputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            mean = tf.reduce_mean(tf.cast(measure(labels, outputs), tf.float32))
            mean = (mean + sum(model.losses)) / replicas  # the optimizer adds the gradients up
            scaled = optimizer.scale_loss(mean)
        gradients = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return mean

    def update(inputs: Any, labels: Any) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(on_replica, (inputs, labels)), axis=None)

    return tf.function(update)  # type: ignore[no-any-return]


def _spread(strategy: tf.distribute.Strategy, array: ndarray) -> Any:
    """Give every replica of this host its part of the batch.

    Raises
    ------
    ValueError
        If the parts would not be of one size.
    """
    here = strategy.num_replicas_in_sync // host_share()[1]
    if here == 1 and strategy.num_replicas_in_sync == 1:
        return tf.constant(array)
    if len(array) % here:
        raise ValueError(f"a batch of {len(array)} cannot be shared by {here} devices")
    parts = np.split(array, here)
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group % here])
    )
