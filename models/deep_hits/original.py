"""Train as Deep-HiTS did, by its own parameter file: ``skytriage train deep-hits input.txt``.

Plain descent whose step comes one iteration late, learning-rate steps, validation at the multiples
of an interval, patience, checkpoints, and a test with the best weights. Where the README and the
code of the original differ, this follows the code; docs/training.md has the differences.

Left in the folder of the run: ``<iteration>_state.npz`` and ``final_state.npz`` (checkpoints),
``history.json`` (as the stored history of arch7 has it) and ``test_predictions.npz`` (``label``,
``snr``, ``p_real``).
"""

import json
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models.artifact import Artifact, save
from models.deep_hits import DEEP_HITS
from models.deep_hits.descent import Descent, rates_until
from models.deep_hits.network import Settings as Layers
from models.deep_hits.network import build
from models.deep_hits.parameters import Parameters, read_parameters
from models.deep_hits.sources import Files, batches, find_files, load_rows
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE, figures
from models.training.calibrate import calibrate
from models.training.progress import show_progress

__all__ = ["train_from_file"]

_SEED = 0
_AT_ONCE = 500


def train_from_file(
    path: Path, *, out: Path, runs: Path, version: str, resume: bool = False
) -> Artifact:
    """Train as a parameter file says; save the best weights of the validation.

    Parameters
    ----------
    out, runs, version
        As `models.deep_hits.train.train` takes them.
    resume
        Go on from the newest checkpoint in ``runs``, if there is one and the file names none.

    Raises
    ------
    ParameterError, ChunkError, CheckpointError
        If the file, the data or the checkpoint to go on from are not what they should be.
    """
    parameters = read_parameters(path)
    files = find_files(parameters, _SEED)
    load_rows(files.test, parameters, parameters.n_test)  # what is wrong with them is said now
    keras.utils.set_random_seed(_SEED)
    tf.config.experimental.enable_op_determinism()
    network = build(Layers(activation=parameters.activation_function))
    descent = Descent(network, parameters, runs)
    iteration = parameters.resume
    if iteration is None and resume:
        iteration = descent.newest()
    if iteration is not None:
        descent.restore(iteration)
    _iterate(descent, parameters, files, runs)
    descent.keep_best()
    return _finish(descent, parameters, files, out=out, runs=runs, version=version)


def _iterate(descent: Descent, parameters: Parameters, files: Files, runs: Path) -> None:
    """Make steps until the patience or the epochs are over.

    In the order of the original: rate, validation, checkpoint, step, patience.
    """
    held = load_rows(files.validate, parameters, parameters.n_valid)
    first = descent.iteration
    with show_progress("deep_hits", None, runs, first=first) as show:
        for batch in batches(files.train, parameters, first):
            if batch.epoch >= parameters.n_epochs:
                break
            iteration = descent.iteration
            descent.rate = rates_until(parameters, iteration)
            known = descent.history["iter_val_history"][-1:]  # of the checkpoint gone on from
            if iteration % parameters.validation_interval == 0 and iteration not in known:
                show(iteration, descent.validate(*held[:2]))
                _write_history(descent, runs)
            if iteration % parameters.savestep == 0:
                descent.save(str(iteration))
            descent.step(batch.inputs, batch.labels)
            if descent.patience.is_over(iteration):
                break
    descent.save("final")


def _write_history(descent: Descent, runs: Path) -> None:
    (runs / "history.json").write_text(json.dumps(descent.history), encoding="utf-8")


def _finish(
    descent: Descent, parameters: Parameters, files: Files, *, out: Path, runs: Path, version: str
) -> Artifact:
    """Calibrate on the validation set, judge on the test set, save."""
    network = descent.network
    inputs, labels, _ = load_rows(files.validate, parameters, parameters.n_valid)
    temperature, score = calibrate(network, _score(network, inputs), labels == 1)
    threshold = threshold_at(score[labels == 0], FALSE_POSITIVE_RATE)
    inputs, labels, snr = load_rows(files.test, parameters, parameters.n_test)
    score = _score(network, inputs)
    np.savez(runs / "test_predictions.npz", label=labels.astype(np.int8), snr=snr, p_real=score)
    real = labels == 1
    metrics = {"data": "chunks"} | figures(score, real, threshold=threshold, snr=snr)
    layers = Layers(activation=parameters.activation_function)
    asked = asdict(parameters) | {"path_to_chunks": parameters.path_to_chunks.name}
    return save(
        DEEP_HITS,
        network,
        out,
        version=version,
        training={"data": "chunks", "iterations": descent.iteration, **asked},
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
        layers=None if layers == Layers() else asdict(layers),
    )


def _score(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    parts = [
        np.asarray(network.predict_on_batch(inputs[start : start + _AT_ONCE]))[:, 1]
        for start in range(0, len(inputs), _AT_ONCE)
    ]
    return np.concatenate(parts)
