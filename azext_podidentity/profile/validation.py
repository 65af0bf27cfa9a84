"""The grammar of names, namespaces, selectors, labels and resource ids, and the limits of a profile.

Every `check_` function returns the value it was given, or raises
`azure.cli.core.azclierror.InvalidArgumentValueError` that says what is wrong and shows a right value.
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

# RFC 1123 as Kubernetes applies it (apimachinery, pkg/util/validation).
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
    """A pod identity's or exception's name: a DNS subdomain (RFC 1123), at most 253 characters."""
    if len(value) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a DNS subdomain name: {_why_no_subdomain(value)}",
        "Use lower-case letters, digits, '-' and '.', for example: my-pod-identity. "
        "Underscores and capitals are allowed in --binding-selector only.",
    )


def check_namespace(value: str, option: str = "--namespace") -> str:
    """A Kubernetes namespace: a DNS label (RFC 1123), at most 63 characters."""
    if len(value) <= MAX_LABEL and _NAMESPACE.fullmatch(value):
        return value
    reason = _why_no_subdomain(value, MAX_LABEL) if "." not in value else "it holds a '.'."
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a Kubernetes namespace (a DNS label): {reason}",
        f"Use at most {MAX_LABEL} lower-case letters, digits and '-', for example: my-app",
    )


def check_binding_selector(value: str, option: str = "--binding-selector") -> str:
    """The value that a pod's `aadpodidbinding` label must have: a label value of 1 to 63 characters."""
    if value and is_label_value(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not a value that a pod label can have: {_why_no_label_value(value)}",
        f"Use 1 to {MAX_LABEL} letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, "
        "for example: my_selector",
    )


def check_managed_identity_id(value: str, option: str = "--identity-resource-id") -> str:
    """The ARM resource id of a user-assigned managed identity; keywords compare without case."""
    if is_managed_identity_id(value):
        return value
    raise InvalidArgumentValueError(
        f"{option} {value!r} is not the resource id of a managed identity: {_why_no_identity_id(value)}",
        f"A right value looks like {_EXAMPLE_IDENTITY}\n"
        "Get it with: az identity show --resource-group GROUP --name NAME --query id --output tsv",
    )


def is_managed_identity_id(value: str) -> bool:
    """Whether it is the resource id of a user-assigned managed identity."""
    match = _IDENTITY_ID.fullmatch(value)
    return match is not None and _is_guid(match["subscription"]) and value.isprintable()


def managed_identity_parts(resource_id: str) -> tuple[str, str, str]:
    """Subscription id, resource group and name in a managed identity's resource id.

    Raises InvalidArgumentValueError for anything else.
    """
    match = _IDENTITY_ID.fullmatch(check_managed_identity_id(resource_id))
    assert match is not None  # just checked
    return match["subscription"], match["resource_group"], match["name"]


def with_identity_names(text: str) -> str:
    """The text with the name of each managed identity in place of its resource id, for people at a terminal."""
    return _IDENTITY_ID.sub(lambda match: match["name"], text)


def managed_identity_id(subscription: str, resource_group: str, name: str) -> str:
    """The resource id of a managed identity from its parts, unchecked."""
    return f"/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{_IDENTITY_TYPE}/{name}"


def name_from_managed_identity(resource_id: str) -> str:
    """The name an entry gets when none is given: the managed identity's, in the letters that a name may have.

    A managed identity's name has letters, digits, '-' and '_'; an entry's has no capitals and no '_'.
    """
    *_, name = managed_identity_parts(resource_id)
    derived = name.lower().replace("_", "-").strip("-")
    if not derived:
        raise RequiredArgumentMissingError(
            f"No name can be derived from that of the managed identity, {name!r}.",
            "Pass one with --name, for example: my-pod-identity",
        )
    return check_name(derived)


def name_from_labels(labels: Mapping[str, str]) -> str:
    """The name an exception gets when none is given: the same for the same labels, whatever their order."""
    text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return f"exception-{sha256(text.encode()).hexdigest()[:8]}"


