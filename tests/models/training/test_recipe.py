import pytest

from models.training.recipe import Recipe, rate_at


def test_the_cosine_ends_at_zero():
    recipe = Recipe(steps=200, rate=0.1)

    assert rate_at(recipe, 0) == pytest.approx(0.1)
    assert rate_at(recipe, 100) == pytest.approx(0.05)
    assert rate_at(recipe, 200) == pytest.approx(0)


def test_the_exponential_is_smooth_and_the_steps_are_not():
    smooth = Recipe(steps=200, rate=0.8, decay="exponential", factor=0.5, decay_steps=10)
    stairs = Recipe(steps=200, rate=0.8, decay="step", factor=0.5, decay_steps=10)

    assert [rate_at(smooth, step) for step in (0, 5, 10, 20)] == pytest.approx(
        [0.8, 0.8 * 0.5**0.5, 0.4, 0.2]
    )
    assert [rate_at(stairs, step) for step in (0, 9, 10, 20)] == pytest.approx([0.8, 0.8, 0.4, 0.2])


def test_a_constant_rate_stays_after_the_warm_up():
    recipe = Recipe(steps=200, rate=0.4, decay="constant", warmup=4)

    rates = [rate_at(recipe, step) for step in (0, 1, 3, 4, 199)]

    assert rates == pytest.approx([0.1, 0.2, 0.4, 0.4, 0.4])
