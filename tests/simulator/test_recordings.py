# SPDX-License-Identifier: MIT
"""The simulator's responses to recorded requests have the shape of the recorded responses."""

from __future__ import annotations

import pytest

from tests.support import recording_steps as steps
from tests.support.arm import Arm
from tests.support.recording_differences import CONDITION, LISTED, NEWER, PREVIEW, PROVIDER, SEEDED
from tests.support.recordings import RECORDINGS, Case, header_shape, load, query_names, replay
from tests.support.shapes import differences

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside the checkout")

CASES = [
    Case("podid-azurecni-1-put-201-create", steps.seed_group, allowed=NEWER),
    Case("podid-azurecni-3-get-200", steps.after("podid-azurecni-1-put-201-create"), allowed=NEWER),
    Case("podid-azurecni-4-put-200-disable", steps.seed_cluster(), steps.drop_prefix, NEWER),
    Case(
        "podid-azurecni-5-get-200-after-disable",
        steps.after("podid-azurecni-4-put-200-disable", steps.seed_cluster(), edit=steps.drop_prefix),
        allowed=NEWER | SEEDED,
    ),
    Case("podid-azurecni-6-put-200-add-exception", steps.seed_cluster(), steps.drop_prefix, NEWER),
    Case("podid-azurecni-7-get-200-with-exception", steps.seed_exception_cluster, allowed=NEWER | SEEDED),
    Case("podid-usage-1-uai-get-200", steps.seed_named_identity),
    Case("podid-usage-2-ra-list-assignedto-empty", steps.seed_scope),
    Case("podid-usage-3-rd-list-managed-identity-operator", steps.seed_scope),
    Case("podid-usage-4-ra-put-201", steps.seed_scope, steps.known_principal),
    Case(steps.ADD, steps.seed_pod_identity_cluster, steps.use_generated_ids, NEWER),
    Case("podid-usage-6-get-200-assigned", steps.added(), allowed=NEWER | SEEDED),
    Case(steps.REMOVE, steps.added(), steps.drop_prefix, NEWER),
    Case(
        "podid-usage-8-get-200-after-remove",
        steps.after(steps.REMOVE, steps.added(), edit=steps.drop_prefix),
        allowed=NEWER | SEEDED,
    ),
    Case(steps.CREATE, steps.seed_group),
    Case("mc-get-200-systemassigned-etag", steps.after(steps.CREATE)),
    Case("mc-get-200-updating-etag", steps.updating, allowed={"tags": "the update under way adds one"}),
    Case(steps.CREATE_UAI, steps.seed_control_plane_identity, allowed=PREVIEW),
    Case(
        "mc-get-200-userassigned-etag",
        steps.after(steps.CREATE_UAI, steps.seed_control_plane_identity),
        allowed=PREVIEW,
    ),
    Case(steps.CREATE_SP, steps.seed_group, allowed=NEWER),
    Case("mc-get-200-service-principal", steps.after(steps.CREATE_SP), allowed=NEWER),
    Case("mc-get-404-after-delete-gateway", steps.seed_group),
    Case("mc-get-404-before-create", steps.seed_group),
    Case("mc-list-200-empty", steps.seed_group),
    Case("mc-delete-202", steps.after(steps.CREATE_UAI, steps.seed_control_plane_identity)),
    Case("mc-get-200-creating", steps.creating(0), allowed=NEWER | SEEDED),
    Case("mc-get-200-creating-later", steps.creating(200), allowed=NEWER | SEEDED),
    Case("mc-get-200-oidc-workload-identity", steps.after(steps.WORKLOAD_IDENTITY), allowed=NEWER),
    Case("mc-list-200-resourcegroup", steps.seed_listed_cluster, allowed=LISTED),
    Case(
        "mc-put-200-update-enable-workload-identity",
        steps.seed_cluster(**steps.KUBENET),
        steps.drop_prefix,
        NEWER,
    ),
    Case(
        "mc-put-200-update-sp-to-systemassigned",
        steps.seed_service_principal_cluster,
        steps.drop_prefix,
        NEWER,
    ),
    Case(
        "mc-put-200-update-userassigned",
        steps.after(steps.CREATE_UAI, steps.seed_control_plane_identity),
        allowed=PREVIEW,
    ),
    Case("mc-put-201-create-oidc-workload-identity", steps.seed_group, allowed=NEWER),
    Case("op-create-1-inprogress", steps.stage(0)),
    Case("op-create-2-stage-network", steps.stage(237 * 1.5 / 7)),
    Case("op-create-3-stage-controlplane", steps.stage(237 * 2.5 / 7)),
    Case("op-create-4-stage-dns", steps.stage(237 * 3.5 / 7)),
    Case("op-create-5-stage-agentpools-0of3", steps.stage(237 * 4.5 / 7)),
    Case("op-create-6-stage-agentpools-3of3", steps.stage(237 * 5.5 / 7)),
    Case("op-create-7-succeeded", steps.stage(237)),
    Case("op-update-1-inprogress", steps.polling(steps.updating)),
    Case("op-update-2-stage-addons", steps.polling(steps.at(60, steps.updating))),
    Case("op-update-3-succeeded", steps.polling(steps.updated)),
    Case("op-delete-1-inprogress", steps.polling(steps.deleting())),
    Case("op-delete-2-succeeded", steps.polling(steps.deleting(406))),
    Case("op-inprogress-with-error-notlatestoperation", steps.polling(steps.preempted())),
    Case("op-succeeded-with-error-notlatestoperation", steps.polling(steps.preempted(100))),
    Case("op-result-202", steps.polling(steps.deleting(), "location")),
    Case("op-result-204", steps.polling(steps.deleting(406), "location")),
    Case("ra-put-201", steps.seed_scope, steps.known_principal),
    Case("ra-put-201-with-principaltype", steps.seed_scope, steps.known_principal),
    Case("ra-put-400-principalnotfound", steps.seed_scope),
    Case("ra-put-409-roleassignmentexists", steps.assigned_under_another_name, steps.known_principal),
    Case("ra-put-400-unmatchedprincipaltype", edit=steps.known_principal),
    Case("ra-put-400-updatenotpermitted", steps.assigned_to_another, steps.known_principal),
    Case("ra-get-200-by-name", steps.seed_assignment, allowed=CONDITION),
    Case("ra-delete-200", steps.seed_assignment),
    Case("ra-list-atscope-and-assignedto", steps.seed_assignment),
    Case("ra-list-principalid", steps.seed_assignment),
    Case("ra-list-principalid-empty"),
    Case("rd-list-rolename-managed-identity-operator", steps.seed_scope),
    Case("rd-list-rolename"),
    Case("rg-put-201"),
    Case("rg-put-200", steps.after("rg-put-200", lambda arm, recording: None)),
    Case("rg-get-200", steps.seed_group, allowed={"tags": "a seeded group has no tags"}),
    Case("rg-get-404"),
    Case("rg-head-204", steps.seed_group),
    Case("rg-head-404"),
    Case("rg-delete-202", steps.seed_group),
    Case("sub-list-200", allowed={"value[].id": "the recording masks the subscription"}),
    Case("uai-put-201", steps.seed_group),
    Case("uai-put-200", steps.seed_named_identity),
    Case("uai-get-200", steps.seed_named_identity),
    Case("uai-list-200-subscription", lambda arm, recording: arm.simulator.seed.managed_identity("a", "b")),
    Case("uai-delete-200", steps.seed_named_identity),
    Case("fic-put-201", steps.seed_named_identity),
    Case("fic-put-200-update", steps.seed_credentials),
    Case("fic-get-200", steps.seed_credentials),
    Case("fic-list-200", steps.seed_credentials),
    Case("fic-list-200-empty", steps.seed_named_identity),
    Case("fic-delete-200", steps.seed_credentials),
    Case("feat-list-200-containerservice"),
    Case("feat-get-200", steps.seed_feature),
    Case("feat-post-200-register", steps.seed_feature),
    Case("prov-list-200-select"),
    Case("prov-post-200-register-containerservice", allowed=PROVIDER),
    Case(
        "prov-get-200-containerservice",
        allowed=PROVIDER,
    ),
    Case("arg-post-200", steps.seed_vault, steps.ask_for_clusters, allowed=steps.OF_A_VAULT),
    Case("arg-post-200-empty", edit=steps.ask_for_clusters),
    Case("arg-post-400"),
    Case("analog-get-401-authenticationfailed"),
    Case("err-mc-put-409-missingsubscriptionregistration", steps.unregister),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.recording)
def test_response_has_recorded_shape(arm: Arm, case: Case) -> None:
    recording = load(case.recording)
    given = case.given(arm, recording)
    case.edit(arm, recording["request"]["body"])

    answer = replay(arm, recording, given if isinstance(given, str) else None)

    expected = recording["response"]
    assert answer.status_code == expected["status"], answer.text
    assert header_shape(answer.headers) == header_shape(expected["headers"])
    assert query_names(expected["headers"]) <= query_names(answer.headers)
    body = answer.json() if answer.content else None
    assert differences(expected["body"], body, case.allowed) == []
    assert {"x-ms-request-id", "x-ms-correlation-request-id"} <= set(answer.headers)
