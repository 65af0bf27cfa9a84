# SPDX-License-Identifier: MIT
"""Texts of manifest files, and their parsed content."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_podidentity.manifest.parser import Manifest, parse_manifest
from tests.support.builders import SUBSCRIPTION, identity_id


def read_text(*texts: str | bytes) -> Manifest:
    """Return the manifest of the files `1.yaml`, `2.yaml` … with the contents."""
    contents = [text.encode() if isinstance(text, str) else text for text in texts]
    return parse_manifest([(f"{number}.yaml", content) for number, content in enumerate(contents, 1)], SUBSCRIPTION)


def problems(*texts: str | bytes) -> list[str]:
    """Return the problems of the files, one per line."""
    with pytest.raises(ValidationError) as caught:
        read_text(*texts)
    assert caught.value.recommendations
    return str(caught.value.error_msg).splitlines()[1:]


def pod_identity(more: str = "", name: str = "x", identity: str = f"{{resourceId: {identity_id()}}}") -> str:
    """Return an entry of `podIdentities`."""
    return f"- namespace: my-app\n  name: {name}\n  identity: {identity}\n  {more}\n"


def file_of(*entries: str) -> str:
    """Return a file with pod identities. The first entry starts in line 3."""
    return "version: 1\npodIdentities:\n" + "".join(entries)
