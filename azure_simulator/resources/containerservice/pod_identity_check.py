# SPDX-License-Identifier: MIT
"""The service's check of the whole pod identity profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from azure_simulator.resources.containerservice.bodies import Body, pools
from azure_simulator.resources.containerservice.cluster_identity import ClusterIdentities
from azure_simulator.resources.containerservice.pod_identity import (
    ID_NAMES,
    Entry,
    Profile,
    assignment_error,
    exceptions,
    identities,
    identity_of,
    key_of,
)

from ...errors import ServiceError, aks
from ...resource_ids import key
from ..authorization import RoleAssignments
from ..features import POD_IDENTITY_FEATURE, Features
from ..managedidentity import ManagedIdentities

MAXIMUM_ENTRIES = 200
# The action as errors name it, and as the built-in role and Microsoft's documentation write it: either form grants it.
ASSIGN_ACTION = (
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/identity/assign/action",
)
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True)
class Dependencies:
    """The other providers that the check calls."""

    features: Features
    identities: ManagedIdentities
    cluster_identities: ClusterIdentities
    roles: RoleAssignments


def bad_request(message: str) -> ServiceError:
    return aks(400, "BadRequest", message)


class Check:
    """The check of the whole profile on every PUT that has the add-on enabled, even if the PUT changes other things.

    Codes and messages are the service's own if they are publicly known; those about names, limits and node
    pools are assumptions.
    """

    def __init__(self, body: Body, subscription: str, dependencies: Dependencies) -> None:
        self._body = body
        self._subscription = subscription
        self._dependencies = dependencies
        self._profile: Profile = body["properties"]["podIdentityProfile"]

    def run(self, creating: bool) -> None:
        """Raise the service's error if it refuses the profile."""
        self._check_add_on()
        if creating and identities(self._profile):
            raise aks(
                400,
                "PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation",
                "User assigned identities are not allowed in PodIdentity addon when creating the cluster.",
            )
        self._check_lists()
        self._check_same_names()
        for entry in identities(self._profile):
            self._check_assignment(entry)

    def _check_add_on(self) -> None:
        if not self._dependencies.features.registered(self._subscription, POD_IDENTITY_FEATURE):
            raise bad_request(
                f"PodIdentity addon is not allowed since feature '{POD_IDENTITY_FEATURE}' is not enabled."
            )
        if (self._body.get("identity") or {}).get("type", "None") == "None":
            raise bad_request("PodIdentity addon requires managed identity.")
        properties = self._body["properties"]
        kubenet = properties["networkProfile"].get("networkPlugin") == "kubenet"
        if kubenet and not self._profile.get("allowNetworkPluginKubenet"):
            raise bad_request("Network plugin kubenet is not supported to use with PodIdentity addon.")
        systems = {pool.get("osType") for pool in pools(self._body)}
        if systems == {"Windows"}:
            raise bad_request("PodIdentity addon requires a Linux node pool.")
        if any(pool.get("type") == "AvailabilitySet" for pool in pools(self._body)):
            raise bad_request("PodIdentity addon requires node pools on Virtual Machine Scale Sets.")

    def _check_lists(self) -> None:
        for kind, entries in (
            ("identities", identities(self._profile)),
            ("exceptions", exceptions(self._profile)),
        ):
            if len(entries) > MAXIMUM_ENTRIES:
                raise bad_request(
                    f"The number of pod identity {kind} is {len(entries)}, at most {MAXIMUM_ENTRIES} are allowed."
                )
            for entry in entries:
                _check_names(entry)
        for entry in identities(self._profile):
            if not _LABEL_VALUE.fullmatch(entry.get("bindingSelector") or ""):
                raise _invalid("binding selector", entry["bindingSelector"], entry)
            missing = [part for part in ID_NAMES if not identity_of(entry).get(part)]
            if missing:
                raise bad_request(f"Pod identity '{entry['name']}' has no identity.{missing[0]}.")
        for entry in exceptions(self._profile):
            if not isinstance(entry.get("podLabels"), dict):
                raise bad_request(
                    f"Pod identity exception '{entry['name']}' in namespace '{entry['namespace']}' has no podLabels."
                )

    def _check_same_names(self) -> None:
        """Raise if two entries of one name in a namespace have different identities, as after a failed removal."""
        seen: dict[tuple[str, str], tuple[str, ...]] = {}
        for entry in identities(self._profile):
            if seen.setdefault(key_of(entry), _identity_key(entry)) != _identity_key(entry):
                raise bad_request(
                    "Found pod identities use different identities with the same name "
                    f"'{entry['name']}' in namespace '{entry['namespace']}'. "
                    "Please update the pod identity name."
                )

    def _check_assignment(self, entry: Entry) -> None:
        """Raise unless the managed identity has all three IDs of the entry and is assignable.

        According to public reports, a deleted identity causes the same error as a missing role.
        """
        identity = identity_of(entry)
        managed_identity = self._dependencies.identities.find(identity["resourceId"])
        ids = (identity["clientId"].lower(), identity["objectId"].lower())
        if managed_identity is None or ids != _ids(managed_identity) or not self.assignable(entry):
            raise aks(400, *assignment_error(entry))

    def assignable(self, entry: Entry) -> bool:
        """Return whether the cluster identity may assign the identity that now has the entry's resource ID."""
        principal = self._dependencies.cluster_identities.principal(self._body)
        resource_id = identity_of(entry)["resourceId"]
        if principal is None or self._dependencies.identities.find(resource_id) is None:
            return False
        return self._dependencies.roles.allows(principal, ASSIGN_ACTION, resource_id)


