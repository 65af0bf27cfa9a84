# SPDX-License-Identifier: MIT
"""Random concurrent commands on two clusters with a shared identity. They must not lose or leave roles."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azext_podidentity.profile.rbac import assignment_name
from azure_simulator import Durations, Fault, Simulator
from azure_simulator.clock import Between
from tests.support.azure_cli import GROUP, NAMESPACE, OPERATION_PATH, Result, result_of
from tests.support.cluster_state import pod_identity
from tests.support.entry_files import binding, write
from tests.support.forked_az import ForkedAz
from tests.support.workload_manifests import workload
from tests.support.workload_manifests import write as write_objects

CLUSTERS = ("first", "second")
NAMES = ("a", "b", "c")
PROCESSES = 4
# The share of rounds in which the cluster identity was replaced by one without roles.
EXCHANGED = 0.2
# Simulated seconds, short compared with a command's work, so that many moments coincide.
OPERATION, PROPAGATION = (1.0, 8.0), Between(1.0, 15.0)


@dataclass
class Interleavings:
    """Rounds of concurrent commands, each on newly seeded clusters.

    commands: number of commands of each kind. failed: number of errors, such as of an add after the add-on was
    disabled. exchanged: number of rounds in which the cluster identity lacked all roles. reported: number of leftover
    roles that a command reported.
    """

    azure: Simulator
    az: ForkedAz
    folder: Path
    seed: int = 0
    commands: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    exchanged: int = 0
    reported: int = 0

    def run(self, count: int) -> Iterator[str]:
        """Run `count` rounds. Yield the problems of each: missing roles, and unreported leftover roles."""
        for number in range(count):
            chosen = random.Random(f"{self.seed}/{number}")
            for wrong in self._round(chosen):
                yield f"round {number}: {wrong}"

    def _round(self, chosen: random.Random) -> Iterator[str]:
        exchanged = chosen.random() < EXCHANGED
        principal, identities = self._seed(chosen, granted=not exchanged)
        lines = [self._command(chosen, identities) for _ in range(PROCESSES)]
        for _ in range(chosen.choice((0, 0, 1, 2))):
            self.azure.faults.add(Fault("GET", OPERATION_PATH, status=chosen.choice((404, 500)), times=4))
        assert self.az.clock
        with self.az.clock.held():
            processes = [self.az.start(line) for line in lines]
        results = [result_of(process, seconds=600) for process in processes]
        if exchanged:
            self.exchanged += 1
            results += [self.az(self._apply_again(name)) for name in CLUSTERS if self._entries(name)]
        self.failed += sum(result.exit_code != 0 for result in results)
        yield from (
            f"{line}: {result.stderr}" for line, result in zip(lines, results, strict=False) if _crashed(result)
        )
        wrong = [*self._missing(principal), *self._left(principal, results)]
        yield from (f"{each} after {lines}: {[result.stderr for result in results]}" for each in wrong)

    def _seed(self, chosen: random.Random, *, granted: bool) -> tuple[str, list[dict[str, Any]]]:
        """Create the clusters with random entries. Return the principal and the managed identities.

        Without roles, the clusters are as after a replacement of their identity.
        """
        self.azure.reset()
        self.azure.settings.etags = chosen.random() < 0.7
        self.azure.settings.azure_cli_latency = chosen.choice((0.0, 0.2))
        operation = chosen.uniform(*OPERATION)
        self.azure.durations = Durations(pod_identity=operation, update=operation, role_propagation=PROPAGATION)
        seed = self.azure.seed
        seed.resource_group(GROUP)
        shared = seed.managed_identity(GROUP, "cluster-identity")
        principal = str(shared["properties"]["principalId"])
        identities = [seed.managed_identity(GROUP, name) for name in NAMES]
        bound: set[str] = set()
        for name in CLUSTERS:
            own = [each for each in identities if chosen.random() < 0.5]
            bound |= {each["id"] for each in own}
            profile = {"enabled": True, "userAssignedIdentities": [pod_identity(each, each["name"]) for each in own]}
            seed.cluster(GROUP, name, identity=shared["id"], pod_identity=profile)
        for resource_id in bound if granted else ():
            seed.role_assignment(resource_id, principal, name=assignment_name(resource_id, principal))
        return principal, identities

    def _command(self, chosen: random.Random, identities: list[dict[str, Any]]) -> str:
        cluster, identity = chosen.choice(CLUSTERS), chosen.choice(identities)
        kind = chosen.choices(("add", "delete", "apply", "finish"), (4, 4, 2, 1))[0]
        self.commands[kind] = self.commands.get(kind, 0) + 1
        on_cluster = f"--resource-group {GROUP} --cluster-name {cluster}"
        entry = f"{on_cluster} --namespace {NAMESPACE} --name {identity['name']}"
        if kind == "add":
            return f"aks pod-identity add {entry} --identity-resource-id {identity['id']}"
        if kind == "delete":
            return f"aks pod-identity delete {entry} --delete-role-assignment --yes"
        if kind == "apply":
            kept = [binding(each) for each in identities if chosen.random() < 0.5]
            file = write(self.folder, kept, name=f"{chosen.getrandbits(32)}.yaml")
            return f"aks pod-identity apply {on_cluster} --file {file} --prune --yes"
        moved = write_objects(self.folder / "moved.yaml", workload("web", None, account="web"))
        return f"aks pod-identity migrate {on_cluster} --workloads {moved} --finish --force --yes"

    def _apply_again(self, cluster: str) -> str:
        """Return the command that applies the cluster's current entries, which grants missing roles."""
        kept = [
            {
                "namespace": each["namespace"],
                "name": each["name"],
                "identity": {"resourceId": each["identity"]["resourceId"]},
            }
            for each in self._entries(cluster)
        ]
        file = write(self.folder, kept, name=f"{cluster}.yaml")
        return f"aks pod-identity apply --resource-group {GROUP} --cluster-name {cluster} --file {file}"

    def _missing(self, principal: str) -> Iterator[str]:
        """Yield the entries whose role is missing."""
        granted = self._scopes(principal)
        for name in CLUSTERS:
            for entry in self._entries(name):
                if entry["identity"]["resourceId"].lower() not in granted:
                    yield f"entry {entry['name']} of {name} ({entry.get('provisioningState')}) has no role"

    def _left(self, principal: str, results: list[Result]) -> Iterator[str]:
        """Yield the roles that no entry needs and no command reported."""
        needed = {entry["identity"]["resourceId"].lower() for name in CLUSTERS for entry in self._entries(name)}
        output = "".join(result.stdout + result.stderr for result in results).lower()
        for scope in self._scopes(principal) - needed:
            if scope in output:
                self.reported += 1
            else:
                yield f"the role over {scope} is left and was not reported"

    def _scopes(self, principal: str) -> set[str]:
        return {str(each["properties"]["scope"]).lower() for each in self.azure.role_assignments(principal)}

    def _entries(self, cluster: str) -> list[dict[str, Any]]:
        profile = self.azure.cluster(GROUP, cluster)["properties"].get("podIdentityProfile") or {}
        entries: list[dict[str, Any]] = profile.get("userAssignedIdentities") or []
        return entries


def _crashed(result: Result) -> bool:
    return "Traceback" in result.stderr or result.exit_code not in (0, 1, 3)
