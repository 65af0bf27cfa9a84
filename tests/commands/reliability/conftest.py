# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import pytest

from tests.support.azure_cli import POD_IDENTITY


@pytest.fixture
def add(cluster: dict[str, Any], identity: dict[str, Any]) -> str:
    """The command that adds pod identity 'app-identity', for which the role has to be granted."""
    return f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}"
