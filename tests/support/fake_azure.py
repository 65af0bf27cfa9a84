# SPDX-License-Identifier: MIT
"""Fakes of the SDK's clients, for what takes minutes or a wrong turn of the real ones."""

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
    """Managed identities and role assignments; every request is noted."""

    def __init__(self, names: Iterable[str] = ("app-identity",)) -> None:
        self.requests: list[str] = []
        self.managed = {identity_id(name).lower(): identity_id(name) for name in names}
        self.assignments: list[Any] = []
        self.custom_actions: list[str] = []
        self.refuse_list: Exception | None = None
        self.refuse_create: Exception | None = None
        # What a list of many managed identities, or of role assignments anywhere, has of what it should have.
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
        """Somebody assigns a role."""
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
        """How many requests of a kind there were."""
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
        """Without atScope() what is below the scope is listed too."""
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
    """One managed cluster whose writes have the outcomes that a test names; the last one from then on."""

    def __init__(self, wire: Json, *outcomes: Outcome) -> None:
        self.raw = wire
        self.writes: list[Json] = []
        self.options: list[Json] = []
        # What happens in the meantime, just before a request arrives.
        self.before_read: Callable[[], object] = lambda: None
        self.before_write: Callable[[], object] = lambda: None
        # What the answer to a write shows of it.
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
        if polling := options["polling"]:  # as the SDK's poller tells it of the answer
            polling._initial_response = self.answer(deepcopy(self.writes[-1]))
            polling._deserialization_callback = ManagedCluster
        return lambda: self.get(group, name)


def assigned(wire: Json) -> Json:
    """The outcome of a write that goes well."""
    return with_state(wire, "Assigned")


def with_state(wire: Json, state: str, **more: Any) -> Json:
    """The cluster with all its pod identities in that state."""
    for entry in wire["properties"]["podIdentityProfile"].get("userAssignedIdentities", ()):
        entry.update(provisioningState=state, **more)
    return wire


def busy() -> Exception:
    """What the service answers while another operation runs."""
    message = "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish."
    return http_error(409, {"code": "OperationNotAllowed", "message": message})


def writer(clusters: Any, timeout: float | None = None) -> ClusterWriter:
    """The extension's view of the cluster."""
    return ClusterWriter(CLI, clusters, REFERENCE, timeout)


def connect(azure: Azure, patch: pytest.MonkeyPatch) -> None:
    """Has the extension talk to that Azure."""
    patch.setattr(managed_identities, "managed_identity_client", lambda *_: azure)
    patch.setattr(role_assignments, "role_assignments_client", lambda *_: azure)
    patch.setattr(role_assignments, "role_definitions_client", lambda *_: azure)
    # The real one looks at a poller from a thread of its own.
    patch.setattr("azext_podidentity.arm.cluster_writer.follow", lambda _, poller, *__: poller())
