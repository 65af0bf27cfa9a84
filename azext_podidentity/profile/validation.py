# SPDX-License-Identifier: MIT
"""Validate names, namespaces, selectors, labels and resource IDs.

Every `check_` function returns the value that it was passed, or raises
`azure.cli.core.azclierror.InvalidArgumentValueError` with the reason and an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from uuid import UUID

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

# https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity
MAX_IDENTITIES = 200
MAX_EXCEPTIONS = 200

# RFC 1123 as implemented in Kubernetes (apimachinery, pkg/util/validation).
MAX_SUBDOMAIN = 253
MAX_LABEL = 63
_DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_NAMESPACE = re.compile(_DNS_LABEL)
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")

_IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
_EXAMPLE_IDENTITY = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myIdentityResourceGroup"
    f"/providers/{_IDENTITY_TYPE}/application-identity"
)
_IDENTITY_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/\s]+)/resourceGroups/(?P<resource_group>[^/\s]+)"
    rf"/providers/{re.escape(_IDENTITY_TYPE)}/(?P<name>[-\w]+)",
    re.IGNORECASE | re.ASCII,
)


def check_name(value: str, option: str = "--name") -> str:
    """Check the name of a pod identity or exception: a DNS subdomain (RFC 1123) of at most 253 characters."""
    if len(value) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a valid name: {_why_no_subdomain(value)}",
        "Use lowercase letters, digits, '-' and '.'. Example: my-pod-identity. Underscores and uppercase letters are "
        "allowed only in --binding-selector.",
    )


def check_namespace(value: str, option: str = "--namespace") -> str:
    """Check a Kubernetes namespace: a DNS label (RFC 1123) of at most 63 characters."""
    if len(value) <= MAX_LABEL and _NAMESPACE.fullmatch(value):
        return value
    reason = _why_no_subdomain(value, MAX_LABEL) if "." not in value else "it contains '.'."
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a valid Kubernetes namespace: {reason}",
        f"Use at most {MAX_LABEL} lowercase letters, digits and '-'. Example: my-app",
    )


def check_binding_selector(value: str, option: str = "--binding-selector") -> str:
    """Check a binding selector: a Kubernetes label value of 1 to 63 characters."""
    if value and is_label_value(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a valid label value: {_why_no_label_value(value)}",
        f"Use 1 to {MAX_LABEL} letters, digits, '-', '_' and '.', starting and ending with a letter or digit. "
        "Example: my_selector",
    )


def check_managed_identity_id(value: str, option: str = "--identity-resource-id") -> str:
    """Check the resource ID of a user-assigned managed identity; keywords can have any case."""
    if is_managed_identity_id(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not the resource ID of a managed identity: {_why_no_identity_id(value)}",
        [
            f"Example: {_EXAMPLE_IDENTITY}",
            "To get the resource ID of a managed identity, run:",
            "az identity show --resource-group GROUP --name NAME --query id --output tsv",
        ],
    )


def is_managed_identity_id(value: str) -> bool:
    """Return whether it is the resource ID of a user-assigned managed identity."""
    match = _IDENTITY_ID.fullmatch(value)
    return match is not None and _is_guid(match["subscription"]) and value.isprintable()


def managed_identity_parts(resource_id: str) -> tuple[str, str, str]:
    """Return the subscription ID, resource group and name in a managed identity's resource ID.

    Raise InvalidArgumentValueError for anything else.
    """
    match = _IDENTITY_ID.fullmatch(check_managed_identity_id(resource_id))
    assert match is not None  # just checked
    return match["subscription"], match["resource_group"], match["name"]


def with_identity_names(text: str) -> str:
    """Return the text with each managed identity's resource ID replaced by its name, for a table."""
    return _IDENTITY_ID.sub(lambda match: match["name"], text)


def managed_identity_id(subscription: str, resource_group: str, name: str) -> str:
    """Return the resource ID of a managed identity from its parts, without validation."""
    return f"/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{_IDENTITY_TYPE}/{name}"


def name_from_managed_identity(resource_id: str) -> str:
    """Return the default name of an entry: the managed identity's name, converted to valid characters.

    The name of a managed identity can have uppercase letters and '_', which the name of an entry cannot have.
    """
    *_, name = managed_identity_parts(resource_id)
    derived = name.lower().replace("_", "-").strip("-")
    if not derived:
        raise RequiredArgumentMissingError(
            f"The name {name!r} of the managed identity cannot be converted to a valid name.",
            "Pass a name with --name. Example: my-pod-identity",
        )
    return check_name(derived)


