# SPDX-License-Identifier: MIT
"""Scenarios: their names, their `az`, and their clean-up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from azure_simulator import Simulator
from tests.support.azure_cli import Result

Az = Callable[[str], Result]
LOCATION = "westus2"
IN_APP = "--namespace my-app"


@dataclass(frozen=True)
class Names:
    """The names of a scenario's resources."""

    group: str
    cluster: str

    @classmethod
    def fixed(cls) -> Names:
        """Return the names in the recordings."""
        return cls("playback-group", "playback-cluster")

    @classmethod
    def random(cls) -> Names:
        """Return unique names, for a subscription that is in use."""
        word = secrets.token_hex(5)
        return cls(f"podidentity-test-{word}", f"cluster-{word}")


class Scenario:
    """A resource group of the scenario, and the `az` for it.

    The context manager creates the group and deletes it with its contents at the end, also after a failure.
    `simulator` is the recorded simulator, and None in a replay and live.
    """

    def __init__(self, az: Az, names: Names, simulator: Simulator | None = None) -> None:
        self._az = az
        self.names = names
        self.simulator = simulator

    def __enter__(self) -> Scenario:
        try:
            self.az(f"group create --name {self.names.group} --location {LOCATION}").ok()
        except BaseException:  # it may be there all the same
            self._delete()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._delete().ok()

    def az(self, command: str) -> Result:
        """Run `az COMMAND`, with the scenario's names for `{group}`, `{cluster}` and `{on_cluster}`."""
        group, cluster = self.names.group, self.names.cluster
        on_cluster = f"--resource-group {group} --cluster-name {cluster}"
        return self._az(
            command.replace("{group}", group).replace("{cluster}", cluster).replace("{on_cluster}", on_cluster)
        )

    def pod_identity(self, command: str) -> Result:
        """Run `az aks pod-identity COMMAND` on the scenario's cluster."""
        verb, _, rest = command.partition(" --")
        return self.az(
            f"aks pod-identity {verb} {{on_cluster}} --{rest}" if rest else f"aks pod-identity {verb} {{on_cluster}}"
        )

    def create_cluster(self, flags: str = "--network-plugin azure --enable-pod-identity") -> Any:
        """Create the scenario's cluster. Return its JSON."""
        return self.az(f"aks create --resource-group {{group}} --name {{cluster}} --no-ssh-key {flags}").ok().json

    def update_cluster(self, flags: str) -> Result:
        """Run `az aks update` on the scenario's cluster."""
        return self.az(f"aks update --resource-group {{group}} --name {{cluster}} {flags}")

    def create_identity(self, name: str) -> str:
        """Create a managed identity. Return its resource ID."""
        return str(self.az(f"identity create --resource-group {{group}} --name {name}").ok().json["id"])

    def _delete(self) -> Result:
        return self.az("group delete --name {group} --yes --no-wait")


def states(answer: object) -> dict[str, str]:
    """Return the provisioning state of each pod identity in a cluster's JSON, by name."""
    assert isinstance(answer, dict)
    entries = answer["podIdentityProfile"]["userAssignedIdentities"] or []
    return {each["name"]: each["provisioningState"] for each in entries}
