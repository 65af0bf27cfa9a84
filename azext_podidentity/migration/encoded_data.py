# SPDX-License-Identifier: MIT
"""Decode the data of ConfigMaps and Secrets that is in base64, so that it can be searched.

https://kubernetes.io/docs/concepts/configuration/configmap/
https://kubernetes.io/docs/concepts/configuration/secret/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from azext_podidentity.migration.json_values import mapping
from azext_podidentity.migration.pod_templates import group_of

_ENCODED_FIELDS = {"ConfigMap": "binaryData", "Secret": "data"}
# The fields of ConfigMaps and Secrets with data.
DATA_FIELDS = ("data", "binaryData", "stringData")
# A cluster stores at most 1 MiB per object, which is 1.34 MiB in base64. A multiple of 4, the length of a base64 group.
_MAX_CHARACTERS = 2 * 1024 * 1024


def with_decoded_data(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a ConfigMap or Secret with its base64 data as text to search, and another object as it is.

    Each byte is one character, because the data can be binary. Zero bytes are left out, so that UTF-16 is found too.
    A value that is not base64 is returned as it is.
    """
    field = _ENCODED_FIELDS.get(str(raw.get("kind")))
    if field is None or group_of(raw.get("apiVersion")) or not mapping(raw.get(field)):
        return raw
    return {**raw, field: {key: _decoded(value) for key, value in raw[field].items()}}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    encoded = "".join(value.split())[:_MAX_CHARACTERS]
    try:
        content = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return value
    return content.replace(b"\0", b"").decode("latin-1")
