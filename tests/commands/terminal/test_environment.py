# SPDX-License-Identifier: MIT
"""Test proxies, terminals without UTF-8, and files written on Windows."""

from __future__ import annotations

import shlex
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support import entry_files, workload_manifests
from tests.support.azure_cli import ON_CLUSTER, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.entry_files import APPLY, binding
from tests.support.workload_manifests import ENABLED, MIGRATE, USE, kustomize, pod_of, workload


class Proxy(socketserver.ThreadingTCPServer):
    """Answers CONNECT by a tunnel to the host asked for, and remembers which were."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.asked: list[str] = []


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        method, place, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(f"{method} {place}")
        host, port = place.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(other, self.connection))
            back.start()
            pump(self.connection, other)
            back.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Passes on what comes until no more comes."""
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one side has gone, which ends the tunnel
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_requests_through_proxy(az: AzureCli, simulator: Simulator, proxy: Proxy) -> None:
    seed_entries(simulator, "app")
    url = f"http://127.0.0.1:{proxy.server_address[1]}"
    through = az.with_environment(HTTPS_PROXY=url, NO_PROXY="", no_proxy="")

    through(f"aks pod-identity delete {ON_CLUSTER} --namespace my-app --name app --delete-role-assignment").ok()
    through_proxy, requests = len(proxy.asked), len(simulator.requests.all())
    az(f"aks pod-identity list {ON_CLUSTER}").ok()

    assert through_proxy > 0 < requests
    assert set(proxy.asked) == {f"CONNECT {simulator.connection.url.removeprefix('https://')}"}
    assert len(proxy.asked) == through_proxy


@pytest.mark.parametrize(
    ("command", "surroundings"),
    [
        (f"list {ON_CLUSTER} --output table", {"LC_ALL": "C"}),
        (f"check {ON_CLUSTER} --output table", {"PYTHONIOENCODING": "ascii"}),
        ("--help", {"PYTHONIOENCODING": "cp1252"}),
    ],
    ids=["list", "check", "help"],
)
def test_output_without_utf8(az: AzureCli, simulator: Simulator, command: str, surroundings: dict[str, str]) -> None:
    seed_entries(simulator, "app")
    kept = {name: value for name, value in az.environment.items() if name not in ("PYTHONUTF8", "LC_ALL", "LANG")}

    said = AzureCli(az.az, {**kept, **surroundings})(f"aks pod-identity {command}").ok()

    assert (said.stdout + said.stderr).isascii()


def windows_copy(file: Path, name: str) -> str:
    """The file under another name in that folder, with a byte order mark and line ends of Windows, for a shell."""
    renamed = file.with_name(name)
    renamed.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    file.unlink()
    return shlex.quote(str(renamed))


def test_entries_from_windows_file(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app")["app"]
    file = windows_copy(entry_files.write(tmp_path, [binding(identity)]), r"C:\pod identities\app.yaml")

    assert entry_files.names(az(f"{APPLY} --file {file}")) == {"unchanged": ["app"]}


@pytest.mark.parametrize("name", ["web app.yaml", r"manifests\web.yaml"])
def test_workloads_from_windows_file(az: AzureCli, simulator: Simulator, tmp_path: Path, name: str) -> None:
    seed_entries(simulator, "app", **ENABLED)
    written = workload_manifests.write(tmp_path / "web.yaml", workload("web", "app", account="web"))
    file, output = windows_copy(written, name), tmp_path / "out"

    plan = az(f"{MIGRATE} --workloads {file} --one-step --output-dir {output}").ok().json

    assert name in plan["workloads"][0]["source"]
    labels = pod_of(kustomize(output)["Deployment", "web"])["metadata"]["labels"]
    assert labels == {"app": "web", USE: "true"}
