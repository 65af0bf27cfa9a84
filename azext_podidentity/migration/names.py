# SPDX-License-Identifier: MIT
"""Validate the names of Kubernetes objects, because they are written to files, scripts and messages."""

from __future__ import annotations

import re

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.migration.json_values import mapping, sequence
from azext_podidentity.migration.kubernetes_objects import KubernetesObject
from azext_podidentity.migration.workloads import GENERATED, ObjectKey

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/: a DNS subdomain name; those of a few
# kinds, such as roles, are path segments.
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9._:@]{0,252}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}(\.[a-z0-9][-.a-z0-9]{0,252})?")
_API_VERSION = re.compile(r"([a-z0-9][-.a-z0-9]{0,252}/)?[a-zA-Z0-9]{1,63}")
_PATH_SEGMENT_KINDS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


def check_names(key: ObjectKey, each: KubernetesObject) -> None:
    """Raise InvalidArgumentValueError if a name of the object or of its controller is not valid in Kubernetes."""
    name = key.name.removesuffix(GENERATED).rstrip("-.") if key.name.endswith(GENERATED) else key.name
    grammar = _PATH_SEGMENT if key.kind in _PATH_SEGMENT_KINDS else _SUBDOMAIN
    owners = map(mapping, sequence(mapping(each.raw.get("metadata")).get("ownerReferences")))
    # An object without a name has a generateName.
    checks = [
        ("kind", key.kind, _KIND),
        ("apiVersion", str(each.raw.get("apiVersion")), _API_VERSION),
        ("namespace", key.namespace, _NAMESPACE),
        *([("name", name, grammar)] if name else []),
        *(
            (f"ownerReferences.{field}", str(owner.get(field)), pattern)
            for owner in owners
            for field, pattern in (("kind", _KIND), ("name", _PATH_SEGMENT))
        ),
    ]
    for field, value, pattern in checks:
        if not pattern.fullmatch(value):
            raise InvalidArgumentValueError(
                f"--workloads {each.origin} cannot be read. {field} {value[:80]!r} is not valid in Kubernetes.",
                "Correct the object. Names consist of lower case letters, digits, '-' and '.'.",
            )
