"""The tables that `--output table` prints: one row per entry, in the order of the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Widths in the table of findings: the severity, the narrowest and the widest subject, and the gap between columns. az
# makes a column at least two wider than its header.
_SEVERITY, _MIN_SUBJECT, _MAX_SUBJECT, _GAP = 10, 9, 24, 2
# Columns of the tables of `migrate`: with 15 for the step and two gaps they make 100.
_SUBJECT, _WHAT = 30, 51
# In place of a space where a line must not be broken.
_GLUE = "\0"


def pod_identities_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the pod identities of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "BindingSelector": _selector(entry),
            "ManagedIdentity": ((entry.get("identity") or {}).get("resourceId") or "").rpartition("/")[2],
            "ProvisioningState": entry.get("provisioningState") or "",
        }
        for entry in _profile(cluster).get("userAssignedIdentities") or ()
    ]


def exceptions_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the pod identity exceptions of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "PodLabels": _labels(entry),
        }
        for entry in _profile(cluster).get("userAssignedIdentityExceptions") or ()
    ]


def difference_table(difference: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, str]]:
    """Return the rows of the result of `apply`, one per entry, with the previous values of what changes."""
    return [
        {
            "Change": change,
            "Kind": entry["kind"],
            "Namespace": entry["namespace"],
            "Name": entry["name"],
            "Details": _details(entry["before"] or {}, entry["after"] or {}),
        }
        for change, entries in difference.items()
        for entry in entries
    ]


def document_table(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the manifest that `export` returns, one per entry."""
    identities = (
        (each, "podIdentity", {"identity": each["identity"]["resourceId"], "bindingSelector": _selector(each)})
        for each in document["podIdentities"]
    )
    exceptions = ((each, "exception", {"podLabels": _labels(each)}) for each in document["exceptions"])
    return [
        {"Kind": kind, "Namespace": each["namespace"], "Name": each["name"], "Details": _details({}, fields)}
        for each, kind, fields in (*identities, *exceptions)
    ]


def _details(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    from azext_podidentity.profile.validation import with_identity_names

    changed = before and after
    shown = (
        f"{name}: {before.get(name, '(none)')} -> {after.get(name, '(none)')}" if changed else value
        for name, value in {**before, **after}.items()
        if not changed or before.get(name) != after.get(name)
    )
    return with_identity_names(", ".join(shown))


def _selector(entry: Mapping[str, Any]) -> str:
    return entry.get("bindingSelector") or entry.get("name") or ""


def _labels(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in (entry.get("podLabels") or {}).items())


def findings_table(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows of the findings of `check`, one per finding, wrapped between words to the width of the terminal.

    A managed identity is shown by its name. The commands are printed below the table, where they can be copied.
    """
    from azext_podidentity.cli.terminal import table_width

    widest = max((len(finding["subject"]) for finding in findings), default=0)
    subject = min(max(widest, _MIN_SUBJECT), _MAX_SUBJECT)
    message = table_width() - _SEVERITY - subject - 2 * _GAP
    return [
        {
            "Severity": finding["severity"],
            "Subject": _wrapped(finding["subject"], subject),
            "Message": _wrapped(finding["message"], message),
        }
        for finding in findings
    ]


def migration_table(result: Any) -> Any:
    """Rows of what `migrate` returns, at most 100 columns: of a plan a row a step and decision, of a status a row a
    workload, of a removal a row for each thing that went."""
    if isinstance(result, Sequence):
        return [
            {
                "State": each["state"],
                "Workload": _wrapped(f"{each['kind']} {each['namespace']}/{each['name']}", _SUBJECT),
                "ServiceAccount": _wrapped(each["serviceAccount"], 20),
                "Why": _wrapped(each["why"] or "", 35),
            }
            for each in result
        ]
    rows = _removal_rows(result) if "removedCredentials" in result else _plan_rows(result)
    return [
        {"Step": step, "About": _wrapped(about, _SUBJECT), "What": "\n".join(_shown(each, _WHAT) for each in what)}
        for step, about, *what in rows
    ]


def _plan_rows(plan: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in plan["features"]:
        yield "feature", each["name"].rpartition(".")[2], "enabled" if each["enabled"] else "to enable"
    for each in plan["credentials"]:
        yield "credential", each["identity"], f"{each['state']}: {each['subject']}"
    for each in plan["serviceAccounts"]:
        yield "service account", f"{each['namespace']}/{each['name']}", f"{each['state']}: client id {each['clientId']}"
    for each in plan["workloads"]:
        account = each["serviceAccount"]
        moved = "" if account["from"] == account["to"] else f"service account {account['from']} -> {account['to']}; "
        changes = ", ".join(
            f"without {key}" if value is None else f"{key}: {value}"
            for key, value in {**each["labels"], **each["annotations"]}.items()
        )
        yield (
            "workload",
            f"{each['kind']} {each['namespace']}/{each['name']}",
            f"{moved}{changes}; {each['takesEffect']}",
        )
    for each in plan["decisions"]:
        step = "DECIDE" if each["leavesOut"] else "know"
        command = (each["command"],) if each["command"] else ()
        yield step, each["subject"], f"{each['decision']}: {each['why']}", each["choices"], *command


def _removal_rows(removed: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in removed["removedCredentials"]:
        yield "removed", each["identity"], f"credential {each['name']} for {each['subject']}"
    for key in removed["removedPodIdentities"]:
        yield "removed", key, "pod identity"
    for key in removed["removedExceptions"]:
        yield "removed", key, "exception"
    if removed["addOnDisabled"]:
        yield "disabled", removed["cluster"], "pod identity add-on"


def _wrapped(text: str, width: int) -> str:
    from textwrap import fill

    from azext_podidentity.profile.validation import with_identity_names

    return fill(with_identity_names(text), width, break_on_hyphens=False, break_long_words=False)


def _shown(text: str, width: int) -> str:
    return (_pasteable if text.startswith("az ") else _wrapped)(text, width)


def _pasteable(command: str, width: int) -> str:
    """A command in lines that a shell joins again, each option beside its value."""
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


def _profile(cluster: Mapping[str, Any]) -> Mapping[str, Any]:
    return cluster.get("podIdentityProfile") or {}
