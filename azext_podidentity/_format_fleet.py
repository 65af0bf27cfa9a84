# SPDX-License-Identifier: MIT
"""The tables of commands over many clusters, which are at most 160 columns wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rows = list[dict[str, str]]

# The widest cells of names. With the other columns, whose values are short, a row has at most 160 columns.
_CLUSTER, _GROUP, _SUBSCRIPTION, _LOCATION, _IDENTITY, _ERROR = 24, 22, 18, 14, 18, 80


def clusters_table(clusters: Sequence[Mapping[str, Any]]) -> Rows:
    """Return the rows of `list-clusters`, with long names broken into lines."""
    return [
        {
            "Cluster": _broken(each["name"], _CLUSTER),
            "ResourceGroup": _broken(each["resourceGroup"], _GROUP),
            "Subscription": _broken(each["subscription"], _SUBSCRIPTION),
            "Location": _broken(each["location"] or "", _LOCATION),
            "Version": each["kubernetesVersion"] or "",
            "Network": _network(each),
            "Entries": _entries(each),
            "OIDC": _yes(each["oidcIssuer"]),
            "WI": _yes(each["workloadIdentity"]),
            "Identity": _broken(_identity(each["clusterIdentity"]), _IDENTITY),
        }
        for each in clusters
    ]


def results_table(results: Sequence[Mapping[str, Any]]) -> Rows:
    """Return the rows of `apply` on many clusters: the numbers of added, changed, removed and unchanged entries."""
    changes = ("added", "changed", "removed", "unchanged")
    return [
        {
            "Cluster": _cluster(each, results),
            "State": each["state"],
            **{change.capitalize(): str(len(each[change])) for change in changes},
            "Error": _broken(each["error"] or "", _ERROR),
        }
        for each in results
    ]


def migrations_table(clusters: Sequence[Mapping[str, Any]]) -> Rows:
    """Return the rows of `migrate --all-clusters`, one per cluster, with the workloads if contexts were read."""
    with_workloads = any(each["context"] or each["workloadsReason"] for each in clusters)
    return [
        {
            "Cluster": _cluster(each, clusters),
            "Subscription": _broken(each["subscription"], _SUBSCRIPTION),
            "State": each["state"],
            "OidcIssuer": each["oidcIssuer"],
            "WorkloadIdentity": each["workloadIdentity"],
            "Credentials": f"{each['withCredentials']} of {each['managedIdentities']}",
            "Bindings": f"{each['withBindings']} of {each['managedIdentities']}",
            "EntriesLeft": f"{each['podIdentities']}+{each['exceptions']}",
            "OverLimit": str(len(each["overCredentialLimit"])),
            **({"Workloads": _workloads(each)} if with_workloads else {}),
        }
        for each in clusters
    ]


def _cluster(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the cluster, with its resource group if another row has the same name."""
    name, others = str(row["cluster"]), [each for each in rows if each is not row]
    if any(each["cluster"].lower() == name.lower() for each in others):
        name += f"\n({str(row['clusterId']).split('/')[4]})"
    return "\n".join(_broken(line, _CLUSTER) for line in name.split("\n"))


def _workloads(cluster: Mapping[str, Any]) -> str:
    """Return how many workloads are in which state, in lines, or that they were not read."""
    if cluster["workloadsReason"]:
        return "unknown" if cluster["context"] else "no context"
    states = {"labelled": "Labelled", "ready": "Ready", "notReady": "NotReady", "stalePods": "StalePod"}
    return "\n".join(f"{cluster[key]} {state}" for key, state in states.items() if cluster[key]) or "none"


def _network(cluster: Mapping[str, Any]) -> str:
    plugin = cluster["networkPlugin"] or ""
    return f"{plugin} (ok)" if plugin == "kubenet" and cluster["allowNetworkPluginKubenet"] else plugin


def _entries(cluster: Mapping[str, Any]) -> str:
    """Return the numbers of pod identities and exceptions and, on a second line, of Failed ones."""
    if not cluster["enabled"]:
        return "disabled"
    counts = f"{cluster['podIdentities']}+{cluster['exceptions']}"
    return f"{counts}\n{cluster['failed']} Failed" if cluster["failed"] else counts


def _identity(identity: Mapping[str, Any]) -> str:
    name = (identity["resourceId"] or "").rpartition("/")[2] or identity["type"]
    return f"{name} (+{len(identity['sharedWith'])})" if identity["sharedWith"] else name


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _broken(text: str, width: int) -> str:
    """Return the text in lines of at most that width."""
    from textwrap import fill

    from azext_podidentity.profile.text import printable

    return fill(printable(text, keep=""), width, break_on_hyphens=True)
