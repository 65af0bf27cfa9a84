# SPDX-License-Identifier: MIT
"""Measure a list and a check of many clusters in 12 subscriptions, with a realistic latency of each request."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azure_simulator import Simulator
from benchmarks.command import run_az, seconds
from benchmarks.figures import Figure
from development.console import SetupError
from development.paths import NEWEST
from development.session import sign_in

_SUBSCRIPTIONS = 12
_LIST = ("aks", "pod-identity", "list-clusters")
_CHECK = ("aks", "pod-identity", "check", "--all-clusters", "--only-show-errors")
# Seconds per request, and the bounds: seconds for that many clusters, and requests per cluster.
_LIST_LATENCY, _CHECK_LATENCY = 0.1, 0.05
_LISTED, _LIST_BOUND, _LIST_REQUESTS = 1200, 10.0, 2
_CHECKED, _CHECK_BOUND, _CHECK_REQUESTS = 60, 20.0, 6


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--clusters", type=int, nargs="+", default=[1, 10, 60, 300], help="how many clusters to check")
    parser.add_argument("--identities", type=int, default=20, help="how many pod identities a cluster has")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Measure the time and the requests of a list of 1,200 clusters, and of checks."""
    yield from _list()
    for clusters in options.clusters:
        yield from _check(clusters, options.identities)


def _list() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, _simulator() as simulator:
        for number in range(_LISTED):
            simulator.seed.cluster("group", f"cluster{number}", subscription_id=_subscription(simulator, number))
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = _LIST_LATENCY
        run_az(environ, *_LIST)  # az makes its index of commands first
        simulator.requests.clear()
        case = f"{_LISTED} clusters"
        yield Figure("A fleet", case, "az … list-clusters", seconds(environ, *_LIST), "s", bound=_LIST_BOUND)
        requests = len(simulator.requests.all())
        yield Figure("A fleet", case, "list-clusters, requests", requests, bound=_LIST_REQUESTS)


def _check(clusters: int, identities: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, _simulator() as simulator:
        for number in range(clusters):
            _seed(simulator, number, identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = _CHECK_LATENCY
        found = {each["check"] for each in json.loads(run_az(environ, *_CHECK))} - {"deprecation", "net-raw-policy"}
        if found:
            raise SetupError(f"The clusters should be healthy, and this was found: {', '.join(found)}")
        simulator.requests.clear()
        case = f"{clusters} clusters with {identities} pod identities"
        bound = _CHECK_BOUND if clusters == _CHECKED else None
        yield Figure("A fleet", case, "az … check --all-clusters", seconds(environ, *_CHECK), "s", bound=bound)
        requests = len(simulator.requests.all())
        bound = _CHECK_REQUESTS if clusters > 1 else None
        yield Figure("A fleet", case, "check --all-clusters, requests per cluster", requests / clusters, bound=bound)


def _simulator() -> Simulator:
    return Simulator(subscription_count=_SUBSCRIPTIONS)


def _subscription(simulator: Simulator, number: int) -> str:
    return simulator.subscription_ids[number % _SUBSCRIPTIONS]


def _seed(simulator: Simulator, number: int, identities: int) -> None:
    """Create a healthy cluster with that many pod identities; every third one uses kubenet."""
    group, subscription = f"group{number}", _subscription(simulator, number)
    entries = []
    for index in range(identities):
        found = simulator.seed.managed_identity(group, f"identity-{number}-{index}", subscription_id=subscription)
        ids = found["properties"]
        bound = {"resourceId": found["id"], "clientId": ids["clientId"], "objectId": ids["principalId"]}
        entries.append({"namespace": "apps", "name": found["name"], "identity": bound})
    profile = {"enabled": True, "userAssignedIdentities": entries, "allowNetworkPluginKubenet": True}
    name, issuer = f"cluster{number}", {"enabled": True, "issuerURL": f"https://oidc.local/{number}/"}
    features: dict[str, Any] = {"oidcIssuerProfile": issuer, "securityProfile": {"workloadIdentity": {"enabled": True}}}
    plugin = "kubenet" if number % 3 == 1 else "azure"
    cluster = simulator.seed.cluster(
        group, name, network_plugin=plugin, subscription_id=subscription, pod_identity=profile, **features
    )
    for each in entries:
        simulator.seed.role_assignment(each["identity"]["resourceId"], cluster["identity"]["principalId"])
