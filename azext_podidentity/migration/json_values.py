# SPDX-License-Identifier: MIT
"""Read JSON values of any type, because manifests can be malformed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a JSON object, else an empty object."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return the value if it is a JSON array, else an empty array."""
    return value if isinstance(value, list) else ()


def strings(value: Any) -> dict[str, str]:
    """Return labels or annotations, with unquoted numbers and booleans as they are written in YAML."""
    return {str(key): text(item) for key, item in mapping(value).items()}


def text(value: Any) -> str:
    """Return a scalar as it is written in YAML, an empty text for null."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
