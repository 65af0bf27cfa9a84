# SPDX-License-Identifier: MIT
"""The whole cloud: every provider, connected to the others that it calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure_simulator.context import Context
from azure_simulator.entra import Directory, Login, Tokens
from azure_simulator.errors import resource_not_found
from azure_simulator.http import Route
from azure_simulator.resource_ids import CLUSTER_TYPE, IDENTITY_TYPE, parse

from .resources.authorization import RoleAssignments
from .resources.containerservice import (
    ClusterIdentities,
    Clusters,
    ContainerService,
    Dependencies,
    IdentityBindings,
    Operations,
    RunCommands,
)
from .resources.features import Features
from .resources.managedidentity import ManagedIdentities
from .resources.management_groups import ManagementGroups
from .resources.policies import Policies
from .resources.providers import Providers
from .resources.resourcegraph import ResourceGraph
from .resources.resources import ResourceGroups


class Services:
    """All state of the cloud. A new one is empty."""

    def __init__(self, context: Context, tokens: Tokens, client_secret: str) -> None:
        self.directory = Directory(context)
        self.groups = ResourceGroups(context, self._resources, self._empty_group)
        self.providers = Providers(context, self.groups)
        self.features = Features(context, self.groups)
        self.identities = ManagedIdentities(context, self.groups, self.directory)
        self.roles = RoleAssignments(context, self.directory, self._check_scope)
        self.policies = Policies(self._check_scope)
        operations = Operations(context)
        cluster_identities = ClusterIdentities(context, self.directory, self.identities)
        dependencies = Dependencies(self.features, self.identities, cluster_identities, self.roles)
        self.clusters = Clusters(context, cluster_identities, dependencies, operations)
        commands = RunCommands(context)
        self.bindings = IdentityBindings(context, self.identities, operations)
        self._container_service = ContainerService(
            self.groups, self.providers, self.clusters, operations, commands, self.bindings
        )
        self._graph = ResourceGraph(context, self._resources)
        self._management_groups = ManagementGroups(context)
        self._login = Login(context, tokens, client_secret)

    def routes(self) -> list[Route]:
        """Return every route. The more specific ones come before `/subscriptions/.../providers/{namespace}`."""
        return [
            *self._login.routes(),
            *self.directory.routes(),
            *self.roles.routes(),
            *self.policies.routes(),
            *self._container_service.routes(),
            *self.identities.routes(),
            *self.features.routes(),
            *self._graph.routes(),
            *self._management_groups.routes(),
            *self.groups.routes(),
            *self.providers.routes(),
        ]

    def _resources(self) -> Iterator[dict[str, Any]]:
        yield from (self.clusters.view(cluster) for cluster in self.clusters.all())
        yield from self.identities.all()

    def _empty_group(self, subscription: str, group: str) -> None:
        self.clusters.remove_group(subscription, group)
        self.identities.remove_group(subscription, group)

    def _check_scope(self, scope: str) -> None:
        """Raise if the scope of an assignment does not exist. Other resource types are not checked."""
        parts = scope.strip("/").split("/")
        if parts[0].lower() != "subscriptions":
            return
        self.groups.check_subscription(parts[1])
        if len(parts) > 3 and parts[2].lower() == "resourcegroups":
            self.groups.get(parts[1], parts[3])
        resource = parse(scope)
        if resource is None:
            return
        names = (resource.subscription, resource.group, resource.name)
        absent = {
            IDENTITY_TYPE.lower(): lambda: self.identities.find(scope) is None,
            CLUSTER_TYPE.lower(): lambda: self.clusters.find(*names) is None,
        }.get(resource.type.lower())
        if absent and absent():
            raise resource_not_found(resource.type, resource.name, resource.group)
