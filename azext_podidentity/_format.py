"""What `--output table` shows: one row an entry, in the cluster's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Columns of the table of findings: with 10 for the severity and two gaps they make 100.
_ABOUT, _FINDING = 22, 64
# In place of a space where a line must not be broken.
_GLUE = "\0"


def pod_identities_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of the pod identities of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "BindingSelector": entry.get("bindingSelector") or entry.get("name") or "",
            "ManagedIdentity": ((entry.get("identity") or {}).get("resourceId") or "").rpartition("/")[2],
            "ProvisioningState": entry.get("provisioningState") or "",
        }
        for entry in _profile(cluster).get("userAssignedIdentities") or ()
    ]


def exceptions_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of the pod identity exceptions of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "PodLabels": ", ".join(f"{key}={value}" for key, value in (entry.get("podLabels") or {}).items()),
        }
        for entry in _profile(cluster).get("userAssignedIdentityExceptions") or ()
    ]


def findings_table(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Rows of the findings of `check`, so that the table has at most 100 columns: a block of lines a finding.

    Commands can be pasted as they stand. The resource id of a managed identity, which is too long for the table, is
    its name in a message, and in a command the command that tells it.
    """
    rows: list[dict[str, str]] = []
    for finding in findings:
        lines = [_wrapped(finding["message"], _FINDING)]
        if finding["command"]:
            lines += ["Mend it with:", *map(_pasteable, finding["command"].splitlines())]
        about = _wrapped(finding["subject"], _ABOUT)
        rows.append({"Severity": finding["severity"], "About": about, "Finding": "\n".join(lines)})
    return rows


def _wrapped(text: str, width: int) -> str:
    from textwrap import fill

    from azext_podidentity.profile.rules import with_identity_names

    return fill(with_identity_names(text), width, break_on_hyphens=False)


def _pasteable(command: str) -> str:
    """A command in lines that a shell joins again, each option beside its value."""
    import re
    from shlex import quote, split
    from textwrap import wrap

    from azext_podidentity.profile.mending import identity_id_command
    from azext_podidentity.profile.rules import is_managed_identity_id

    words = (
        f'"$({identity_id_command(word)})"'.replace(" ", _GLUE, 2)
        if is_managed_identity_id(word)
        else quote(word).replace(" ", _GLUE)
        for word in split(command)
    )
    text = re.sub(r"(--[a-z-]+) (?!-)", rf"\1{_GLUE}", " ".join(words))
    lines = wrap(
        text, _FINDING - 2, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    return " \\\n".join(lines).replace(_GLUE, " ")


def _profile(cluster: Mapping[str, Any]) -> Mapping[str, Any]:
    return cluster.get("podIdentityProfile") or {}
