# SPDX-License-Identifier: MIT
"""Run a sample of `./benchmarks/run trials`: the same commands, faults, kills and writers."""

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.chaos import Kills, Writers
from tests.support.fault_table import Case, Table, sample
from tests.support.forked_az import ForkedAz

SINGLES, PAIRS, KILLS = 18, 10, 8
SEED = 20251125


@pytest.fixture
def table(simulator: Simulator, az: ForkedAz) -> Table:
    token = az("account get-access-token --query accessToken --output tsv").ok().stdout.strip()
    return Table(simulator, az, token)


@pytest.mark.parametrize("part", range(3))
def test_one_fault(table: Table, part: int) -> None:
    run_all(table, sample(table.singles(), SINGLES, SEED)[part::3])


def test_one_fault_without_etags(table: Table) -> None:
    table.etags = False
    run_all(table, sample(table.singles(), SINGLES // 3, SEED + 1))


@pytest.mark.parametrize("part", range(2))
def test_two_faults(table: Table, part: int) -> None:
    run_all(table, sample(table.pairs(), PAIRS, SEED)[part::2])


def test_kill_at_any_moment(table: Table) -> None:
    kills = Kills(table, SEED)
    assert kills.run(KILLS) == []
    assert kills.killed


@pytest.mark.parametrize("etags", [True, False], ids=["etags", "no etags"])
def test_concurrent_writers(simulator: Simulator, az: ForkedAz, etags: bool) -> None:
    assert Writers(3, 2, 1, etags).run(simulator, az) == []


def run_all(table: Table, cases: list[Case]) -> None:
    assert cases
    for case in cases:
        try:
            table.run(case)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error
