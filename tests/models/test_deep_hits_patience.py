import json

import pytest

from models.deep_hits.patience import Patience

GOLDEN = [0, 5, 10, 15, 25, 35, 50, 55, 70, 80, 90, 105, 115, 145, 155, 205, 220, 310, 340]
"""Thousands of iterations at which the patience of arch7's run was looked at again."""


def replay(patience, points):
    """Give the states of the rule after each validation."""
    states = [patience]
    for iteration, error in points:
        states.append(states[-1].after(iteration, error))
    return states[1:]


def test_the_stored_history_of_arch7_is_replayed(survey_data):
    stored = json.loads((survey_data / "deephits" / "arch7_learning_history.json").read_text())
    iterations = [int(iteration) for iteration in stored["iter_val_history"]]
    points = list(zip(iterations, stored["val_err_history"], strict=True))

    states = replay(Patience(iterations=100_000), points)

    greats = [float("inf"), *(state.great for state in states)]
    updates = [
        point[0] // 1000
        for point, before, after in zip(points, greats, greats[1:], strict=False)
        if before != after
    ]
    assert updates == GOLDEN
    assert states[-1].best == pytest.approx(0.00525)
    assert (states[-1].best_iteration, states[-1].iterations) == (355_000, 440_000)
    assert not states[-1].is_over(points[-1][0])


def test_an_improvement_of_a_hundredth_is_the_best_but_gives_no_time():
    states = replay(Patience(iterations=100), [(60, 0.2), (90, 0.1985), (100, 0.19)])

    assert [state.iterations for state in states] == [120, 120, 200]
    assert [state.best_iteration for state in states] == [60, 90, 100]


def test_small_improvements_add_up_to_a_great_one():
    states = replay(Patience(iterations=100), [(60, 0.2), (80, 0.1985), (90, 0.1975)])

    assert [state.iterations for state in states] == [120, 120, 180]


def test_time_grows_by_a_hundred_thousand_at_most():
    (state,) = replay(Patience(iterations=100), [(300_000, 0.1)])

    assert state.iterations == 400_000


def test_patience_never_shrinks():
    (state,) = replay(Patience(iterations=1000), [(10, 0.1)])

    assert state.iterations == 1000


def test_a_worse_validation_changes_nothing():
    states = replay(Patience(iterations=100), [(60, 0.2), (70, 0.2), (80, 0.5)])

    assert states[0] == states[1] == states[2]
