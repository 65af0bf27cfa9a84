# SPDX-License-Identifier: MIT
"""Test that nothing is lost: faults at every request, killed commands, and many writers at once.

Every command is a real az, forked from one that has imported its modules already. Its clock runs a hundred times as
fast for faults and kills, and is the simulator's for commands that run at once.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from azure_simulator import AZURE_LIMITS, NO_LIMITS, Simulator
from azure_simulator.limits import Limits
from azure_simulator.shared_clock import SharedClock
from benchmarks.figures import Figure
from development.console import note
from development.paths import NEWEST
from development.session import sign_in
from tests.support.chaos import Kills, Writers
from tests.support.fault_table import Case, Table, sample
from tests.support.forked_az import ForkedAz
from tests.support.interleavings import Interleavings

SECTION = "Trials"
_SPEED = 100
_AT_ONCE = 1e-6


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of these trials."""
    parser.add_argument("--singles", type=int, default=10**6, help="how many of the single faults, all by default")
    parser.add_argument("--pairs", type=int, default=600, help="how many of the pairs of faults")
    parser.add_argument("--kills", type=int, default=200, help="how many killed commands")
    parser.add_argument("--writers", type=int, default=20, help="how many at the same time")
    parser.add_argument("--interleavings", type=int, default=200, help="how many rounds of commands about roles")
    parser.add_argument("--only-interleavings", action="store_true", help="skip the other trials")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the random pairs and times of kills")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Return the number of trials of each kind, and of those in which something was lost."""
    yield from _interleavings(options.interleavings, options.seed)
    if options.only_interleavings:
        return
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        Simulator(_AT_ONCE) as simulator,
        ForkedAz(NEWEST, sign_in(simulator, Path(folder), NEWEST.extension_directory), _SPEED) as az,
    ):
        token = az("account get-access-token --query accessToken --output tsv").ok().stdout.strip()
        table = Table(simulator, az, token)
        yield from _faults("one fault", table, sample(table.singles(), options.singles, options.seed))
        yield from _faults("two faults", table, sample(table.pairs(), options.pairs, options.seed))
        bare = Table(simulator, az, token, etags=False)
        yield from _faults("one fault, without ETags", bare, sample(bare.singles(), options.singles, options.seed))
        yield from _kills(Kills(table, options.seed), options.kills)
    yield from _all_writers(options.writers)


@contextmanager
def _on_shared_clock(limits: Limits) -> Iterator[tuple[Simulator, ForkedAz, Path]]:
    """Yield a simulator and an az on one clock, on which waits take no time, and a folder for files."""
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        SharedClock() as clock,
        Simulator(clock=clock, limits=limits) as simulator,
        ForkedAz(NEWEST, sign_in(simulator, Path(folder), NEWEST.extension_directory)) as az,
    ):
        az.clock = clock
        yield simulator, az, Path(folder)


def _all_writers(count: int) -> Iterator[Figure]:
    """Run many writers at once, without limits: `az aks update`, repeated until it succeeds, would exhaust them."""
    with _on_shared_clock(NO_LIMITS) as (simulator, az, _):
        for etags in (True, False):
            yield _writers(Writers(count, 0, 0, etags), simulator, az)
            yield _writers(Writers(count // 2, count // 4, count // 4, etags), simulator, az)


def _interleavings(count: int, seed: int) -> Iterator[Figure]:
    """Run commands about roles at once, within Azure's limits."""
    with _on_shared_clock(AZURE_LIMITS) as (simulator, az, folder):
        trial = Interleavings(simulator, az, folder, seed)
        wrong = 0
        for each in trial.run(count):
            wrong += 1
            note(each)
    case = "commands about roles on two clusters of one identity"
    for kind, times in sorted(trial.commands.items()):
        yield Figure(SECTION, case, f"{kind} commands", times, "", count)
    yield Figure(SECTION, case, "rounds with an exchanged cluster identity", trial.exchanged, "", count)
    yield Figure(SECTION, case, "commands that ended with an error", trial.failed, "", count)
    yield Figure(SECTION, case, "roles that nothing needs, reported", trial.reported, "", count)
    yield Figure(SECTION, case, "roles missing, or left and not reported", wrong, "", count, 0)


def _faults(name: str, table: Table, cases: Sequence[Case]) -> Iterator[Figure]:
    table.outcomes.clear()
    wrong, count = 0, len(cases)
    for case in cases:
        try:
            table.run(case)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            wrong += 1
            note(f"{case}: {error}")
    for outcome, times in sorted(table.outcomes.items()):
        yield Figure(SECTION, name, outcome, times, "", count)
    yield Figure(SECTION, name, "lost a change, or could not continue", wrong, "", count, 0)


def _kills(kills: Kills, count: int) -> Iterator[Figure]:
    wrong = kills.run(count)
    for each in wrong:
        note(f"killed: {each}")
    tried = kills.killed + kills.ended_before
    yield Figure(SECTION, "killed, and run again", "completed before it was killed", kills.ended_before, "", tried)
    yield Figure(SECTION, "killed, and run again", "other result than of one run", len(wrong), "", tried, 0)


def _writers(writers: Writers, simulator: Simulator, az: ForkedAz) -> Figure:
    lost = writers.run(simulator, az)
    for each in lost:
        note(f"{writers}: {each}")
    return Figure(SECTION, str(writers), "changes lost or failed", len(lost), "", 1, 0)
