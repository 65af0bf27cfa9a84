# SPDX-License-Identifier: MIT
"""Which kubectl context is which of many clusters."""

from __future__ import annotations

import pytest

from azext_podidentity.fleet.workload_progress import match_contexts
from tests.support.fleet import fleet_cluster

CLUSTERS = [
    fleet_cluster("a", properties={"fqdn": "a.local"}),
    fleet_cluster("b", properties={"privateFQDN": "b.private"}),
    fleet_cluster("twice", group="one"),
    fleet_cluster("twice", group="two"),
]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ({"any": "A.local"}, {"a": "any"}),
        ({"any": "b.private"}, {"b": "any"}),
        ({"a": "proxy.local"}, {"a": "a"}),
        ({"A": None}, {"a": "A"}),
        ({"a": "b.private"}, {"b": "a"}),
        ({"a": "proxy.local", "any": "a.local"}, {"a": "any"}),
        ({"first": "a.local", "next": "a.local"}, {"a": "first"}),
        ({"twice": "proxy.local"}, {}),
        ({"other": "other.local"}, {}),
    ],
)
def test_match_contexts(servers: dict[str, str | None], expected: dict[str, str]) -> None:
    names = {each.id.lower(): each.name for each in CLUSTERS}
    assert {names[key]: context for key, context in match_contexts(servers, CLUSTERS).items()} == expected
