# SPDX-License-Identifier: MIT
"""Errors about missing permissions."""

from __future__ import annotations

from azext_podidentity.profile import error_advice as advice
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import CHANGES, Stage

_AFTERWARDS = "Then run your command again."
_ANY_CHANGE = CHANGES | {Stage.GRANT, Stage.CREDENTIAL, Stage.BINDING}
_PRINCIPAL = r"object id '(?P<object_id>[^']*)'"

ROWS = (
    KnownError(
        codes=("LinkedAuthorizationFailed",),
        pattern=_PRINCIPAL + r".*action\(?s?\)? '(?P<action>[^']*userAssignedIdentities/assign/action)'.*"
        r"linked scope\(?s?\)? '(?P<scope>[^']*)'",
        sample="The client 'CLIENT' with object id 'OBJECT_ID' has permission to perform action "
        "'Microsoft.ContainerService/managedClusters/write' on scope 'CLUSTER_ID'; however, it does not have "
        "permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the "
        "linked scope(s) 'IDENTITY_ID' (respectively) or the linked scope(s) are invalid.",
        advice=advice.assign_permission,
        heading="userAssignedIdentities/assign/action",
        stages=CHANGES,
    ),
    KnownError(
        codes=("LinkedAuthorizationFailed",),
        pattern=_PRINCIPAL + r".*action\(?s?\)? '(?P<action>[^']*)'.*linked scope\(?s?\)? '(?P<scope>[^']*)'",
        sample="The client 'CLIENT' with object id 'OBJECT_ID' has permission to perform action "
        "'Microsoft.ContainerService/managedClusters/write' on scope 'CLUSTER_ID'; however, it does not have "
        "permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked "
        "scope(s) 'SUBNET_ID' (respectively) or the linked scope(s) are invalid.",
        cause="{principal} does not have permission for '{action}' on '{scope}', which the request refers to. Retrying "
        "does not help.",
        fix="Ask an owner of that scope to grant a role that includes the action. " + _AFTERWARDS,
        heading="any other action",
        stages=_ANY_CHANGE,
    ),
    KnownError(
        codes=("AuthorizationFailed",),
        sample="The client 'CLIENT' with object id 'OBJECT_ID' does not have authorization to perform action "
        "'Microsoft.ContainerService/managedClusters/write' over scope 'CLUSTER_ID' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials.",
        advice=advice.permission,
        pattern=f"(?:.*{_PRINCIPAL})?(?:.*action '(?P<action>[^']*)' over scope '(?P<scope>[^']*)')?",
        stages=frozenset(Stage) - {Stage.GRANT, Stage.CREDENTIAL, Stage.BINDING},
    ),
    KnownError(
        codes=("DenyAssignmentAuthorizationFailed",),
        pattern=r"(?:.*deny assignment with name '(?P<name>[^']*)')?",
        sample="The client 'CLIENT' with object id 'OBJECT_ID' has permission to perform action 'ACTION' on scope "
        "'SCOPE'; however, the access is denied because of the deny assignment with name 'DENY_ASSIGNMENT' and Id "
        "'ID' at scope 'SCOPE'.",
        advice=advice.deny_assignment,
    ),
)
