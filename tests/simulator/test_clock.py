# SPDX-License-Identifier: MIT
"""Random durations."""

from __future__ import annotations

from azure_simulator.clock import PROPAGATION_SEEN, Between, ManualClock
from azure_simulator.context import Context


def test_propagation_takes_5_to_35_seconds() -> None:
    drawn = sorted(PROPAGATION_SEEN.draw(str(number)) for number in range(1000))
    assert 5 <= drawn[0] < 6
    assert 34 < drawn[-1] <= 35
    assert 19 < drawn[500] < 21


def test_same_seed_and_key_give_same_duration() -> None:
    clock = ManualClock()
    one, same, other = (Context(clock, random_seed=seed) for seed in (1, 1, 2))
    drawn = one.after(Between(5, 600), "scope")
    assert drawn == same.after(Between(5, 600), "scope")
    assert drawn != other.after(Between(5, 600), "scope")
    assert drawn != one.after(Between(5, 600), "another scope")


def test_random_duration_is_scaled() -> None:
    assert Context(ManualClock(), scale=0.5).after(Between(10, 10)) == 5
