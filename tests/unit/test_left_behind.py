"""No test leaves a process behind unnoticed."""

import os
import subprocess

import pytest

from tests.left_behind import children_left_behind


def test_a_running_child_is_named_and_killed():
    with children_left_behind(patience_s=0.2) as left:
        child = subprocess.Popen(["/bin/sleep", "60"])
    assert left == [f"{child.pid}: /bin/sleep 60"]
    assert child.wait(5) == -9


def test_a_child_whose_own_parent_died_is_found_too():
    with children_left_behind(patience_s=0.2) as left:
        orphan = int(
            subprocess.check_output(["/bin/sh", "-c", "/bin/sleep 60 >/dev/null & echo $!"])
        )
    assert left == [f"{orphan}: /bin/sleep 60"]


def test_a_child_without_our_environment_is_found_too():
    with children_left_behind(patience_s=0.2) as left:
        child = subprocess.Popen(["/bin/sleep", "60"], env={})
    assert left == [f"{child.pid}: /bin/sleep 60"]
    child.wait(5)


@pytest.mark.parametrize("command", [["/bin/true"], ["/bin/sleep", "0.3"]])
def test_a_child_that_ends_in_time_is_no_fault(command):
    with children_left_behind() as left:
        child = subprocess.Popen(command)
    assert left == []
    assert child.wait(5) == 0


def test_what_ran_before_the_test_is_left_alone():
    with subprocess.Popen(["/bin/sleep", "60"]) as earlier:
        with children_left_behind(patience_s=0.2) as left:
            pass
        assert left == []
        os.kill(earlier.pid, 9)
