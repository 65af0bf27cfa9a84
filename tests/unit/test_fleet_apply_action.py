# SPDX-License-Identifier: MIT
"""The apply action on many clusters."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from azext_podidentity.actions.apply import ApplyOptions
from azext_podidentity.actions.fleet import apply as fleet_apply
from azext_podidentity.fleet.apply_results import FAILED, UP_TO_DATE
from azext_podidentity.manifest.apply_plan import ApplyManifest, ApplyPlan
from azext_podidentity.manifest.parser import parse_manifest
from tests.support.fleet import SUBSCRIPTION, inventory_of, raw_cluster

MANIFEST = parse_manifest([("file", b"version: 1\nclusters: [{name: '*'}]\npodIdentities: []\n")], SUBSCRIPTION)
MANAGED: dict[str, Any] = {"identity": {"type": "SystemAssigned", "principalId": "p"}}
AZ: Any = SimpleNamespace(data={}, only_show_errors=True)


def test_planning_timeout_fails_only_hanging_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory, release = inventory_of(*(raw_cluster(name, **MANAGED) for name in ("hangs", "works"))), Event()

    def plan(_: Any, writer: Any, *__: Any, **___: Any) -> ApplyPlan:
        cluster = next(each.cluster for each in inventory.clusters if each.cluster.reference == writer.reference)
        if cluster.reference.name == "hangs":
            release.wait(30)
        return ApplyPlan.create(ApplyManifest(MANIFEST, {}), cluster)

    monkeypatch.setattr(fleet_apply, "managed_clusters_client", lambda *_: None)
    monkeypatch.setattr(fleet_apply, "plan_changes", plan)
    options = ApplyOptions(timeout=0.5, skip_role_assignment=True)
    results = fleet_apply.apply_to_clusters(AZ, MANIFEST, inventory, options, lambda *_: None)
    release.set()
    assert [(each.cluster.name, each.state) for each in results] == [("hangs", FAILED), ("works", UP_TO_DATE)]
    assert "pass a larger value for --timeout" in results[0].steps[0]
