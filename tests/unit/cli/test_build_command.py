"""`whorl build`: which commands run, where, in which order, and what is said."""

from pathlib import Path

import pytest

from whorl.cli.build import build
from whorl.errors import ManifestError

HEAD = 'spin_manifest_version = 2\n[application]\nname = "app"\n'
TRIGGER = '[[trigger.http]]\nroute = "/..."\ncomponent = "a"\n'


class Shell:
    """A folder with a manifest in which builds run, and what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def build(self, manifest: str, *component_ids: str) -> int:
        (self.folder / "spin.toml").write_text(manifest)
        return build(self.folder, component_ids, self.said.append)

    def built(self) -> list[str]:
        """Return the lines that the commands appended to the file `built`."""
        log = self.folder / "built"
        return log.read_text().split() if log.exists() else []


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def component(component_id: str, commands: str, more: str = "") -> str:
    return f'[component.{component_id}]\nsource = "{component_id}.wasm"\n{more}\nbuild.command = {commands}\n'


def test_commands_run_in_order_and_are_announced(shell: Shell) -> None:
    code = shell.build(HEAD + TRIGGER + component("a", '["echo 1 >> built", "echo 2 >> built"]'))
    assert (code, shell.built()) == (0, ["1", "2"])
    assert shell.said == [
        "Building component a with `echo 1 >> built`",
        "Building component a with `echo 2 >> built`",
        "Finished building all Spin components",
    ]


def test_a_command_runs_in_its_workdir(shell: Shell) -> None:
    (shell.folder / "sub").mkdir()
    code = shell.build(HEAD + TRIGGER + component("a", '"echo here >> ../built; pwd > where"', 'build.workdir = "sub"'))
    assert (code, shell.built()) == (0, ["here"])
    assert (shell.folder / "sub" / "where").is_file()
    assert shell.said[1] == f'Working directory: "{shell.folder / "sub"}"'


def test_the_first_failure_ends_the_build(shell: Shell) -> None:
    manifest = HEAD + TRIGGER + component("a", '["exit 3", "echo 2 >> built"]') + component("b", '"echo b >> built"')
    assert (shell.build(manifest), shell.built()) == (1, [])
    assert shell.said[-1] == "Error: Build command for component a failed with status Exited(3)"


def test_a_command_that_is_killed_is_told_by_its_signal(shell: Shell) -> None:
    assert shell.build(HEAD + TRIGGER + component("a", '"kill -KILL $$"')) == 1
    assert shell.said[-1].endswith("failed with status Signaled(SIGKILL)")


def test_a_component_is_built_after_those_it_depends_on(shell: Shell) -> None:
    manifest = (
        HEAD
        + TRIGGER
        + component("a", '"echo a >> built"', 'dependencies = { x = { component = "b" } }')
        + component("b", '"echo b >> built"')
    )
    assert (shell.build(manifest), shell.built()) == (0, ["b", "a"])


def test_components_that_depend_on_each_other_are_built_as_declared(shell: Shell) -> None:
    manifest = (
        HEAD
        + TRIGGER
        + component("b", '"echo b >> built"', 'dependencies = { x = { component = "a" } }')
        + component("a", '"echo a >> built"', 'dependencies = { x = { component = "b" } }')
    )
    assert (shell.build(manifest), shell.built()) == (0, ["b", "a"])


def test_only_the_named_components_are_built(shell: Shell) -> None:
    manifest = HEAD + TRIGGER + component("a", '"echo a >> built"') + component("b", '"echo b >> built"')
    assert (shell.build(manifest, "b"), shell.built()) == (0, ["b"])


def test_an_unknown_component_is_refused(shell: Shell) -> None:
    with pytest.raises(ManifestError, match="`shp` is not declared; did you mean `shop`"):
        shell.build(HEAD + component("shop", '"true"'), "shp")


def test_an_inline_component_is_built_by_its_id(shell: Shell) -> None:
    trigger = (
        '[[trigger.http]]\nroute = "/"\ncomponent = { source = "x.wasm", build = { command = "echo i >> built" } }\n'
    )
    assert (shell.build(HEAD + trigger, "http-trigger1-component"), shell.built()) == (0, ["i"])


def test_a_manifest_that_is_otherwise_invalid_is_built_with_a_warning(shell: Shell) -> None:
    manifest = (
        "[component.a]\nsorce = 3\nbuild = { command = 'echo a >> built' }\n[component]\nb = 7\n[trigger]\nhttp = 1\n"
    )
    assert (shell.build(manifest), shell.built()) == (0, ["a"])
    assert shell.said[0] == "Warning: the manifest is not valid yet; building nevertheless"


def test_an_app_without_build_commands_is_no_failure(shell: Shell) -> None:
    assert shell.build(HEAD + TRIGGER + '[component.a]\nsource = "a.wasm"\n') == 0
    assert shell.said == ["None of the components have a build command."]


def test_a_build_table_that_cannot_be_read_is_refused(shell: Shell) -> None:
    with pytest.raises(ManifestError, match=r"spin\.toml:5: `component\.a\.build` cannot be used"):
        shell.build(HEAD + "[component.a]\nbuild = 3\n")


@pytest.mark.parametrize("workdir", ["/", "missing"])
def test_a_workdir_must_be_a_folder_beside_the_manifest(shell: Shell, workdir: str) -> None:
    with pytest.raises(ManifestError, match="component `a`: `build.workdir` is"):
        shell.build(HEAD + TRIGGER + component("a", '"true"', f'build.workdir = "{workdir}"'))