def parse_pod_labels(arguments: Iterable[str] | None, option: str = "--pod-labels") -> dict[str, str]:
    """Labels from `key=value` arguments, in the order given.

    Raises RequiredArgumentMissingError where there is none (an exception without labels matches no pod), and
    InvalidArgumentValueError for a label that is not one or a key with two values.
    """
    labels: dict[str, str] = {}
    for argument in arguments or ():
        key, equals, value = argument.partition("=")
        if not equals:
            raise _bad_label(option, argument, "it has no '='.")
        if labels.setdefault(key, value) != value:
            raise _bad_label(option, argument, f"{key!r} has the value {labels[key]!r} already.")
    if not labels:
        raise RequiredArgumentMissingError(
            f"{option} needs at least one label: an exception without labels does nothing.",
            f"For example: {option} app=my-app",
        )
    check_pod_labels(labels, option)
    return labels


def check_pod_labels(labels: Mapping[str, str], option: str = "--pod-labels") -> Mapping[str, str]:
    """Kubernetes labels: key with an optional DNS subdomain prefix, value of at most 63 characters, maybe empty."""
    for key, value in labels.items():
        label = f"{key}={value}"
        prefix, slash, name = key.rpartition("/")
        if slash and not (len(prefix) <= MAX_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix)):
            raise _bad_label(option, label, f"the prefix {prefix!r} of its key is not a DNS subdomain.")
        if not (len(name) <= MAX_LABEL and _QUALIFIED.fullmatch(name)):
            raise _bad_label(option, label, f"{name!r} is not a label key.")
        if not is_label_value(value):
            raise _bad_label(option, label, f"its value: {_why_no_label_value(value)}")
    return labels


def is_label_value(value: str) -> bool:
    """Whether Kubernetes takes it as a label's value: empty, or up to 63 letters, digits, '-', '_' and '.'."""
    return not value or (len(value) <= MAX_LABEL and bool(_QUALIFIED.fullmatch(value)))


def _bad_label(option: str, label: str, reason: str) -> InvalidArgumentValueError:
    return InvalidArgumentValueError(
        f"{option} {label!r} is not a pod label: {reason}",
        f"Give labels as key=value, for example: {option} app=my-app app.kubernetes.io/part-of=my-shop",
    )


def _why_no_subdomain(value: str, longest: int = MAX_SUBDOMAIN) -> str:
    if not value:
        return "it is empty."
    if len(value) > longest:
        return f"it has {len(value)} characters, {longest} are allowed."
    if value != value.lower():
        return "it holds capital letters."
    if wrong := sorted(set(re.sub(r"[-a-z0-9.]", "", value))):
        return f"it holds {', '.join(map(repr, wrong))}."
    return "each part between dots must begin and end with a letter or digit."


def _why_no_label_value(value: str) -> str:
    if not value:
        return "it is empty."
    if len(value) > MAX_LABEL:
        return f"it has {len(value)} characters, {MAX_LABEL} are allowed."
    if wrong := sorted(set(re.sub(r"[-A-Za-z0-9_.]", "", value))):
        return f"it holds {', '.join(map(repr, wrong))}."
    return "it must begin and end with a letter or digit."


def _why_no_identity_id(value: str) -> str:
    if re.search(r"\s", value):
        return "it holds white space."
    if not value.startswith("/"):
        return "it does not begin with /subscriptions/."
    if not value.isprintable():
        return "it holds characters that cannot be seen."
    if "/providers/" in value.lower() and f"/{_IDENTITY_TYPE}/".lower() not in f"{value.lower()}/":
        return f"its type is not {_IDENTITY_TYPE}."
    if (match := _IDENTITY_ID.fullmatch(value)) is not None:
        return f"{match['subscription']!r} is not a subscription id."
    return "a part is missing, there is one too many, or it holds a character that it cannot have."


def _is_guid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
