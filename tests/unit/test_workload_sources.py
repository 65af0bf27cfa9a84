# SPDX-License-Identifier: MIT
"""Sources of workloads, and the folder for migration files."""

from __future__ import annotations

import io
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.kubernetes.sources import Loaded, load, of_objects
from azext_podidentity.kubernetes.writer import apply_command, check_folder, write_files
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.migration.output_files import OutputFiles, render
from azext_podidentity.migration.plan import plan_migration
from azext_podidentity.migration.steps import MigrationPlan, Options
from azext_podidentity.profile.entries import EntryKey
from development.paths import KUBECTL
from tests.support.builders import Json, cluster_of, identity_entry
from tests.support.kubernetes_objects import NAMESPACE, workload

CLUSTER = cluster_of([identity_entry(EntryKey(NAMESPACE, "my-pod-identity"))])
KINDS = ("Deployment", "ReplicaSet", "Job")


def write(path: Path, *objects: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(objects), "utf-8")
    return path


def plan_of(loaded: Loaded) -> MigrationPlan:
    return plan_migration(CLUSTER, loaded.inventory, {}, Options("OneStep"))


def rendered(loaded: Loaded, context: str | None = None) -> OutputFiles:
    return render(plan_of(loaded), loaded.inventory, None, context)


def names(loaded: Loaded) -> list[str]:
    return [each.key.name for each in loaded.inventory.workloads]


def migrate(folder: Path, *paths: Path) -> list[str]:
    """Write the files for the workloads in the paths. Return their paths relative to the folder."""
    loaded = load([str(each) for each in paths], "default")
    return relative(folder, write_files(rendered(loaded), loaded, str(folder)))


def relative(folder: Path, written: list[str]) -> list[str]:
    assert all(Path(each).is_file() for each in written)
    return [Path(each).relative_to(folder).as_posix() for each in written]


def live(*objects: Json) -> Loaded:
    """Return the objects as read from a cluster."""
    wires: list[Json] = [
        {**each, "metadata": {**each["metadata"], "uid": str(number)}} for number, each in enumerate(objects)
    ]
    return of_objects([KubernetesObject(each, Origin("kubectl", 1)) for each in wires], "default")


def test_files_folders_and_standard_input_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "apps" / "b.yaml", workload("b"))
    write(tmp_path / "apps" / "below" / "c.yml", workload("c"))
    write(tmp_path / "apps" / ".git" / "hidden.yaml", workload("hidden"))
    (tmp_path / "apps" / "README.md").write_text("no manifest", "utf-8")
    file = write(tmp_path / "a.yaml", workload("a"))
    piped = SimpleNamespace(buffer=io.BytesIO(yaml.safe_dump(workload("d")).encode()))
    monkeypatch.setattr("sys.stdin", piped)

    loaded = load([str(file), str(tmp_path / "apps"), "-"], "default")

    assert sorted(names(loaded)) == ["a", "b", "c", "d"]
    assert loaded.files["-"].path is None


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"\xff\xfea", "not UTF-8 text"), (b"# nothing\n", "no Kubernetes object found")],
)
def test_unreadable_file_is_reported(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "a.yaml").write_bytes(content)

    with pytest.raises(InvalidArgumentValueError, match=why):
        load([str(tmp_path / "a.yaml")], "default")


def test_permission_error_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.yaml", workload())

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidArgumentValueError, match="Permission denied"):
        load([str(file)], "default")


def test_changed_objects_are_written_to_separate_files(tmp_path: Path) -> None:
    namespace: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    paths = [write(tmp_path / name / "app.yaml", namespace, workload(name)) for name in ("one", "two")]
    folder = tmp_path / "out"

    written = migrate(folder, *paths)

    files = [f"{NAMESPACE}_deployment_{name}.yaml" for name in ("one", "two")]
    assert [each for each in written if each.startswith("original-manifests/")] == [
        f"original-manifests/{file}" for file in files
    ]
    resources = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert resources == [f"original-manifests/{file}" for file in files]


def test_own_output_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "app.yaml", workload())

    first = migrate(tmp_path, tmp_path)
    again = migrate(tmp_path, tmp_path)

    assert first == again
    assert "kustomization.yaml" in first


def test_obsolete_output_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    migrate(folder, write(tmp_path / "old.yaml", workload("old")))
    (folder / "patches" / "theirs.yaml").write_text("a: 1\n", "utf-8")

    migrate(folder, write(tmp_path / "new.yaml", workload("new")))

    patches = {each.name for each in (folder / "patches").iterdir()}
    assert patches == {
        "theirs.yaml",
        *(f"{NAMESPACE}_{name}.yaml" for name in ("deployment_new", "serviceaccount_web")),
    }


def test_manifest_keeps_permissions_of_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "app.yaml", workload("one"))
    file.chmod(0o640)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(yaml.safe_dump(workload("two")).encode())))

    migrate(tmp_path / "out", file, Path("-"))

    originals = tmp_path / "out" / "original-manifests"
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in originals.iterdir()}
    assert modes == {f"{NAMESPACE}_deployment_one.yaml": 0o640, f"{NAMESPACE}_deployment_two.yaml": 0o600}


