# SPDX-License-Identifier: MIT
"""What a command does in each state of a cluster."""

from __future__ import annotations

import pytest

from azext_podidentity.profile.cluster_states import PROVISIONING, STOPPED, Action, decide, is_final
from tests.support.builders import Json, cluster_of

GO_ON = {"Succeeded", "Failed", "Canceled"}
REFUSE = {"Deleting"}


@pytest.mark.parametrize("state", [*PROVISIONING, "Reticulating"])
def test_what_runs_is_waited_for_whatever_it_is_called(state: str) -> None:
    found = decide(cluster_of(provisioningState=state)).action
    expected = Action.GO_ON if state in GO_ON else Action.REFUSE if state in REFUSE else Action.WAIT
    assert found is expected
    assert is_final(state) == (state in GO_ON)


@pytest.mark.parametrize("state", [None, "", "succeeded", "FAILED"])
def test_a_state_that_is_missing_or_spelled_otherwise_blocks_no_change(state: str | None) -> None:
    assert decide(cluster_of(provisioningState=state)).action is Action.GO_ON


def test_a_running_operation_is_recognized_in_lower_case() -> None:
    assert decide(cluster_of(provisioningState="deleting")).action is Action.REFUSE
    assert decide(cluster_of(provisioningState="reticulating")).action is Action.WAIT


def test_every_state_says_why_in_one_sentence() -> None:
    for state in [*PROVISIONING.values(), STOPPED]:
        assert state.reason.endswith(".")
        assert state.reason.count(". ") == 0


@pytest.mark.parametrize("power", ["Running", None])
def test_a_cluster_that_runs_can_be_changed(power: str | None) -> None:
    assert decide(cluster_of(powerState={"code": power})).action is Action.GO_ON


def test_a_stopped_cluster_is_refused_once_it_is_stopped() -> None:
    stopped: Json = {"powerState": {"code": "Stopped"}}
    assert decide(cluster_of(**stopped)) is STOPPED
    assert decide(cluster_of(**stopped, provisioningState="Starting")).action is Action.WAIT
