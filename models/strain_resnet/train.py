"""Train a network on simulated strain: ``skytriage train strain-resnet --variant NAME``.

Every variant sees the same stream of segments, which follows from the seed, and is judged on the same
test segments. The weights that ranked the validation segments best are kept; the temperature and the
thresholds come from the validation split, the figures from the test split.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models import artifact as artifacts
from models.artifact import Artifact
from models.evaluation.calibration import fit_temperature, log_odds
from models.evaluation.rates import roc_auc
from models.network import Network
from models.strain_resnet import STRAIN_RESNET, with_input_of
from models.strain_resnet.augment import Augmentation
from models.strain_resnet.figures import table, thresholds_of
from models.strain_resnet.network import LOGIT, SHIPPED, build
from models.strain_resnet.network import Settings as Layers
from models.strain_resnet.scoring import Judged, judge, predict_with
from models.strain_resnet.simulate import VERSION, blocks
from models.strain_resnet.training_blocks import BLOCK, image_block, series_block
from models.training.devices import limit_threads
from models.training.fit import Fitted, fit
from models.training.pool import Pool
from models.training.recipe import Recipe

__all__ = ["VARIANTS", "Settings", "network_of", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    layers: Layers
    """Which network."""

    steps: int
    """Updates of the weights."""

    batch: int = 128

    rate: float = 2e-3
    """Largest learning rate; it decays to zero along a cosine after a warm-up of 200 steps."""

    weight_decay: float = 1e-3

    precision: str = "mixed_bfloat16"
    """Keras policy."""

    quick: bool = True
    """Train with `~models.training.fused_normalization`, which is for CPUs."""

    seed: int = 20261122
    """Of the weights and of the segments."""

    pool: int = 64
    """Blocks of 512 segments to draw from: 6 MB each of series, 27 MB of images."""

    reuse: int = 4
    """How often a segment is drawn on average, changed as `augmentation` says."""

    processes: int = 1
    """That simulate."""

    augmentation: Augmentation = field(default_factory=Augmentation)

    validated: int = 8_000
    """Segments of the validation split that choose the best weights."""

    validate_every: int = 1_000

    judged: tuple[int, int] = (20_000, 20_000)
    """Segments of the validation split, for temperature and thresholds, and of the test split."""

    loudness: float = 1.0
    """What every SNR is multiplied by, in training and in the figures: 1, but in short tests."""

    threads: int = 2
    """Cores for the network."""


_IMAGES: Mapping[str, Any] = {
    "batch": 64,
    "rate": 1e-3,
    "pool": 16,
    "validated": 2_048,
    "validate_every": 500,
}
"""What differs where images are learnt at the seed's widths, which takes ten times as long."""

_NARROW = replace(SHIPPED, widths=(16, 32, 64, 128))
"""What the deeper networks on series are made of: they have bottlenecks or many blocks."""

VARIANTS: Mapping[str, Settings] = {
    "resnet10-1d": Settings(layers=SHIPPED, steps=14_000),
    **{
        f"resnet{depth}-1d": Settings(layers=replace(_NARROW, depth=depth), steps=2_500)
        for depth in (16, 18, 34)
    },
    "resnet16-2d-narrow": Settings(
        layers=Layers(depth=16, widths=_NARROW.widths), steps=2_500, pool=_IMAGES["pool"]
    ),
    **{
        f"resnet{depth}-2d": Settings(layers=Layers(depth=depth), steps=20_000, **_IMAGES)
        for depth in (16, 18, 34, 50, 101, 152)
    },
    **{
        f"resnet{depth}-1d": Settings(layers=replace(_NARROW, depth=depth), steps=20_000)
        for depth in (50, 101, 152)
    },
    **{
        f"resnet{depth}-2d-short": Settings(
            layers=Layers(depth=depth, momentum=0.9),
            **{**_IMAGES, "batch": 32, "validated": 512, "validate_every": 100},
            steps=200,
            judged=(1_000, 1_000),
            loudness=4.0,
        )
        for depth in (50, 101, 152)
    },
}
"""By name; the first is the one whose weights are shipped. Steps are for two cores in the first five,
of which the last four learn from the same 80,000 segments, and for a GPU in the others, which are ten
times as dear and more. The short ones show on two cores that the deepest learn, from signals four times
as loud."""


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
    judged = _judge(model, network, settings, "validation", settings.judged[0])
    logits = log_odds(judged.score)
    temperature = fit_temperature(logits, judged.truth.astype(np.int64))
    layer = model.get_layer(LOGIT)
    layer.set_weights([weight / temperature for weight in layer.get_weights()])
    quiet = 1 / (1 + np.exp(-logits[~judged.truth, 1] / temperature))
    return temperature, thresholds_of(quiet)


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
