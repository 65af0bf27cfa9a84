# SPDX-License-Identifier: MIT
"""Reading objects with kubectl, for which a shell script stands in."""

from __future__ import annotations

import json
import logging
import shlex
from pathlib import Path

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_podidentity.kubernetes.kubectl import context_servers, read_cluster_objects
from tests.support.builders import cluster_of, text_of
from tests.support.fake_azure import CLI
from tests.support.kubernetes_objects import workload

CLUSTER = cluster_of(fqdn="Cluster.example", privateFQDN="private.example")


class Kubectl:
    """A script named kubectl on the path, which records its calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def respond(self, server: str, output: str = "", *, error: str = "", exit_code: int = 0) -> None:
        """Connect to the server and print the output when asked for objects."""
        served = " ".join(
            ("pods", "deployments.apps", "rollouts.argoproj.io", "widgets.example.com", "leases.coordination.k8s.io")
        )
        get = f"printf %s {shlex.quote(output)}; printf %s {shlex.quote(error)} >&2; exit {exit_code}"
        script = (
            f'#!/bin/sh\necho "$@" >> "{self._folder}/calls"\n'
            f"case $1 in config) echo {shlex.quote(server)};; api-resources) printf '%s\\n' {served};; "
            f"*) {get};; esac\n"
        )
        program = self._folder / "kubectl"
        program.write_text(script, "utf-8")
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Return the arguments of each call."""
        return (self._folder / "calls").read_text("utf-8").splitlines()


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    """Return the only kubectl on the path. It exists after the first `respond`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return Kubectl(tmp_path)


@pytest.mark.parametrize(
    ("output", "servers"),
    [
        ("null", {}),
        (
            '{"clusters": [{"name": "c", "cluster": {"server": "https://c.example:443"}}, {"name": "no"}],'
            ' "contexts": [{"name": "one", "context": {"cluster": "c"}}, {"name": "two", "context": null}]}',
            {"one": "c.example", "two": None},
        ),
    ],
)
def test_servers_of_contexts(kubectl: Kubectl, output: str, servers: dict[str, str | None]) -> None:
    kubectl.respond(output)
    assert context_servers(timeout=60) == servers


def test_contexts_in_unknown_format(kubectl: Kubectl) -> None:
    kubectl.respond("Welcome to kubectl")
    with pytest.raises(ValidationError, match="did not print its contexts as JSON"):
        context_servers(timeout=60)


@pytest.mark.parametrize("server", ["https://cluster.example:443", "https://private.example"])
def test_objects_are_parsed_from_output(kubectl: Kubectl, server: str) -> None:
    kubectl.respond(server, json.dumps({"kind": "List", "apiVersion": "v1", "items": [workload()]}))

    found = read_cluster_objects(CLI, CLUSTER, None)

    assert [dict(each.raw) for each in found.objects] == [workload()]
    assert found.kinds_not_read == ("widgets.example.com",)
    assert kubectl.calls[-1] == "get pods,deployments.apps,rollouts.argoproj.io --all-namespaces --output json"


def test_foreign_context_is_refused_unless_explicit(kubectl: Kubectl, caplog: pytest.LogCaptureFixture) -> None:
    kubectl.respond("https://other.example", json.dumps(workload()))

    with pytest.raises(ValidationError) as caught:
        read_cluster_objects(CLI, CLUSTER, None)
    assert "other.example" in caught.value.error_msg
    assert "az aks get-credentials" in text_of(caught.value)
    with caplog.at_level(logging.WARNING):
        assert read_cluster_objects(CLI, CLUSTER, "proxy")
    assert "Context 'proxy' is a cluster at other.example" in caplog.text
    assert all(each.endswith("--context=proxy") for each in kubectl.calls[1:])


def test_kubectl_error_is_reported(kubectl: Kubectl) -> None:
    kubectl.respond("", error="E0101 00:00:00 memcache.go: trying\nThe connection was refused.\n", exit_code=3)

    with pytest.raises(ValidationError) as caught:
        read_cluster_objects(CLI, CLUSTER, None)

    assert "(exit code 3): The connection was refused.\nThe command was: kubectl get" in caught.value.error_msg


def test_missing_kubectl_suggests_alternatives(kubectl: Kubectl) -> None:
    with pytest.raises(ValidationError) as caught:
        read_cluster_objects(CLI, CLUSTER, None)

    assert "--workloads" in text_of(caught.value)
    assert "--run-command" in text_of(caught.value)


def test_unrunnable_kubectl_is_reported(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "kubectl").write_bytes(b"\x7fELF no program")
    (tmp_path / "kubectl").chmod(0o755)

    with pytest.raises(ValidationError, match="cannot be run"):
        read_cluster_objects(CLI, CLUSTER, None)


@pytest.mark.parametrize("server", ["https://other.example", "https://[::1", ""])
def test_unverified_context_is_refused_if_required(kubectl: Kubectl, server: str) -> None:
    kubectl.respond(server, json.dumps(workload()))
    with pytest.raises(ValidationError, match=r"but cluster|cannot verify"):
        read_cluster_objects(CLI, CLUSTER, "proxy", must_be_cluster=True)
    unknown = cluster_of()
    with pytest.raises(ValidationError, match="cannot verify"):
        read_cluster_objects(CLI, unknown, "proxy", must_be_cluster=True)
