# SPDX-License-Identifier: MIT
"""Lookups for checks of many clusters, with one list request per subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from knack.util import CLIError

from azext_podidentity.arm import managed_identities, policy_assignments, role_assignments
from azext_podidentity.arm.concurrency import ReadOnce, by_lower_case, or_error
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.registrations import feature_state, provider_state
from azext_podidentity.profile.cluster_reference import cluster_of_id
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.net_raw_policy import CapabilityPolicy, holds_at
from azext_podidentity.profile.validation import is_managed_identity_id, managed_identity_parts
from azext_podidentity.profile.workload_credentials import IdentityCredentials, IdentityLookup

if TYPE_CHECKING:
    from azure.cli.core import AzCli


class SharedLookups:  # pylint: disable=too-many-instance-attributes
    """Look up managed identities, role and policy assignments and registrations for many clusters, from any thread.

    context_of: returns the az context of a subscription.
    """

    def __init__(self, cli_ctx: AzCli, context_of: Callable[[str], AzCli]) -> None:
        self._cli_ctx = cli_ctx
        self._identities = ReadOnce(partial(managed_identities.list_subscription, cli_ctx))
        self._identity = ReadOnce(partial(or_error, managed_identities.find, cli_ctx))
        self._assignments = ReadOnce(partial(role_assignments.list_subscription, cli_ctx))
        self._credentials = ReadOnce(CredentialService(cli_ctx).read_one)
        self._policies = ReadOnce(partial(policy_assignments.list_subscription, cli_ctx))
        # By the IDs of the subscription and of the initiative.
        self._initiatives = ReadOnce(lambda key: policy_assignments.read_initiative(cli_ctx, *key.split(" ", 1)))
        self._feature = ReadOnce(lambda subscription: or_error(feature_state, context_of(subscription)))
        self._provider = ReadOnce(lambda subscription: or_error(provider_state, context_of(subscription)))

    def feature(self, subscription: str) -> str | CLIError:
        """Return the state of the preview feature in the subscription, or the error if it cannot be read."""
        state: str | CLIError = self._feature(subscription)
        return state

    def provider(self, subscription: str) -> str | CLIError:
        """Return the state of the resource provider in the subscription, or the error if it cannot be read."""
        state: str | CLIError = self._provider(subscription)
        return state

    def identities(self, resource_ids: Iterable[str]) -> dict[str, ManagedIdentity | NotFound | CLIError]:
        """Return the same as `managed_identities.find_many`; read each one that its subscription's list lacks."""
        return {key: self._find(each) for key, each in by_lower_case(resource_ids).items()}

    def roles(self, resource_ids: Iterable[str], principal_id: str) -> role_assignments.RolesByIdentity:
        """Return the same as `role_assignments.find_many`.

        Roles that the list of a subscription lacks are read for this principal, which can have them through a group.
        """
        return role_assignments.find_many(
            self._cli_ctx, resource_ids, principal_id, listed_in=self._assignments.__call__
        )

    def bound_identity(self, resource_id: str, *, with_credentials: bool) -> IdentityLookup:
        """Return the managed identity of an identity binding.

        Its credentials are read only on request: this is one request per managed identity.
        """
        found = self._find(resource_id)
        if isinstance(found, NotFound):
            return found
        if not isinstance(found, ManagedIdentity):
            return Unreadable.because(found)
        if not with_credentials:
            return IdentityCredentials(found)
        read: IdentityLookup = self._credentials(resource_id)
        return replace(read, identity=found) if isinstance(read, IdentityCredentials) else read

    def policies(self, cluster_id: str) -> tuple[CapabilityPolicy, ...]:
        """Return what `policy_assignments.find_capability_policies` returns. Raise the same errors.

        In each subscription, the assignments are listed once, and an initiative is read once.
        """
        subscription = cluster_of_id(cluster_id).subscription or ""
        listed: list[dict[str, Any]] = self._policies(subscription)
        assignments = [each for each in listed if holds_at(each, cluster_id)]

        def read(initiative: str) -> dict[str, Any]:
            found: dict[str, Any] = self._initiatives(f"{subscription} {initiative}")
            return found

        return policy_assignments.policies_of(assignments, cluster_id, read)

    def _find(self, resource_id: str) -> ManagedIdentity | NotFound | CLIError:
        listed: dict[str, ManagedIdentity] = {}
        if is_managed_identity_id(resource_id):
            listed = self._identities(managed_identity_parts(resource_id)[0])
        found: ManagedIdentity | NotFound | CLIError = listed.get(resource_id.lower()) or self._identity(resource_id)
        return found
