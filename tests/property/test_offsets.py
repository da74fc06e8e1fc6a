"""A commit must never step over a message that is still in flight."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import Origin
from pipeline.offsets import OffsetLedger
from pipeline.tally import Tally

PARTITION = ("t", 0)


def started(offsets, tally=None):
    ledger = OffsetLedger()
    ledger.assign({PARTITION: (-1, tally)})
    origins = [Origin("t", 0, offset) for offset in offsets]
    ledger.start(origins)
    return ledger, origins


gaps = st.lists(st.integers(1, 3), min_size=1, max_size=40)
"""Steps between offsets: the markers of transactions take up offsets too."""


@given(gaps=gaps, data=st.data())
def test_a_commit_never_passes_a_message_in_flight_and_never_goes_back(gaps, data):
    offsets = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    ledger, origins = started(offsets)
    previous = 0
    order = data.draw(st.permutations(origins))
    for i, origin in enumerate(order):
        ledger.finish(origin, "classified")
        commits = ledger.committable()
        ledger.committed(commits)
        offset = commits[PARTITION].offset if commits else previous
        assert offset <= min((o.offset for o in order[i + 1 :]), default=offsets[-1] + 1)
        assert offset >= previous
        previous = offset
    assert previous == offsets[-1] + 1


@given(
    outcomes=st.lists(st.sampled_from(["classified", "dead_lettered"]), min_size=1), data=st.data()
)
def test_the_tally_counts_exactly_what_lies_before_the_commit(outcomes, data):
    ledger, origins = started(range(len(outcomes)))
    finished = data.draw(st.sets(st.integers(0, len(outcomes) - 1)))
    for index in finished:
        ledger.finish(origins[index], outcomes[index])
    contiguous = next((i for i in range(len(outcomes)) if i not in finished), len(outcomes))

    commit = ledger.committable()[PARTITION]

    assert commit.offset == contiguous
    assert json.loads(commit.metadata) == {
        "since": 0,
        "consumed": contiguous,
        "classified": outcomes[:contiguous].count("classified"),
        "deadLettered": outcomes[:contiguous].count("dead_lettered"),
    }


@given(st.integers(0), st.integers(0), st.integers(0))
def test_a_tally_survives_its_metadata(since, classified, dead_lettered):
    tally = Tally(since, classified, dead_lettered)
    assert Tally.from_metadata(tally.to_metadata()) == tally


def test_a_new_owner_goes_on_from_the_tally_that_was_committed():
    ledger, (origin,) = started([7], Tally(since=0, classified=5, dead_lettered=2))
    ledger.finish(origin, "classified")
    tally = Tally.from_metadata(ledger.committable()[PARTITION].metadata)
    assert tally == Tally(since=0, classified=6, dead_lettered=2)


def test_what_was_given_up_is_neither_finished_nor_committed():
    ledger, (origin,) = started([3])
    ledger.forget([PARTITION])
    assert not ledger.finish(origin, "classified")
    assert ledger.committable() == {}


def test_idle_means_committed_and_not_only_finished():
    ledger, (origin,) = started([3])
    ledger.finish(origin, "classified")
    assert not ledger.wait_until_idle(0)
    ledger.committed(ledger.committable())
    assert ledger.wait_until_idle(0)


@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=12), data=st.data())
def test_a_message_is_committed_when_all_of_its_records_are_done_and_not_before(counts, data):
    ledger, origins = started(range(len(counts)))
    records = [
        replace(origin, index=index, records=count)
        for origin, count in zip(origins, counts, strict=True)
        for index in range(count)
    ]
    for record in records:
        ledger.split(record)
    done = data.draw(st.integers(0, len(records)))
    for record in records[:done]:
        ledger.finish(record, "classified")

    whole = next((r.offset for r in records[done:]), len(counts))
    commits = ledger.committable()

    assert (commits[PARTITION].offset if commits else 0) == whole
    assert ledger.has_divided() == (0 < done < len(records) and records[done].index > 0)
    if commits:
        assert json.loads(commits[PARTITION].metadata)["consumed"] == sum(counts[:whole])
