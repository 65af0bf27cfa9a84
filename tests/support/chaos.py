# SPDX-License-Identifier: MIT
"""Commands of `fault_table` killed at random moments, and many writers at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, ROLE_PATH, Result, result_of
from tests.support.cluster_state import entries, exceptions, pod_exception, seed_entries, takes
from tests.support.fault_table import COMMANDS, Command, Table
from tests.support.forked_az import ForkedAz

# Seconds of the simulator's clock. As in the service, longer than a client needs from its read to its write.
OPERATION = 20.0
# Seconds of the machine's clock.
_PATIENCE = 600
_TAGGED = {"written": "by-another"}


@dataclass
class Kills:
    """Commands that are killed at a random moment and run again."""

    table: Table
    seed: int = 0
    killed: int = 0
    ended_before: int = 0
    _took: dict[str, float] = field(default_factory=dict)

    def run(self, count: int) -> list[str]:
        """Kill `count` commands. Return the differences from a single complete run."""
        chosen = random.Random(self.seed)
        wrong = []
        for number in range(count):
            try:
                self._kill(COMMANDS[number % len(COMMANDS)], chosen.random())
            except AssertionError as error:
                wrong.append(str(error))
        return wrong

    def _kill(self, command: Command, part: float) -> None:
        took = self._took.get(command.name) or self._measure(command)
        line = self._prepare(command)
        before = self.table.others(command)
        first = self.table.az.killed(line, part * took)
        self.killed += first.exit_code < 0
        self.ended_before += first.exit_code >= 0
        again = self.table.az(line)
        assert again.exit_code in {0, command.again}, f"{command.name} after a kill: {again.stderr}"
        assert "Traceback" not in again.stderr
        assert command.is_done(self.table.azure), f"{command.name} is not done"
        assert self.table.others(command) == before, f"{command.name}: unrelated state has changed"
        grants = {grant.path for grant in self.table.azure.requests.matching("PUT", ROLE_PATH)}
        assert len(grants) <= 1, grants

    def _prepare(self, command: Command) -> str:
        line = self.table.seed(command)
        takes(self.table.azure, pod_identity=0.2, update=0.2)
        return line

    def _measure(self, command: Command) -> float:
        line = self._prepare(command)
        started = time.monotonic()
        self.table.az(line).ok()
        self._took[command.name] = time.monotonic() - started
        return self._took[command.name]


@dataclass(frozen=True)
class Writers:
    """Numbers of concurrent writers on the simulator's clock. If any delete, `az aks update` also writes a tag."""

    adds: int
    deletes: int
    updates: int
    etags: bool = True

    def __str__(self) -> str:
        mixed = f", {self.deletes} deletes, {self.updates} exception updates and az aks update --tags"
        what = f"{self.adds} adds{mixed * bool(self.deletes)} at once"
        return f"{what}, {'with' if self.etags else 'without'} ETags"

    def run(self, azure: Simulator, az: ForkedAz) -> list[str]:
        """Run the writers. Return lost or missing changes, and the errors of failed commands."""
        doomed, updated = _names("doomed", self.deletes), _names("updated", self.updates)
        azure.reset()
        azure.seed.resource_group(GROUP)
        azure.settings.etags = self.etags
        seed_entries(azure, "kept", *doomed, exceptions=[pod_exception(name, {"app": "old"}) for name in updated])
        added = {name: azure.seed.managed_identity(GROUP, name)["id"] for name in _names("added", self.adds)}
        takes(azure, pod_identity=OPERATION, update=OPERATION)
        lines = [
            *(f"add {POD_IDENTITY} --name {name} --identity-resource-id {id}" for name, id in added.items()),
            *(f"delete {POD_IDENTITY} --name {name}" for name in doomed),
            *(f"exception update {POD_IDENTITY} --name {name} --pod-labels app=new" for name in updated),
        ]
        running = [az.start(f"aks pod-identity {line}") for line in lines]
        tagged = self.deletes == 0 or _tag(az)
        results = [result_of(process, seconds=_PATIENCE) for process in running]
        failed = [result.stderr for result in results if result.exit_code]
        return [*failed, *self._missing(azure, {"kept", *added}, set(updated)), *([] if tagged else ["the tag"])]

    def _missing(self, azure: Simulator, there: set[str], updated: set[str]) -> list[str]:
        found = entries(azure)
        labels = {name: exceptions(azure).get(name, {}).get("podLabels") for name in updated}
        tags: dict[str, Any] = azure.cluster(GROUP, CLUSTER).get("tags") or {}
        return [
            *(f"{name} is missing or unexpected" for name in there ^ found.keys()),
            *(
                f"{name} is {entry['provisioningState']}"
                for name, entry in found.items()
                if name in there - {"kept"} and entry["provisioningState"] != "Assigned"
            ),
            *(f"{name} has {value}" for name, value in labels.items() if value != {"app": "new"}),
            *([] if not self.deletes or tags == _TAGGED else [f"the tags are {tags}"]),
        ]


def _tag(az: ForkedAz) -> bool:
    """Run the host's update, again while the cluster is busy. Return whether it succeeded."""
    line = f"aks update --resource-group {GROUP} --name {CLUSTER} --tags written=by-another"
    return _until_ok(lambda: result_of(az.start(line), seconds=_PATIENCE))


def _until_ok(run: Callable[[], Result]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if run().exit_code == 0:
            return True
    return False


def _names(stem: str, count: int) -> list[str]:
    return [f"{stem}-{number}" for number in range(count)]
