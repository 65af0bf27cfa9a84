# SPDX-License-Identifier: MIT
"""Plan the changes of KEDA's TriggerAuthentications, with which its operator signs in as its own service account.

The operator needs a federated identity credential on each managed identity that a TriggerAuthentication names:
https://keda.sh/docs/latest/authentication-providers/azure-ad-workload-identity/ and
https://github.com/kedacore/keda/issues/4597. Nothing public says that it can use identity bindings.
"""

from __future__ import annotations

from collections.abc import Sequence

from azext_podidentity.migration import user_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.node_agent_users import NodeAgentUser
from azext_podidentity.migration.service_account_groups import ServiceAccountGroup
from azext_podidentity.migration.steps import ResourceStep
from azext_podidentity.migration.workloads import ObjectKey

_OPERATOR = "keda-operator"


class TriggerAuthenticationPlanner:  # pylint: disable=too-few-public-methods
    """Decide for each TriggerAuthentication whether the operator can sign in for it without the node agent."""

    def __init__(self, inventory: Inventory, groups: Sequence[ServiceAccountGroup], *, removes_labels: bool) -> None:
        found = (each for each in inventory.workloads if each.key.name == _OPERATOR)
        self._operator = next((each for each in found if each.binding is not None or each.uses_workload_identity), None)
        self._inventory = inventory
        self._group = next((each for each in groups if self._operator and self._operator.key in each.workloads), None)
        self._removes_labels = removes_labels

    def plan(self, user: NodeAgentUser) -> ResourceStep | Decision:
        """Return the step of a TriggerAuthentication that uses the node agent, or the decision that it needs first."""
        if self._is_bound():
            return user_decisions.trigger_on_identity_binding(user, self._blocked())
        client_ids = self._client_ids()
        wanted = user.client_id or next(iter(client_ids), "")
        if wanted and wanted.lower() in {each.lower() for each in client_ids}:
            return ResourceStep(user, wanted)
        return user_decisions.trigger_authentication_unclear(user, self._reason(user), self._blocked())

    def _is_bound(self) -> bool:
        """Return whether the operator gets a managed identity by an identity binding, or has it already."""
        if self._operator is None:
            return False
        return self._operator.uses_identity_binding or bool(self._group and self._group.bindings)

    def _client_ids(self) -> list[str]:
        """Return the client IDs as which the operator can sign in, the default one first."""
        if self._operator is None:
            return []
        if self._operator.binding is None:
            default = self._inventory.client_id(self._operator.key.namespace, self._operator.service_account)
            return [default] if default else []
        if self._group is None:
            return []
        credentials = (step.identity.client_id for step in self._group.credentials)
        return [self._group.client_id, *filter(None, credentials)]

    def _reason(self, user: NodeAgentUser) -> str:
        if self._operator is None:
            return f"no workload '{_OPERATOR}' with pod or workload identity was read."
        if not self._client_ids():
            return f"{self._operator.key} needs a decision or a client ID first."
        return f"{self._operator.key} has no pod identity with client ID {user.client_id}."

    def _blocked(self) -> tuple[ObjectKey, ...]:
        """Return the operator if its label would be removed while it still needs the node agent."""
        labelled = self._operator is not None and self._operator.binding is not None
        return (self._operator.key,) if self._operator and labelled and self._removes_labels else ()
