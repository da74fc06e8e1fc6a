"""Train the pulse networks on simulated pulses: ``skytriage train xgamma-pulse``.

All five learn one after the other from the same pulses in the same order, and are judged on the
same others: the thesis' comprehensive table. As there, the rate decays exponentially and the loss
is binary cross-entropy (of two outputs that sum to 1). The weights with the lowest loss on the
validation split are kept; temperature and threshold come from that split, the figures from the test
split. Each network is a run of its own in the folder of runs, so ``--resume`` trains no network
twice.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models import artifact as artifacts
from models.artifact import Artifact
from models.evaluation.calibration import cooled
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE
from models.training.calibrate import calibrate
from models.training.devices import limit_threads
from models.xgamma_pulse import XGAMMA_PULSE
from models.xgamma_pulse.evaluate import judge_rise_time, tabulate
from models.xgamma_pulse.learn import Trained, learn
from models.xgamma_pulse.network import SERVED
from models.xgamma_pulse.network import VARIANTS as LAYERS
from models.xgamma_pulse.settings import VARIANTS, Settings
from models.xgamma_pulse.simulate import VERSION

__all__ = ["VARIANTS", "Settings", "train"]


def train(
    settings: Settings, *, out: Path, runs: Path, version: str, resume: bool = False
) -> Artifact:
    """Train each network, compare them, calibrate and save the one that is served.

    Parameters
    ----------
    out
        Where `models.artifact.save` puts the weights; made if need be.
    runs
        Where the checkpoints and learning curves go, a folder for each network.
    version
        What to call the result, such as ``"2026.11.1"``.
    resume
        Go on where the runs in ``runs`` stopped.
    """
    limit_threads(settings.threads)
    table: dict[str, Any] = {}
    chosen = SERVED if SERVED in settings.networks else settings.networks[0]
    for name in settings.networks:
        trained = learn(name, settings, runs / name, resume=resume)
        table[name] = trained.row
        print(f"{name} {_describe(trained.row)}", flush=True)
        if name == chosen:
            kept = trained
    temperature, threshold = _calibrate(kept)
    judged = kept.test._replace(score=cooled(kept.test.score, temperature))
    metrics = tabulate(judged, threshold) | {
        "riseTimeCut": judge_rise_time(settings.seed, settings.judged[1]),
        "table": table,
    }
    return artifacts.save(
        XGAMMA_PULSE,
        kept.model,
        out,
        version=version,
        training={
            "data": "simulated",
            "simulator": f"models.xgamma_pulse.simulate {VERSION}",
            "network": chosen,
            "hyperparameters": asdict(LAYERS[chosen]),
            "pulses": round(settings.steps * settings.batch / settings.reuse),
            "learningCurve": kept.fitted.history,
            **asdict(settings),
        },
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
        layers={"variant": chosen},
    )


def _calibrate(trained: Trained) -> tuple[float, float]:
    """Fit temperature and threshold on the validation split; fold the temperature in."""
    held = trained.validation
    temperature, score = calibrate(trained.model, held.score, held.gamma)
    return temperature, threshold_at(score[~held.gamma], FALSE_POSITIVE_RATE)


def _describe(row: Mapping[str, Any]) -> str:
    return " ".join(
        f"{name} {value['value'] if isinstance(value, Mapping) else value:.5g}"
        for name, value in row.items()
    )
