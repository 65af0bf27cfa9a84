# SPDX-License-Identifier: MIT
"""Errors about pod identity itself, also explained for `az aks create` and `az aks update`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from azext_podidentity.profile import error_advice as advice
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import CHANGES, ON_CLUSTER, ServiceMessage

_UNASSIGNED_IDENTITY = (
    r"has no assignment permission over identity 'resourceId: (?P<resource_id>[^\s']+)"
    r"(?: - clientId: (?P<client_id>\S+) - objectId: (?P<object_id>[^\s']+))?"
)

ROWS = (
    KnownError(
        codes=("BadRequest",),
        pattern=r"feature '(?:Microsoft\.ContainerService/)?(?P<feature>EnablePodIdentityPreview)' is not enabled",
        sample="PodIdentity addon is not allowed since feature 'Microsoft.ContainerService/EnablePodIdentityPreview' "
        "is not enabled.",
        cause="The pod identity add-on is a preview, and its preview feature is not registered in the subscription of "
        "cluster '{cluster}'.",
        fix="Register the feature, wait until its state is Registered, and then register the provider again:",
        commands=advice.register,
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=("BadRequest",),
        pattern="PodIdentity addon requires managed identity",
        sample="PodIdentity addon requires managed identity.",
        advice=advice.service_principal,
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=("BadRequest",),
        pattern="Network plugin kubenet is not supported to use with PodIdentity",
        sample="Network plugin kubenet is not supported to use with PodIdentity addon.",
        advice=advice.kubenet,
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=("BadRequest",),
        pattern="different identities with the same name '(?P<name>[^']*)' in namespace '(?P<namespace>[^']*)'",
        sample="Found pod identities use different identities with the same name 'my-pod-identity' in namespace "
        "'my-app'. Please update the pod identity name.",
        cause="The service still has pod identity '{namespace}/{name}' for another managed identity. It can be a "
        "leftover of a failed removal, or its managed identity was deleted and recreated.",
        fix="Choose another --name, or remove the pod identity first:",
        commands=advice.remove_named,
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=("PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation",),
        sample="User assigned identities are not allowed in PodIdentity addon when creating the cluster.",
        cause="A cluster cannot be created with pod identities. They can be added once the cluster exists.",
        fix="Create the cluster without pod identities, and then add them with az aks pod-identity add.",
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=(),
        pattern=_UNASSIGNED_IDENTITY,
        sample="Cluster identity has no assignment permission over identity 'resourceId: /subscriptions/"
        "00000000-0000-0000-0000-000000000000/resourceGroups/myIdentityResourceGroup/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities/application-identity - clientId: CLIENT_ID - objectId: "
        "OBJECT_ID'. Please grant at least 'Managed Identity Operator' permission before assigning pod identity.",
        advice=advice.unassigned_identity,
        heading="PodIdentityAddonIdentitiesAssignmentError",
        stages=ON_CLUSTER,
        pod_identity=True,
    ),
    KnownError(
        codes=(),
        pattern=r"podLabels\b.*(?:missing|null|required)|(?:missing|null|required|no) .*podLabels",
        sample="Required parameter userAssignedIdentityExceptions.podLabels is missing (null).",
        cause="A pod identity exception of cluster '{cluster}' has no labels (null), as earlier versions of the "
        "service stored it. The service now refuses every update of the cluster that sends it back, also those of "
        "az aks scale and az aks upgrade.",
        fix="Such an exception has no effect. Remove it, and then run your command again:",
        commands=advice.remove_unlabelled,
        stages=CHANGES,
        pod_identity=True,
    ),
)


def find_unassigned_identity(errors: Iterable[ServiceMessage]) -> ManagedIdentity | None:
    """Return the managed identity that, by one of the errors, the cluster identity cannot assign, else None."""
    for each in errors:
        if match := re.search(_UNASSIGNED_IDENTITY, each.message):
            return ManagedIdentity(match["resource_id"], match["client_id"], match["object_id"])
    return None
