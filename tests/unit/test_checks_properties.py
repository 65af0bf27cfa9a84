# SPDX-License-Identifier: MIT

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from azext_podidentity._format_check import findings_table
from azext_podidentity.checks.finding import SEVERITIES
from azext_podidentity.checks.registry import CHECKS, run_checks
from azext_podidentity.checks.snapshot import Roles, Snapshot
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, Found, ManagedIdentity, NotFound
from tests.support.builders import PRINCIPAL, REFERENCE, Json, cluster_of, identity_id
from tests.support.json_strategies import exception_entries, identity_entries
from tests.support.snapshots import FORBIDDEN, role

ids = st.sampled_from([*(identity_id(name * 3) for name in "abc"), identity_id("aaa").upper(), "", "nonsense"])
odd_text = st.sampled_from(["", " ", "Registered", "registering", "'", '"', "Succeeded", "Failed", "é", "a b"])
odd_keys = st.builds(EntryKey, odd_text | st.just("my-app"), odd_text | st.just("app") | st.just("x" * 63))
found: st.SearchStrategy[Found] = st.sampled_from(
    [NotFound(), NotFound(resource_group_too=True), FORBIDDEN, ManagedIdentity("x", "c", "o"), ManagedIdentity("x")]
)
granted: st.SearchStrategy[Any] = st.just(FORBIDDEN) | st.lists(
    st.builds(role, ids | st.just("/") | odd_text, st.just(PRINCIPAL) | odd_text), max_size=2
).map(tuple)


@st.composite
def entries_with_odd_ids(draw: st.DrawFn) -> Json:
    """Draw a pod identity in which any field may be invalid."""
    entry = draw(identity_entries(odd_keys))
    entry["identity"]["resourceId"] = draw(ids)
    entry["bindingSelector"] = draw(st.none() | odd_text | st.just("Some_selector"))
    return entry


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw a snapshot of arbitrary responses of Azure."""
    identities = draw(st.lists(entries_with_odd_ids(), max_size=4))
    exceptions = draw(st.lists(exception_entries(odd_keys), max_size=3))
    properties: Json = {
        "provisioningState": draw(st.none() | odd_text),
        "currentKubernetesVersion": draw(st.none() | odd_text | st.just("1.9.9.9")),
        "networkProfile": draw(st.none() | st.just({"networkPlugin": "kubenet"})),
        "agentPoolProfiles": draw(st.lists(st.dictionaries(st.sampled_from(["type", "osType"]), odd_text), max_size=2)),
    }
    cluster = cluster_of(identities, exceptions, enabled=draw(st.booleans()), **properties)
    lower = [each.lower() for each in cluster.profile.bindings()]
    known: dict[str, Found] = {each: draw(found) for each in lower if draw(st.booleans())}
    roles: dict[str, Roles] = {each: draw(granted) for each in lower if draw(st.booleans())}
    states = odd_text | st.just(FORBIDDEN)
    principal = draw(st.none() | st.just(PRINCIPAL))
    return Snapshot(replace(cluster, principal_id=principal), draw(states), draw(states), known, roles)


@settings(max_examples=150)
@given(snapshots())
def test_checks_accept_any_snapshot(snapshot: Snapshot) -> None:
    findings = run_checks(snapshot)
    ranks = [SEVERITIES.index(each.severity) for each in findings]
    assert ranks == sorted(ranks)
    assert {each.check for each in findings} <= set(CHECKS)
    assert all(each.subject is not None and each.message for each in findings)


@settings(max_examples=20)
@given(snapshots())
def test_checks_accept_cluster_without_properties(snapshot: Snapshot) -> None:
    assert run_checks(replace(snapshot, cluster=Cluster.from_json(REFERENCE, {})))


@given(snapshots())
def test_findings_table_accepts_any_finding(snapshot: Snapshot) -> None:
    findings = run_checks(snapshot)
    rows = findings_table([each.to_json() for each in findings], 100)
    assert [row["Severity"] for row in rows] == [each.severity for each in findings]
