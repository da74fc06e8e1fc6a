import os
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_problem import pool, simulate, slowest_first, who

from models.training.pool import Pool


def take(batches, n):
    return [(inputs.copy(), labels.copy()) for inputs, labels in islice(batches, n)]


def are_equal(one, other):
    return all(
        np.array_equal(a, b)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x, y, strict=True)
    )


@given(step=st.integers(0, 60))
def test_the_batch_of_a_step_depends_on_the_seed_and_the_step_alone(step):
    with pool() as walked, pool() as jumped:
        expected = take(walked.batches(), step + 1)[-1:]

        assert are_equal(take(jumped.batches(step), 1), expected)


def test_another_seed_gives_other_batches():
    with pool() as one, pool(seed=4) as other:
        assert not are_equal(take(one.batches(), 1), take(other.batches(), 1))


def test_processes_give_what_none_gives_whichever_is_faster():
    with Pool(slowest_first, seed=3, batch=16, block=32, size=4, reuse=1, processes=2) as several:
        found = take(several.batches(), 20)
    with Pool(simulate, seed=3, batch=16, block=32, size=4, reuse=1, processes=0) as alone:
        expected = take(alone.batches(), 20)

    assert are_equal(found, expected)


def test_a_simulator_runs_in_another_process():
    with Pool(who, seed=3, batch=4, block=4, size=2, reuse=1, processes=1) as one:
        inputs, _ = next(one.batches())

    assert os.getpid() not in inputs


def test_what_a_simulator_raises_is_raised_here():
    with (
        Pool(np.linalg.inv, seed=3, batch=4, block=4, size=2, reuse=1, processes=1) as broken,
        pytest.raises((TypeError, np.linalg.LinAlgError)),
    ):
        next(broken.batches())


@given(step=st.integers(0, 10_000))
def test_a_sample_is_drawn_as_often_as_asked(step):
    with pool(block=32, reuse=3, batch=16, size=5) as asked:
        newest = asked.blocks(step)[-1]

        assert newest == 4 + step * 16 // (32 * 3)
        assert len(asked.blocks(step)) == 5


def test_the_pool_is_small_at_first_and_grows():
    with pool(size=50, reuse=1, batch=32) as growing:
        assert (growing.blocks(0), growing.blocks(10)) == (range(8), range(18))
        assert growing.blocks(100) == range(58, 108)


def test_batches_are_float32_and_of_the_size_asked_for():
    with pool() as asked:
        inputs, labels = next(asked.batches())

    assert (inputs.dtype, inputs.shape, labels.shape) == (np.float32, (16, 8, 8, 1), (16,))


def test_hosts_share_a_batch_and_no_block(monkeypatch):
    def on_host(index):
        config = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": %d}}'
        monkeypatch.setenv("TF_CONFIG", config % index)
        with Pool(who, seed=3, batch=8, block=4, size=2, reuse=1, processes=0) as share:
            batches = take(share.batches(), 20)
        return np.concatenate([labels for _, labels in batches])

    first, second = on_host(0), on_host(1)

    assert len(first) == len(second) == 20 * 4
    assert not set(first) & set(second)


def test_a_batch_that_hosts_cannot_share_is_refused(monkeypatch):
    config = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", config)

    with pytest.raises(ValueError, match="a batch of 15 cannot be shared by 2 hosts"):
        pool(batch=15)
