"""The arithmetic of the ledger."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audit import missing_topics, topic_streams
from pipeline.ledger import Ledger, Position, balance
from pipeline.settings import Settings
from pipeline.tally import Tally

HITS = ("hits", 0)


def offsets(values):
    """Places of messages that hold one record each."""
    return np.array([(offset, 0, 1) for offset in values], np.int64).reshape(-1, 3)


def books(position, classified=(), dead_lettered=()):
    return balance(
        "hits",
        HITS,
        position,
        classified=offsets(classified),
        dead_lettered=offsets(dead_lettered),
    )


def test_each_record_of_a_message_counts():
    position = Position(low=0, high=2, committed=2, tally=Tally(0, 3, 1))
    several = [(1, index, 3) for index in range(3)]
    account = balance(
        "hits",
        HITS,
        position,
        classified=np.array([(0, 0, 1), *several[:2]]),
        dead_lettered=np.array(several[2:]),
    )

    assert (account.missing, account.duplicates) == (0, 0)
    assert (account.classified, account.dead_lettered) == (3, 1)


def test_without_a_tally_results_say_how_many_records_a_message_holds():
    position = Position(low=0, high=2, committed=2, tally=None)
    account = balance("hits", HITS, position, classified=np.array([(0, 0, 3), (0, 1, 3)]))

    assert account.consumed == 4
    assert account.missing == 2  # a record of the first message, and the second message


@st.composite
def nights(draw):
    """A night: offsets with what became of each, and a tally that says the same."""
    since = draw(st.integers(0, 2**40))
    steps = draw(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=60))
    outcome = {}
    committed = since
    for step, is_classified in steps:  # offsets have gaps, where transactions left markers
        outcome[committed] = is_classified
        committed += step
    counts = Counter(outcome.values())
    tally = Tally(since, counts[True], counts[False])
    position = Position(low=0, high=committed, committed=committed, tally=tally)
    classified = [offset for offset, is_classified in outcome.items() if is_classified]
    dead = [offset for offset, is_classified in outcome.items() if not is_classified]
    return position, classified, dead


@given(nights(), st.randoms())
def test_a_whole_night_adds_up_in_any_order(night, random):
    position, classified, dead = night
    random.shuffle(classified)
    random.shuffle(dead)
    account = books(position, classified, dead)

    assert (account.missing, account.duplicates) == (0, 0)
    assert (account.classified, account.dead_lettered) == (len(classified), len(dead))


@given(nights().filter(lambda night: night[1] + night[2]), st.data())
def test_a_lost_result_is_missing(night, data):
    position, classified, dead = night
    lost = data.draw(st.sampled_from(classified + dead))
    account = books(position, [o for o in classified if o != lost], [o for o in dead if o != lost])

    assert account.missing == 1


@given(nights().filter(lambda night: night[1] + night[2]), st.data())
def test_results_beyond_one_a_message_are_duplicates_and_hide_no_loss(night, data):
    position, classified, dead = night
    more_classified = data.draw(st.lists(st.sampled_from(classified + dead), max_size=5))
    more_dead = data.draw(st.lists(st.sampled_from(classified + dead), max_size=5))
    account = books(position, classified + more_classified, dead + more_dead)

    assert account.duplicates == len(more_classified) + len(more_dead)
    assert account.missing == 0


@given(nights(), st.lists(st.integers(0, 100)), st.lists(st.integers(1, 100)))
def test_results_outside_of_what_is_committed_do_not_count(night, after, before):
    position, classified, dead = night
    outside = [position.committed + step for step in after]
    outside += [position.tally.since - step for step in before]

    assert books(position, classified + outside, dead) == books(position, classified, dead)


def test_without_a_tally_what_was_consumed_is_the_difference_of_two_offsets():
    account = books(Position(low=5, high=12, committed=9, tally=None), [5, 6, 7], [8])

    assert (account.consumed, account.is_tallied, account.since) == (4, False, 5)
    assert account.missing == 0


def test_a_partition_that_was_never_committed_is_all_lag():
    account = books(Position(low=5, high=12, committed=None, tally=None), [5])

    assert (account.consumed, account.classified, account.lag) == (0, 0, 7)


def test_messages_that_the_broker_deleted_are_no_lag():
    account = books(Position(low=100, high=120, committed=90, tally=Tally(0, 90, 0)))

    assert account.lag == 20


@pytest.mark.parametrize(("duplicates_allowed", "adds_up"), [(True, True), (False, False)])
def test_duplicates_matter_where_effectively_once_was_promised(duplicates_allowed, adds_up):
    account = books(Position(low=0, high=1, committed=1, tally=Tally(0, 1, 0)), [0, 0])

    assert Ledger(accounts=[account], duplicates_allowed=duplicates_allowed).adds_up is adds_up


def test_the_total_is_the_sum_of_the_partitions():
    accounts = [
        books(Position(low=0, high=9, committed=2, tally=Tally(0, 1, 1)), [0], [1]),
        books(Position(low=0, high=1, committed=1, tally=Tally(0, 1, 0))),
    ]
    table = Ledger(accounts=accounts, duplicates_allowed=False).as_json()

    assert table["total"] == {
        "consumed": 3,
        "classified": 1,
        "deadLettered": 1,
        "duplicates": 0,
        "missing": 1,
        "lag": 7,
    }
    assert not table["addsUp"]


def settings(*topics):
    return Settings(
        kafka={"bootstrap.servers": "localhost:1"}, streams={"hits": {"topics": list(topics)}}
    )


def test_a_pattern_means_the_topics_that_begin_so():
    existing = ["ztf_20260101", "ztf_20260102_programid1", "my_ztf_1", "other"]

    assert list(topic_streams(settings("^ztf_[0-9]+"), existing)) == existing[:2]


def test_a_name_means_itself_alone():
    assert topic_streams(settings("a.b"), ["a.b", "axb", "a.b.c"]) == {"a.b": "hits"}


def test_topics_that_are_named_and_not_there_are_missing():
    assert missing_topics(settings("here", "gone", "^later"), {"here"}) == ["gone"]
