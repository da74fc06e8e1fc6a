"""Train Deep-HiTS on simulated candidates: ``python -m models.deep_hits.train``.

Two stages, because a rotation costs as much as a candidate. First the convolutions and the dense
layers learn on one orientation, which is four times as fast. Then the four rotations are joined:
every block of features gets a quarter of the dense weights, so arch7 starts as the mean over the
rotations of what was learnt, and is trained on. Last come the temperature and the threshold, both
from the validation split, and the figures, from the test split.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models.artifact import Artifact, save
from models.deep_hits import DEEP_HITS
from models.deep_hits.evaluate import calibrate, figures
from models.deep_hits.network import Settings as Layers
from models.deep_hits.network import build
from models.deep_hits.pool import Pool
from models.deep_hits.simulate import VERSION as SIMULATOR

__all__ = ["Settings", "main", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    seed: int = 20261121

    steps: tuple[int, int] = (14_000, 3_500)
    """Updates with one orientation, then with four."""

    batch: tuple[int, int] = (256, 128)

    rate: tuple[float, float] = (1e-3, 3e-4)
    """Initial learning rate of each stage; it decays to zero along a cosine."""

    block: int = 1024
    """Candidates that the simulator hands over at once."""

    pool: int = 96
    """Blocks to draw from; each new one replaces the oldest."""

    bright: float = 0.1
    """Share of the real candidates that are not at the SNR of HiTS: see `simulate`."""

    reuse: int = 3
    """How often a candidate is drawn, each time in a random orientation of eight."""

    judged: tuple[int, int] = (20_000, 40_000)
    """Candidates of the validation split, for the temperature, and of the test split."""

    threads: int = 2
    """Cores for the network."""

    precision: str = "mixed_bfloat16"
    """Keras policy: with AMX about twice as fast as ``float32``; without, use that."""


def train(
    settings: Settings, folder: Path, runs: Path, version: str, start: Path | None = None
) -> Artifact:
    """Train, calibrate, evaluate and save: weights to ``folder``, progress to the screen.

    Parameters
    ----------
    folder
        Where `models.artifact.save` puts the weights; made if need be.
    runs
        Where the checkpoints of this run go.
    version
        What to call the result, such as ``"2026.11.1"``.
    start
        Checkpoint of an earlier first stage to go on from, under another seed.
    """
    keras.utils.set_random_seed(settings.seed)
    keras.config.set_dtype_policy(settings.precision)
    runs.mkdir(parents=True, exist_ok=True)
    pool = Pool(
        seed=settings.seed,
        block=settings.block,
        size=settings.pool,
        bright=settings.bright,
        reuse=settings.reuse,
    )
    try:
        one = build(Layers(rotations=1))
        if start:
            one.load_weights(start)
        _fit(one, pool, settings, stage=0, runs=runs)
        four = build()
        _join(one, four)
        _fit(four, pool, settings, stage=1, runs=runs)
        simulated = pool.simulated
    finally:
        pool.close()
    keras.config.set_dtype_policy("float32")
    network = build()
    network.set_weights(four.get_weights())
    temperature = calibrate(network, settings.seed, settings.judged[0])
    metrics = figures(network, settings.seed, settings.judged[1])
    training = {
        "data": "simulated",
        "simulator": f"models.deep_hits.simulate {SIMULATOR}",
        "candidates": simulated,
        "startedFrom": start and str(start),
        **asdict(settings),
    }
    print(json.dumps(metrics, indent=2))
    return save(
        DEEP_HITS,
        network,
        folder,
        version=version,
        training=training,
        metrics=metrics,
        threshold=metrics["threshold"],
        false_positive_rate=metrics["falsePositiveRate"],
        temperature=temperature,
    )


def _fit(model: keras.Model, pool: Pool, settings: Settings, stage: int, runs: Path) -> list[float]:
    """Train one stage; print the running loss and accuracy, keep checkpoints; return the losses."""
    steps, batch = settings.steps[stage], settings.batch[stage]
    rate = keras.optimizers.schedules.CosineDecay(settings.rate[stage], steps)
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # XLA's convolutions are four times slower than oneDNN's on a CPU
    )
    started, history = time.monotonic(), []
    every = max(1, min(250, steps // 4))
    for step, (inputs, labels) in zip(range(1, steps + 1), pool.batches(batch), strict=False):
        history.append(model.train_on_batch(inputs, labels))
        if step % every == 0:
            loss, accuracy = np.mean(history[-every:], axis=0)
            speed = step * batch / (time.monotonic() - started)
            print(
                f"stage {stage + 1} step {step}/{steps} loss {loss:.4f} accuracy {accuracy:.4f}"
                f" {speed:.0f} candidates/s, {pool.simulated} simulated",
                flush=True,
            )
            model.save_weights(runs / f"stage{stage + 1}.weights.h5")
    return [float(loss) for loss, _ in history]


def _join(one: keras.Model, four: keras.Model) -> None:
    """Start arch7 as the mean, over its four rotations, of what one orientation learnt."""
    joined = []
    for old, new in zip(one.get_weights(), four.get_weights(), strict=True):
        times = new.shape[0] // old.shape[0]
        joined.append(old if times == 1 else np.tile(old, (times, 1)) / times)
    four.set_weights(joined)


def main() -> None:
    """Read the paths and the seed, and train."""
    parser = argparse.ArgumentParser(description="Train Deep-HiTS on simulated candidates.")
    here = Path(__file__).parent
    parser.add_argument("--out", type=Path, default=here / "weights", help="folder of the weights")
    parser.add_argument("--runs", type=Path, default=Path("runs/deep_hits"), help="checkpoints")
    parser.add_argument("--seed", type=int, default=Settings().seed)
    parser.add_argument("--steps", type=int, nargs=2, default=Settings().steps, metavar="N")
    parser.add_argument("--start", type=Path, help="checkpoint of a first stage to go on from")
    parser.add_argument("--version", required=True, help='of the weights, such as "2026.11.1"')
    arguments = parser.parse_args()
    settings = replace(Settings(), seed=arguments.seed, steps=tuple(arguments.steps))
    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    train(settings, arguments.out, arguments.runs, arguments.version, arguments.start)


if __name__ == "__main__":
    main()
