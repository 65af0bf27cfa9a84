# SPDX-License-Identifier: MIT
"""Fakes of the SDK's clients, for cases that take minutes or rare errors with the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from azure.mgmt.containerservice.models import ManagedCluster

from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.profile.rbac import MANAGED_IDENTITY_OPERATOR
from tests.support.builders import PRINCIPAL, REFERENCE, Json, http_error, identity_id, refusal

CLI = SimpleNamespace(only_show_errors=True, data={})
OLD = datetime(2020, 1, 1, tzinfo=timezone.utc)
Outcome = Callable[[Json], Json] | Exception


class Azure:
    """Managed identities and role assignments. Every request is recorded."""

    def __init__(self, names: Iterable[str] = ("app-identity",)) -> None:
        self.requests: list[str] = []
        self.managed = {identity_id(name).lower(): identity_id(name) for name in names}
        self.assignments: list[Any] = []
        self.custom_actions: list[str] = []
        self.refuse_list: Exception | None = None
        self.refuse_create: Exception | None = None
        # Filters the lists of many managed identities or role assignments, which can be incomplete.
        self.broad: Callable[[list[Any]], list[Any]] = list
        self.user_assigned_identities = SimpleNamespace(
            get=self._get, list_by_resource_group=self._list_group, list_by_subscription=self._list_all
        )

    def assign(
        self,
        scope: str,
        created: datetime = OLD,
        role: str = MANAGED_IDENTITY_OPERATOR,
        principal: str | None = PRINCIPAL,
    ) -> None:
        """Assign a role."""
        name = str(len(self.assignments))
        definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
        self.assignments.append(
            SimpleNamespace(
                id=f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
                scope=scope,
                name=name,
                role_definition_id=definition,
                principal_id=principal,
                created_on=created,
            )
        )

    def count(self, kind: str) -> int:
        """Return the number of requests of a kind."""
        return len([request for request in self.requests if request.startswith(kind)])

    def _get(self, group: str, name: str) -> Any:
        self.requests.append(f"identity {name}")
        found = self.managed.get(identity_id(name, group).lower())
        if found is None:
            raise refusal("ResourceNotFound", "It was not found.", 404)
        return _identity(found)

    def _list_group(self, group: str) -> list[Any]:
        self.requests.append(f"identities of group {group}")
        return self._listed(f"/resourcegroups/{group}/")

    def _list_all(self) -> list[Any]:
        self.requests.append("identities of subscription")
        return self._listed("")

    def _listed(self, part: str) -> list[Any]:
        return self.broad([_identity(found) for key, found in self.managed.items() if part.lower() in key])

    def list_for_scope(self, scope: str, filter: str) -> list[Any]:
        """Return the assignments at the scope and, without `atScope()`, below it."""
        self.requests.append(f"list {scope}")
        of_one = "/userassignedidentities/" in scope.lower()
        assert filter == ("atScope() and " if of_one else "") + f"assignedTo('{PRINCIPAL}')"
        if self.refuse_list:
            raise self.refuse_list
        return list(self.assignments if of_one else self.broad(self.assignments))

    def create(self, scope: str, name: str, parameters: Any) -> None:
        self.requests.append(f"grant {scope} {name}")
        if self.refuse_create:
            raise self.refuse_create
        self.assign(scope, datetime.now(timezone.utc))

    def get_by_id(self, role_id: str) -> Any:
        """Return the definition of a role, a custom one or another that permits nothing here."""
        return SimpleNamespace(permissions=[SimpleNamespace(actions=self.custom_actions, not_actions=[])])

    def delete(self, scope: str, name: str) -> None:
        self.requests.append(f"revoke {scope} {name}")
        self.assignments = [each for each in self.assignments if (each.scope, each.name) != (scope, name)]


def _identity(resource_id: str) -> Any:
    name = resource_id.rpartition("/")[2]
    ids = {"client_id": f"client of {name}", "principal_id": f"object of {name}", "tenant_id": None}
    return SimpleNamespace(id=resource_id, **ids)


class Clusters:
    """A managed cluster whose writes have the given outcomes. The last outcome is repeated."""

    def __init__(self, wire: Json, *outcomes: Outcome) -> None:
        self.raw = wire
        self.writes: list[Json] = []
        self.options: list[Json] = []
        # Called just before a request arrives.
        self.before_read: Callable[[], object] = lambda: None
        self.before_write: Callable[[], object] = lambda: None
        # Returns the response to a write.
        self.answer: Callable[[Json], Json] = assigned
        self._outcomes = list(outcomes) or [assigned]

    def get(self, group: str, name: str) -> ManagedCluster:
        assert (group, name) == (REFERENCE.resource_group, REFERENCE.name)
        self.before_read()
        return ManagedCluster(deepcopy(self.raw))

    def begin_create_or_update(self, group: str, name: str, model: ManagedCluster, **options: Any) -> Any:
        self.before_write()
        self.writes.append(model.as_dict())
        self.options.append(options)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        self.raw = outcome(deepcopy(self.writes[-1]))
        if polling := options["polling"]:  # like the SDK's poller
            polling._initial_response = self.answer(deepcopy(self.writes[-1]))
            polling._deserialization_callback = ManagedCluster
        return lambda: self.get(group, name)


def assigned(wire: Json) -> Json:
    """Return the outcome of a successful write."""
    return with_state(wire, "Assigned")


def with_state(wire: Json, state: str, **more: Any) -> Json:
    """Return the cluster with all its pod identities in the state."""
    for entry in wire["properties"]["podIdentityProfile"].get("userAssignedIdentities", ()):
        entry.update(provisioningState=state, **more)
    return wire


def busy() -> Exception:
    """Return the service's error while another operation runs."""
    message = "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish."
    return http_error(409, {"code": "OperationNotAllowed", "message": message})


def writer(clusters: Any, timeout: float | None = None) -> ClusterWriter:
    """Return the extension's writer for the cluster."""
    return ClusterWriter(CLI, clusters, REFERENCE, timeout)


def connect(azure: Azure, patch: pytest.MonkeyPatch) -> None:
    """Connect the extension to the fake Azure."""
    patch.setattr(managed_identities, "managed_identity_client", lambda *_: azure)
    patch.setattr(role_assignments, "role_assignments_client", lambda *_: azure)
    patch.setattr(role_assignments, "role_definitions_client", lambda *_: azure)
    # The real one polls in a separate thread.
    patch.setattr("azext_podidentity.arm.cluster_writer.follow", lambda _, poller, *__: poller())
