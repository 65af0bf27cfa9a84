# SPDX-License-Identifier: MIT
"""The tables of `migrate`, which fit the width of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from azext_podidentity._format import wrapped

# The other columns of a plan: 15 for the step and two gaps. Those of a status: 13 for the state and three gaps.
_PLAN_REST, _STATUS_REST = 19, 19
_SUBJECT, _ACCOUNT = 30, 20
# A placeholder for a space at which a line must not be broken.
_GLUE = "\0"


def migration_table(result: Any, width: int) -> Any:
    """Return the rows of the result of `migrate`, which fit the width.

    A plan has one row per step and decision, a status one per workload, and a removal one per removed object.
    """
    if isinstance(result, Sequence) and result and "clusterId" in result[0]:
        from azext_podidentity._format_fleet import migrations_table

        return migrations_table(result)
    if isinstance(result, Sequence):
        return [_status_row(each, width - _SUBJECT - _ACCOUNT - _STATUS_REST) for each in result]
    rows = _removal_rows(result) if "removedCredentials" in result else _plan_rows(result)
    return [
        {
            "Step": step,
            "Subject": wrapped(subject, _SUBJECT, break_words=True),
            "Details": "\n".join(_shown(each, width - _SUBJECT - _PLAN_REST) for each in details),
        }
        for step, subject, *details in rows
    ]


def _status_row(status: Mapping[str, Any], reason: int) -> dict[str, str]:
    return {
        "State": status["state"],
        "Workload": wrapped(f"{status['kind']} {status['namespace']}/{status['name']}", _SUBJECT, break_words=True),
        "ServiceAccount": wrapped(status["serviceAccount"] or "", _ACCOUNT, break_words=True),
        "Reason": wrapped(status["reason"] or "", reason, break_words=True),
    }


def _plan_rows(plan: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in plan["features"]:
        yield "Feature", each["name"].rpartition(".")[2], each["state"]
    for each in plan["credentials"]:
        yield "Credential", each["identity"], f"{each['state']}: {each['subject']}"
    for each in plan["identityBindings"]:
        yield "Binding", each["identity"], f"{each['state']}: identity binding {each['name']}"
    for each in plan["serviceAccounts"]:
        yield "ServiceAccount", f"{each['namespace']}/{each['name']}", f"{each['state']}: client ID {each['clientId']}"
    for each in plan["workloads"]:
        yield "Workload", f"{each['kind']} {each['namespace']}/{each['name']}", _changes(each)
    for each in plan["otherResources"]:
        changes = ", ".join(f"{key}: {value}" for part in each["spec"].values() for key, value in part.items())
        yield "Resource", f"{each['kind']} {each['namespace']}/{each['name']}", changes
    for each in plan["decisions"]:
        command = (each["command"],) if each["command"] else ()
        yield each["severity"], each["subject"], f"{each['code']}: {each['reason']}", each["resolution"], *command


def _changes(workload: Mapping[str, Any]) -> str:
    """Return the changes of a workload's pod template on one line."""
    before, after = workload["previousServiceAccount"], workload["serviceAccount"]
    changes = [] if before == after else [f"service account {before} -> {after}"]
    changes += [
        f"remove {key}" if value is None else f"{key}: {value}"
        for key, value in {**workload["labels"], **workload["annotations"]}.items()
    ]
    return f"{workload['rollout']}: {', '.join(changes) or 'no changes in this step'}"


def _removal_rows(removed: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in removed["removedCredentials"]:
        yield "Removed", each["identity"], f"credential {each['name']} for {each['subject']}"
    for each in removed["removedIdentityBindings"]:
        yield "Removed", each["identity"], f"identity binding {each['name']}"
    for key in removed["removedPodIdentities"]:
        yield "Removed", key, "pod identity"
    for key in removed["removedExceptions"]:
        yield "Removed", key, "exception"
    for each in removed["roleAssignments"]:
        details = each["reason"] or ", ".join(each["removedIds"])
        yield each["state"], each["scope"], f"role {each['role']}: {details}"
    if removed["addOnDisabled"]:
        yield "Disabled", removed["cluster"], "pod identity add-on"


def _shown(text: str, width: int) -> str:
    return (_pasteable if text.startswith("az ") else partial(wrapped, break_words=True))(text, width)


def _pasteable(command: str, width: int) -> str:
    """Return a command broken into lines with a backslash at the end, and each option on the line of its value."""
    import re
    from shlex import quote, split
    from textwrap import wrap

    from azext_podidentity.profile.commands import identity_id_command
    from azext_podidentity.profile.validation import is_managed_identity_id

    words = (
        f'"$({identity_id_command(word)})"'.replace(" ", _GLUE, 2)
        if is_managed_identity_id(word)
        else quote(word).replace(" ", _GLUE)
        for word in split(command)
    )
    text = re.sub(r"(--[a-z-]+) (?!-)", rf"\1{_GLUE}", " ".join(words))
    lines = wrap(
        text, width - 2, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    return " \\\n".join(lines).replace(_GLUE, " ")