def name_from_labels(labels: Mapping[str, str]) -> str:
    """Return the default name of an exception, which depends on the labels but not on their order."""
    text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return f"exception-{sha256(text.encode()).hexdigest()[:8]}"


def parse_pod_labels(arguments: Iterable[str] | None, option: str = "--pod-labels") -> dict[str, str]:
    """Parse labels from `key=value` arguments, in the order given.

    If a key occurs several times, the last value is used, as in aks-preview. Raise RequiredArgumentMissingError if
    there is no label (an exception without labels matches no pod), and InvalidArgumentValueError for an invalid label.
    """
    labels: dict[str, str] = {}
    for argument in arguments or ():
        key, equals, value = argument.partition("=")
        if not equals:
            raise _bad_label(option, argument, "it does not contain '='.")
        labels[key] = value
    if not labels:
        raise RequiredArgumentMissingError(
            f"{option} requires at least one label. An exception without labels has no effect.",
            f"Example: {option} app=my-app",
        )
    check_pod_labels(labels, option)
    return labels


def check_pod_labels(labels: Mapping[str, str], option: str = "--pod-labels") -> Mapping[str, str]:
    """Check Kubernetes labels: a key with an optional DNS subdomain prefix, and a value of at most 63 characters."""
    for key, value in labels.items():
        label = f"{key}={value}"
        prefix, slash, name = key.rpartition("/")
        if slash and not (len(prefix) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix)):
            raise _bad_label(option, label, f"the prefix {prefix!r} of its key is not a DNS subdomain.")
        if not (len(name) <= MAX_LABEL and _QUALIFIED.fullmatch(name)):
            raise _bad_label(option, label, f"{name!r} is not a valid label key.")
        if not is_label_value(value):
            raise _bad_label(
                option, label, f"the value {value!r} is not a valid label value: {_why_no_label_value(value)}"
            )
    return labels


def is_label_value(value: str) -> bool:
    """Return whether it is a valid label value: empty, or up to 63 letters, digits, '-', '_' and '.'."""
    return not value or (len(value) <= MAX_LABEL and bool(_QUALIFIED.fullmatch(value)))


def _bad_label(option: str, label: str, reason: str) -> InvalidArgumentValueError:
    return InvalidArgumentValueError(
        f"{option} {label!r} is not a valid pod label: {reason}",
        f"Pass labels as key=value. Example: {option} app=my-app app.kubernetes.io/part-of=my-shop",
    )


def _why_no_subdomain(value: str, longest: int = MAX_SUBDOMAIN) -> str:
    if not value:
        return "it is empty."
    if len(value) > longest:
        return f"it has {len(value)} characters, but at most {longest} are allowed."
    if value != value.lower():
        return "it contains uppercase letters."
    if wrong := sorted(set(re.sub(r"[-a-z0-9.]", "", value))):
        return f"it contains {', '.join(map(repr, wrong))}."
    return "each part between dots must start and end with a letter or digit."


def _why_no_label_value(value: str) -> str:
    if not value:
        return "it is empty."
    if len(value) > MAX_LABEL:
        return f"it has {len(value)} characters, but at most {MAX_LABEL} are allowed."
    if wrong := sorted(set(re.sub(r"[-A-Za-z0-9_.]", "", value))):
        return f"it contains {', '.join(map(repr, wrong))}."
    return "it must start and end with a letter or digit."


def _why_no_identity_id(value: str) -> str:
    if re.search(r"\s", value):
        return "it contains white space."
    if not value.startswith("/"):
        return "it does not start with /subscriptions/."
    if not value.isprintable():
        return "it contains invisible characters."
    if "/providers/" in value.lower() and f"/{_IDENTITY_TYPE}/".lower() not in f"{value.lower()}/":
        return f"its type is not {_IDENTITY_TYPE}."
    if (match := _IDENTITY_ID.fullmatch(value)) is not None:
        return f"{match['subscription']!r} is not a subscription ID."
    return "a part is missing or extra, or contains an invalid character."


def check_guid(value: str, option: str) -> str:
    """Return the value in lower case. Raise InvalidArgumentValueError with the option if it is not a GUID."""
    if not _is_guid(value):
        raise InvalidArgumentValueError(
            f"{option}: {value!r} is not a GUID.", "Example: 00000000-0000-0000-0000-000000000000"
        )
    return value.lower()


def _is_guid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