def test_source_removed_before_writing(tmp_path: Path) -> None:
    file = write(tmp_path / "app.yaml", workload("one"))
    loaded = load([str(file)], "default")
    output = rendered(loaded)
    file.unlink()
    with pytest.raises(FileOperationError, match="cannot be written"):
        write_files(output, loaded, str(tmp_path / "out"))


def test_script_for_live_objects(tmp_path: Path) -> None:
    loaded = live(*(workload(kind.lower(), kind=kind) for kind in KINDS))
    output = rendered(loaded, "my context")

    write_files(output, loaded, str(tmp_path))

    script = (tmp_path / "apply.sh").read_text("utf-8")
    assert apply_command(output, str(tmp_path), "my context") == f"sh {tmp_path}/apply.sh"
    account = "serviceaccounts web --namespace my-app"
    assert f"kubectl '--context=my context' patch {account} --type strategic" in script
    assert "patch deployments deployment --namespace my-app --type strategic" in script
    assert "replicaset does not replace its pods" in script
    assert "job" not in script


def test_overlay_omits_pods_and_jobs(tmp_path: Path) -> None:
    kinds = ("Pod", "Job", "Deployment")
    written = migrate(tmp_path / "out", write(tmp_path / "all.yaml", *(workload(k.lower(), kind=k) for k in kinds)))
    assert [each for each in written if each.startswith("patches/")] == [
        f"patches/{NAMESPACE}_{name}.yaml" for name in ("deployment_deployment", "serviceaccount_web")
    ]


def test_symbolic_link_in_output_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "patches").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidArgumentValueError, match="symbolic link 'patches'"):
        migrate(folder, write(tmp_path / "app.yaml", workload()))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidArgumentValueError, match="not a regular file"):
        load([str(tmp_path / "pipe.yaml")], "default")
    with pytest.raises(InvalidArgumentValueError, match="not a regular file"):
        load(["/dev/zero"], "default")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "web\ntouch x"},
        {"name": "--server=x"},
        {"name": "Web"},
        {"name": "web", "namespace": "$(x)"},
        {"name": "web", "ownerReferences": [{"kind": "A\nb", "name": "c", "controller": True}]},
    ],
)
def test_invalid_kubernetes_name_is_refused(tmp_path: Path, change: Json) -> None:
    raw = workload(kind="Pod")
    raw["metadata"].update(change)
    with pytest.raises(InvalidArgumentValueError, match="not valid in Kubernetes"):
        load([str(write(tmp_path / "a.yaml", raw))], "default")


def test_file_name_of_long_name_is_shortened(tmp_path: Path) -> None:
    longest = "a" * 253
    written = migrate(tmp_path / "out", write(tmp_path / "a.yaml", workload(longest), workload(longest[:-1] + "b")))
    patches = [Path(each).name for each in written if each.startswith("patches/")]
    assert len(set(patches)) == 3  # with the service account
    assert max(map(len, patches)) <= 255


def test_kustomization_is_built_by_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{KUBECTL.parent}{os.pathsep}{os.environ['PATH']}")
    base = write(tmp_path / "base" / "web.yaml", workload(selector=None))
    write(base.parent / "kustomization.yaml", {"resources": ["web.yaml"]})
    labels = {"pairs": {"aadpodidbinding": "my-pod-identity"}, "includeTemplates": True}
    overlay = write(tmp_path / "overlay" / "kustomization.yaml", {"resources": ["../base"], "labels": [labels]}).parent

    loaded = load([str(overlay)], "default")

    assert [each.binding for each in loaded.inventory.workloads] == ["my-pod-identity"]
    assert not loaded.inventory.mentions
    with pytest.raises(InvalidArgumentValueError, match="contains folders with a kustomization"):
        load([str(tmp_path)], "default")


def test_upper_case_extensions_and_linked_folders(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "apps" / "a.YAML", workload("a"))
    write(tmp_path / "elsewhere" / "b.yaml", workload("b"))
    (tmp_path / "apps" / "link").symlink_to(tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING):
        assert names(load([str(tmp_path / "apps")], "default")) == ["a"]
    assert "link' is a symbolic link" in caplog.text


@pytest.mark.parametrize("name", ["kustomization.yaml", "identity-binding-roles.yaml", "apply.sh"])
def test_foreign_file_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("theirs", "utf-8")

    with pytest.raises(InvalidArgumentValueError, match=name):
        check_folder(str(tmp_path))


def test_unusable_output_folder_is_reported(tmp_path: Path) -> None:
    file = write(tmp_path / "app.yaml", workload())
    with pytest.raises(InvalidArgumentValueError, match="not a folder"):
        check_folder(str(file))

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "patches").write_text("in the way", "utf-8")
    with pytest.raises(FileOperationError, match="cannot be written"):
        migrate(tmp_path / "out", file)


@pytest.mark.parametrize("inspect", [lambda path: load([str(path)], "default"), lambda path: check_folder(str(path))])
def test_folder_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inspect: Callable[[Path], object]
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(InvalidArgumentValueError, match=r"cannot be read: Permission denied\."):
        inspect(tmp_path)


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InvalidArgumentValueError, match=r"Standard input is closed\."):
        load(["-"], "default")