def check_kubelet_identity(body: Body, dependencies: Dependencies) -> None:
    """Raise if the cluster identity may not assign a kubelet identity of the user's own.

    Microsoft's page "Use a managed identity in AKS" requires the role; the code is that of public reports. That every
    write checks it is an assumption.
    """
    kubelet = (body["properties"].get("identityProfile") or {}).get("kubeletidentity") or {}
    resource_id, principal = kubelet.get("resourceId"), dependencies.cluster_identities.principal(body)
    if resource_id is None or dependencies.identities.find(resource_id) is None:
        return  # AKS created it.
    if principal is None or not dependencies.roles.allows(principal, ASSIGN_ACTION, resource_id):
        raise aks(
            400,
            "CustomKubeletIdentityMissingPermissionError",
            f"The cluster user assigned identity must be given permission to assign kubelet identity {resource_id}. "
            f"Check access result not allowed for action {ASSIGN_ACTION[0]}.",
        )


def check_assign_limit(profile: Profile, old: Profile | None, limit: int) -> None:
    """Raise if a write adds more managed identities than a scale set accepts (Azure/aad-pod-identity#813)."""
    before, after = ({key(identity_of(entry)["resourceId"]) for entry in identities(each)} for each in (old, profile))
    added = len(after - before)
    if added > limit:
        raise bad_request(f"User Assigned Identities Number '{added}' Assign exceed limit '{limit}' in one request.")


def _check_names(entry: Entry) -> None:
    if not _NAME.fullmatch(str(entry.get("name"))):
        raise _invalid("name", entry.get("name"), entry)
    if not _NAMESPACE.fullmatch(str(entry.get("namespace"))):
        raise _invalid("namespace", entry.get("namespace"), entry)


def _invalid(what: str, value: object, entry: Entry) -> ServiceError:
    return bad_request(
        f"The {what} '{value}' of pod identity '{entry.get('name')}' in namespace "
        f"'{entry.get('namespace')}' is invalid."
    )


def _identity_key(entry: Entry) -> tuple[str, ...]:
    return key(*(identity_of(entry).get(part, "") for part in ID_NAMES))


def _ids(managed_identity: dict[str, Any]) -> tuple[str, str]:
    properties = managed_identity["properties"]
    return properties["clientId"].lower(), properties["principalId"].lower()
