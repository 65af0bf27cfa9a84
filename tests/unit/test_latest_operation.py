# SPDX-License-Identifier: MIT

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from azext_podidentity.arm.latest_operation import age_of

NOW = datetime(2025, 11, 4, 4, 0, 0, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("start", "seconds"),
    [
        ("2025-11-04T02:59:00.9131573Z", 3660),
        ("2025-11-04T03:59:00Z", 60),
        ("2025-11-04T03:59:00+00:00", 60),
        ("2025-11-04T04:59:00+01:00", 60),
        ("2025-11-04T03:59:00", 60),
        ("2025-11-04T04:00:01Z", 0),  # the local clock is slow
    ],
)
def test_age(start: str, seconds: float) -> None:
    assert age_of({"startTime": start, "status": "InProgress"}, NOW) == seconds


@pytest.mark.parametrize(
    "operation",
    [
        {"startTime": "2025-11-04T02:59:00Z", "status": "Succeeded"},
        {"startTime": "2025-11-04T02:59:00Z", "status": "failed"},
        {"startTime": "yesterday", "status": "InProgress"},
        {"startTime": None, "status": "InProgress"},
        {"status": "InProgress"},
        [],
        None,
        "page",
    ],
    ids=str,
)
def test_no_age(operation: Any) -> None:
    assert age_of(operation, NOW) is None
