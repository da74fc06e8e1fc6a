"""How well anything could rank the test segments: ``python -m models.strain_resnet.measure_limit``.

Prints the figures of the `ideal_observer` as JSON. Its area under the curve is what the networks'
are to be held against; ``--draws`` shows whether the observer drew enough.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from models.evaluation.calibration import fit_temperature
from models.strain_resnet.figures import ranking
from models.strain_resnet.ideal_observer import Draws, draw_law, log_likelihood_ratio
from models.strain_resnet.preprocess import preprocess
from models.strain_resnet.scoring import truths
from models.strain_resnet.simulate import blocks

__all__ = ["judge_ideal"]

_BLOCK = 250


def judge_ideal(seed: int, count: int, draws: Draws, processes: int = 2) -> dict[str, Any]:
    """Return the figures of the ideal observer on the first segments of the test split.

    Parameters
    ----------
    count
        Segments, rounded up to whole blocks of 250.

    Returns
    -------
    :
        As `figures.ranking` has it, and ``temperature``: 1 where the ratios are right.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        each = pool.map(partial(_of_block, seed, draws), range(-(-count // _BLOCK)))
        ratios = np.concatenate(list(each))
    judged = truths(ratios.astype(np.float32), seed, "test")
    logits = np.stack([np.zeros_like(ratios), ratios], axis=1)
    return {
        "data": "simulated",
        "segments": len(ratios),
        "temperature": fit_temperature(logits, judged.truth.astype(np.int64)),
        **ranking(judged),
    }


def _of_block(seed: int, draws: Draws, number: int) -> Float64[ndarray, " n"]:
    segments = next(blocks(seed, "test", _BLOCK, first=number))
    return log_likelihood_ratio(preprocess(segments.samples).inputs, draw_law(draws))


def _main() -> None:
    parser = argparse.ArgumentParser(description="Judge the ideal observer on simulated segments.")
    parser.add_argument("--count", type=int, default=4_000, help="segments of the test split")
    parser.add_argument("--seed", type=int, default=20_261_122, help="that of the training")
    parser.add_argument("--draws", type=int, default=1, help="times as many cells and skies each")
    given = parser.parse_args()
    many = Draws()
    many = Draws(cells=many.cells * given.draws, skies=many.skies * given.draws)
    json.dump(judge_ideal(given.seed, given.count, many), sys.stdout, indent=2)


if __name__ == "__main__":
    _main()
