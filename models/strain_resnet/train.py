"""Train a network on simulated strain: ``skytriage train strain-resnet --variant NAME``.

Every variant sees the same stream of segments, which follows from the seed, and is judged on the same
test segments. The weights that ranked the validation segments best are kept; the temperature and the
thresholds come from the validation split, the figures from the test split.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models import artifact as artifacts
from models.artifact import Artifact
from models.evaluation.rates import roc_auc
from models.network import Network
from models.strain_resnet import STRAIN_RESNET, with_input_of
from models.strain_resnet.figures import table, thresholds_of
from models.strain_resnet.network import Settings as Layers
from models.strain_resnet.network import build
from models.strain_resnet.scoring import Judged, judge, predict_with
from models.strain_resnet.settings import VARIANTS, Settings
from models.strain_resnet.simulate import VERSION, blocks
from models.strain_resnet.training_blocks import BLOCK, image_block, series_block
from models.training.calibrate import calibrate
from models.training.devices import limit_threads
from models.training.fit import Fitted, fit
from models.training.pool import Pool
from models.training.recipe import Recipe

__all__ = ["VARIANTS", "Settings", "network_of", "train"]


def network_of(layers: Layers) -> Network:
    """Describe a variant: the network of `models.strain_resnet` with these layers and their input."""
    return with_input_of(STRAIN_RESNET, asdict(layers))


def train(
    settings: Settings, *, out: Path, runs: Path, version: str, resume: bool = False
) -> Artifact:
    """Train, calibrate, judge and save.

    Parameters
    ----------
    out
        Where `models.artifact.save` puts the weights; made if need be.
    runs
        Where the checkpoint and the learning curve of this run go.
    version
        What to call the result, such as ``"2026.11.1"``.
    resume
        Go on where a run in ``runs`` stopped.
    """
    limit_threads(settings.threads)
    network = network_of(settings.layers)
    with _pool(settings) as pool:
        fitted = fit(
            lambda: build(replace(settings.layers, quick=settings.quick)),
            pool.batches,
            _recipe(settings),
            runs,
            loss="sparse_categorical_crossentropy",
            resume=resume,
            validate=_validation(network, settings),
            title=f"strain_resnet {settings.layers.depth} {settings.layers.dimensions}-D",
        )
    model = build(settings.layers)
    model.set_weights(fitted.weights)
    temperature, thresholds = _calibrate(model, network, settings)
    metrics = table(_judge(model, network, settings, "test", settings.judged[1]), thresholds)
    return artifacts.save(
        network,
        model,
        out,
        version=version,
        training=_account(settings, fitted, model.count_params()),
        metrics=metrics,
        threshold=metrics["threshold"],
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
        layers=asdict(settings.layers),
    )


def _pool(settings: Settings) -> Pool:
    return Pool(
        partial(
            series_block if settings.layers.dimensions == 1 else image_block,
            loudness=settings.loudness,
        ),
        seed=settings.seed,
        batch=settings.batch,
        block=BLOCK,
        size=settings.pool,
        reuse=settings.reuse,
        processes=settings.processes,
        augment=settings.augmentation,
    )


def _recipe(settings: Settings) -> Recipe:
    return Recipe(
        steps=settings.steps,
        rate=settings.rate,
        warmup=min(200, settings.steps // 10),
        optimizer="adamw",
        weight_decay=settings.weight_decay,
        clip=5.0,
        precision=settings.precision,
        seed=settings.seed,
        checkpoint_every=500,
        validate_every=settings.validate_every,
        best="highest",
        log_every=max(1, min(100, settings.steps // 4)),
    )


def _validation(network: Network, settings: Settings) -> Callable[[keras.Model], float]:
    """Simulate the validation segments once; return what ranks them with a network, an AUC."""
    held, labels = [], []
    for number in range(-(-settings.validated // BLOCK)):
        made = blocks(settings.seed, "validation", BLOCK, first=number, loudness=settings.loudness)
        segments = next(made)
        held.append(network.preprocess(segments.samples).inputs.astype(np.float16))
        labels.append(segments.labels)
    truth = np.concatenate(labels) == 1

    def rank(model: keras.Model) -> float:
        predict = predict_with(model)
        score = np.concatenate([predict(inputs.astype(np.float32)) for inputs in held])
        return roc_auc(score[truth], score[~truth])

    return rank


def _calibrate(
    model: keras.Model, network: Network, settings: Settings
) -> tuple[float, dict[str, float]]:
    """Fit the temperature on the validation split, fold it into the last layer, set thresholds.

    Returns
    -------
    :
        The temperature, and by false-alarm probability the threshold that lets so much through.
    """
    held = _judge(model, network, settings, "validation", settings.judged[0])
    temperature, score = calibrate(model, held.score, held.truth)
    return temperature, thresholds_of(score[~held.truth])


def _judge(model: keras.Model, network: Network, settings: Settings, split: str, n: int) -> Judged:
    prepare, loudness = network.preprocess, settings.loudness
    return judge(predict_with(model), prepare, settings.seed, split, n, loudness=loudness)


def _account(settings: Settings, fitted: Fitted, parameters: int) -> dict[str, Any]:
    return {
        "data": "simulated",
        "simulator": f"models.strain_resnet.simulate {VERSION}",
        "segments": round(settings.steps * settings.batch / settings.reuse),
        "parameters": parameters,
        "validationAuc": fitted.best,
        "learningCurve": fitted.history,
        **asdict(settings),
    }
