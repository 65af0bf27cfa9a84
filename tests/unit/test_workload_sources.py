"""Where workloads are read from, and the folder that their changes are written to."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.kubernetes.sources import Loaded, load, of_objects
from azext_podidentity.kubernetes.writer import apply_commands, check_folder, write_files
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.migration.plan import plan_migration
from azext_podidentity.migration.steps import MigrationPlan
from azext_podidentity.profile.entries import EntryKey
from tests.support.builders import Json, cluster_of, identity_entry
from tests.support.kubernetes_objects import NAMESPACE, account, workload

CLUSTER = cluster_of([identity_entry(EntryKey(NAMESPACE, "my-pod-identity"))])
KINDS = ("Deployment", "ReplicaSet", "Job")


def write(path: Path, *objects: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(objects), "utf-8")
    return path


def plan_of(loaded: Loaded) -> MigrationPlan:
    return plan_migration(CLUSTER, loaded.inventory, {}, None)


def names(loaded: Loaded) -> list[str]:
    return [each.key.name for each in loaded.inventory.workloads]


def migrate(folder: Path, *paths: Path) -> list[str]:
    """Writes the files for the workloads in those paths; returns them by their path in the folder."""
    loaded = load([str(each) for each in paths], "default")
    return relative(folder, write_files(plan_of(loaded), loaded, str(folder), None))


def relative(folder: Path, written: list[str]) -> list[str]:
    assert all(Path(each).is_file() for each in written)
    return [Path(each).relative_to(folder).as_posix() for each in written]


def live(*objects: Json) -> Loaded:
    """The objects as a cluster has them."""
    wires: list[Json] = [
        {**each, "metadata": {**each["metadata"], "uid": str(number)}} for number, each in enumerate(objects)
    ]
    return of_objects([KubernetesObject(each, Origin("kubectl", 1)) for each in wires], "default")


def test_files_folders_and_standard_input_are_one_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "a.yaml").write_bytes(content)

    with pytest.raises(InvalidArgumentValueError, match=why):
        load([str(tmp_path / "a.yaml")], "default")


def test_a_file_that_the_machine_does_not_give_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.yaml", workload())

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidArgumentValueError, match="Permission denied"):
        load([str(file)], "default")


def test_manifests_of_the_same_name_are_copied_side_by_side(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name / "app.yaml", workload(name)) for name in ("one", "two"))
    folder = tmp_path / "out"

    written = migrate(folder, one, two)

    assert {"original-manifests/app.yaml", "original-manifests-2/app.yaml"} <= set(written)
    resources = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert resources == ["original-manifests-2/app.yaml", "original-manifests/app.yaml", "service-accounts.yaml"]


def test_manifests_below_the_folder_are_used_where_they_are_and_ours_are_not_read_again(tmp_path: Path) -> None:
    write(tmp_path / "app.yaml", workload())

    first = migrate(tmp_path, tmp_path)
    again = migrate(tmp_path, tmp_path)

    assert first == again
    assert "kustomization.yaml" in first
    assert not any(each.startswith("original-manifests") for each in first)


def test_what_an_earlier_run_wrote_and_is_not_needed_goes(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    migrate(folder, write(tmp_path / "old.yaml", workload("old")))
    (folder / "patches" / "theirs.yaml").write_text("a: 1\n", "utf-8")

    migrate(folder, write(tmp_path / "new.yaml", workload("new")))

    patches = {each.name for each in (folder / "patches").iterdir()}
    assert patches == {"theirs.yaml", f"{NAMESPACE}_deployment_new.yaml"}


def test_standard_input_is_kept_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = yaml.safe_dump_all([workload(), account()])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(piped.encode())))

    written = migrate(tmp_path, Path("-"))

    assert "original-manifests/standard-input.yaml" in written
    assert (tmp_path / "original-manifests" / "standard-input.yaml").read_text("utf-8") == piped


def test_of_what_is_in_a_cluster_a_script_is_made(tmp_path: Path) -> None:
    loaded = live(*(workload(kind.lower(), kind=kind) for kind in KINDS))

    written = write_files(plan_of(loaded), loaded, str(tmp_path), "my context")

    script = (tmp_path / "apply.sh").read_text("utf-8")
    assert apply_commands(written, str(tmp_path)) == [f"sh {tmp_path}/apply.sh"]
    assert "kubectl --context 'my context' apply --filename service-accounts.yaml" in script
    assert "patch deployment deployment --namespace my-app" in script
    assert "replicaset does not replace its pods" in script
    assert "job cannot be changed: delete it" in script
    assert "patch job" not in script


@pytest.mark.parametrize("name", ["kustomization.yaml", "service-accounts.yaml", "apply.sh"])
def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("theirs", "utf-8")

    with pytest.raises(InvalidArgumentValueError, match=name):
        check_folder(str(tmp_path))


def test_a_folder_that_is_none_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "app.yaml", workload())
    with pytest.raises(InvalidArgumentValueError, match="not a folder"):
        check_folder(str(file))

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "patches").write_text("in the way", "utf-8")
    with pytest.raises(FileOperationError, match="cannot be written"):
        migrate(tmp_path / "out", file)
