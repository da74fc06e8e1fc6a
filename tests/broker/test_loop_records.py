"""Messages of several records through the loop: a result for each, and all of them at once."""

from pipeline.tally import Tally
from tests.toy_stream import BOOM, SLOW, toy_loop
from tests.toy_topics import classified, committed, send, wait_until, wait_until_committed


def several(first, count):
    return ",".join(str(number) for number in range(first, first + count))


def test_each_record_of_a_message_has_a_result_of_its_own(broker, names):
    send(broker, names["in"], [several(0, 3), f"5,garbage,{BOOM},7"])
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 2)
    dead = {message.value(): dict(message.headers()) for message in broker.read(names["dead"])}
    assert {value: headers["skytriage.record.index"] for value, headers in dead.items()} == {
        b"garbage": b"1",
        str(BOOM).encode(): b"2",
    }
    assert sorted(classified(broker, names)) == ["0", "1", "2", "5", "7"]
    tallies = [Tally.from_metadata(p.metadata) for p in committed(broker, names, names["in"])]
    assert sum(tally.consumed for tally in tallies if tally) == 7


def test_messages_of_more_records_than_a_batch_are_seen_once_though_workers_stop_amid_them(
    broker, names
):
    each, many = 100, 40  # a batch of the toy has 32
    send(broker, names["in"], [several(each * k, each) for k in range(many)])
    for stop_after in (1, 5, 20, many):
        with toy_loop(broker, names, names["in"]):
            wait_until_committed(broker, names, names["in"], stop_after)
    numbers = sorted(map(int, classified(broker, names)))
    assert numbers == [n for n in range(each * many) if n != BOOM]


def test_half_a_message_is_never_committed(broker, names):
    send(broker, names["in"], [f"{several(0, 31)},{SLOW},{several(40, 30)}"])
    with toy_loop(broker, names, names["in"], commit_interval_s=0.01):
        seen = []
        while len(seen) < 62:
            seen = classified(broker, names)
            assert len(seen) in {0, 62}
    assert len(set(seen)) == 62


def test_half_a_message_that_is_given_up_does_not_hold_the_reader(broker, names):
    send(broker, names["in"], [f"{several(0, 40)},{SLOW},{several(50, 60)}"])
    with toy_loop(broker, names, names["in"]) as loop:
        wait_until(loop.intake.ledger.has_divided)
        loop.intake.abandon()  # as a registry that does not answer makes the reader do
        wait_until_committed(broker, names, names["in"], 1)
    assert len(set(classified(broker, names))) == len(classified(broker, names)) == 101
