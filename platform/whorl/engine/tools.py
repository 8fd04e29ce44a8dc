"""The component tools: bridge, call, componentize, compose, describe, merge, print WIT, validate; nothing to install.

They are a core module that ships with the package (`guest/tools.wasm`, source in `platform/adapter/tools`) and
runs in process, each call in a sandbox of its own that sees nothing but its input.
"""

import hashlib
import json
import platform
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Final

import wasmtime

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComposedComponent, Composition, Description, Wasm
from whorl.engine.targets import host_target
from whorl.errors import ToolError

LoadModule = Callable[[wasmtime.Engine, bytes], wasmtime.Module]
"""Makes the compiled tools from an engine and the bytes of their module."""

_WORK: Final = "/work"
_MAGIC: Final = b"\0asm"


class ComponentTools:
    """The component tools; one for a process, and any thread may call them.

    Nothing is compiled before the first call. `load` decides where the compiled code is kept: `compile_module`
    keeps it in memory, `cached_in` on disk, which saves about a second of every later process.
    """

    def __init__(self, load: LoadModule | None = None) -> None:
        self._load = load or compile_module
        self._lock = threading.Lock()
        self._loaded: tuple[wasmtime.Engine, wasmtime.Module] | None = None

    def bridge(
        self, wasm: Wasm, interfaces: Sequence[str], number: int = 0, keeps_nothing: Sequence[str] = ()
    ) -> tuple[bytes, str]:
        """Return a component that exports `interfaces`, imports of `wasm`, and passes calls to `whorl:host/bridge-N`.

        `number` is that N. With it comes JSON about the frames: the functions with their types, and the resources; of
        those in `keeps_nothing` (`ns:pkg/interface@1.0.0/name`) the host does not hear when one is dropped.

        Raises:
            ToolError: it does not import one of them, or one has something that cannot be bridged.
        """
        with _sandbox() as sandbox:
            description = self._run_plan(
                sandbox, "bridge", _bridge_plan(sandbox, wasm, interfaces, number, keeps_nothing)
            )
            return sandbox.read("output.wasm"), description

    def bridge_and_guest(
        self, wasm: Wasm, interfaces: Sequence[str], number: int = 0, keeps_nothing: Sequence[str] = ()
    ) -> tuple[bytes, str, Wasm]:
        """Return what `bridge` does, and the component that is to be composed with it.

        It is `wasm`, changed where bytes can cross between the two as strings; the JSON tells in which functions.

        Raises:
            ToolError: as for `bridge`.
        """
        with _sandbox() as sandbox:
            plan = _bridge_plan(sandbox, wasm, interfaces, number, keeps_nothing)
            description = self._run_plan(sandbox, "bridge", {**plan, "changed": f"{_WORK}/changed.wasm"})
            guest = sandbox.read("changed.wasm") if sandbox.has("changed.wasm") else wasm
            return sandbox.read("output.wasm"), description, guest

    def caller(
        self, wasm: Wasm, exports: Sequence[str] | None = None, *, tells_adapters: bool = False
    ) -> tuple[bytes, str]:
        """Return a component that imports `exports` of `wasm` and calls them for `whorl:host/caller`.

        `exports` are the names of interfaces and functions, None: all. With it comes JSON about the functions with
        their types, the resources, and the functions that cannot be called. `tells_adapters`: it calls
        `whorl:adapter/calls` when a function has returned.

        Raises:
            ToolError: it does not export one of them.
        """
        with _sandbox() as sandbox:
            plan: dict[str, object] = {
                "component": sandbox.add_wasm("input", wasm),
                "exports": None if exports is None else list(exports),
                "tells_adapters": tells_adapters,
            }
            description = self._run_plan(sandbox, "caller", plan)
            return sandbox.read("output.wasm"), description

    def describe(self, wasm: Wasm) -> Description:
        """Tell what `wasm` is: only its outermost sections are read.

        Raises:
            ToolError: it is not WebAssembly, or cut off.
        """
        with _sandbox() as sandbox:
            return Description.from_json(self._run(sandbox, "describe", sandbox.add_wasm("input", wasm)))

    def componentize(self, wasm: Wasm) -> bytes:
        """Return the component that a core module (binary or text) was built to be; a component is returned as it is.

        Raises:
            ToolError: it is not WebAssembly, or does not fit the world that it was built for.
        """
        with _sandbox() as sandbox:
            self._run(sandbox, "componentize", sandbox.add_wasm("input", wasm), f"{_WORK}/output.wasm")
            return sandbox.read("output.wasm")

    def compose(self, composition: Composition) -> ComposedComponent:
        """Return the component that is composed of others; the same composition gives the same bytes.

        Raises:
            ToolError: an import does not fit what satisfies it, or one of the components cannot be used.
        """
        with _sandbox() as sandbox:
            sources = enumerate(composition.sources())
            paths = {source.name: sandbox.add_wasm(f"source{index}", source.wasm) for index, source in sources}
            plan = sandbox.add_file("plan.json", composition.to_json(paths).encode())
            report = self._run(sandbox, "compose", plan, f"{_WORK}/output.wasm")
            return ComposedComponent.from_json(sandbox.read("output.wasm"), report)

    def merge(self, wasm: Wasm) -> bytes:
        """Return a component that does what another does with fewer core modules; `compose` does so where it can.

        Raises:
            ToolError: there is nothing to merge, or something that cannot be.
        """
        with _sandbox() as sandbox:
            self._run(sandbox, "merge", sandbox.add_wasm("input", wasm), f"{_WORK}/output.wasm")
            return sandbox.read("output.wasm")

    def wit(self, wasm: Wasm) -> str:
        """Return the WIT of a component: its world, then the packages that it uses.

        Raises:
            ToolError: it is not a component.
        """
        with _sandbox() as sandbox:
            return self._run(sandbox, "wit", sandbox.add_wasm("input", wasm))

    def validate(self, wasm: Wasm) -> None:
        """Check a component or core module completely, with the features that the engine has on by default.

        Raises:
            ToolError: it is not valid; the message has the offset in bytes.
        """
        with _sandbox() as sandbox:
            self._run(sandbox, "validate", sandbox.add_wasm("input", wasm))

    def _run_plan(self, sandbox: "_Sandbox", command: str, plan: dict[str, object]) -> str:
        path = sandbox.add_file("plan.json", json.dumps(plan).encode())
        return self._run(sandbox, command, path, f"{_WORK}/output.wasm")

    def _run(self, sandbox: "_Sandbox", *arguments: str) -> str:
        engine, module = self._compiled()
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        with wasmtime.Store(engine) as store:
            store.set_wasi(sandbox.configure(arguments))
            try:
                start = linker.instantiate(store, module).exports(store)["_start"]
                start(store)  # type: ignore[operator]
            except wasmtime.ExitTrap as stop:
                if stop.code != 0:
                    raise ToolError(sandbox.complaint()) from None
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                raise ToolError(f"the component tools failed: {sandbox.complaint() or error}") from error
        return sandbox.read("stdout").decode()

    def _compiled(self) -> tuple[wasmtime.Engine, wasmtime.Module]:
        with self._lock:
            if self._loaded is None:
                config = wasmtime.Config()
                host_target().apply(config)
                engine = wasmtime.Engine(config)
                self._loaded = engine, self._load(engine, module_bytes())
            return self._loaded


class _Sandbox:
    """The files of one call: a folder of its own, and the folders of what is read in place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts: dict[str, Path] = {}

    def add_wasm(self, name: str, wasm: Wasm) -> str:
        """Return the path by which the module sees `wasm`; a binary file is not copied, text is assembled.

        Raises:
            ToolError: the file cannot be read, or is text that cannot be assembled.
        """
        if isinstance(wasm, bytes):
            return self.add_file(f"{name}.wasm", wasm if wasm.startswith(_MAGIC) else _assembled(wasm))
        try:
            with wasm.open("rb") as stream:
                if stream.read(len(_MAGIC)) == _MAGIC:
                    return self._mount(name, wasm)
                stream.seek(0)
                text = stream.read()
        except OSError as error:
            raise ToolError(f"`{wasm}` cannot be read: {error.strerror}") from error
        return self.add_file(f"{name}.wasm", _assembled(text))

    def add_file(self, name: str, content: bytes) -> str:
        """Return the path by which the module sees `content`."""
        (self._folder / name).write_bytes(content)
        return f"{_WORK}/{name}"

    def _mount(self, name: str, path: Path) -> str:
        path = path.resolve(strict=True)
        self._mounts[f"/{name}"] = path.parent
        return f"/{name}/{path.name}"

    def read(self, name: str) -> bytes:
        """Return what the module wrote."""
        return (self._folder / name).read_bytes()

    def has(self, name: str) -> bool:
        """Tell whether the module wrote a file."""
        return (self._folder / name).exists()

    def complaint(self) -> str:
        """Return the line that the module wrote to stderr."""
        return self.read("stderr").decode(errors="replace").strip()

    def configure(self, arguments: Sequence[str]) -> wasmtime.WasiConfig:
        """Return what the module may see."""
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["tools", *arguments]
        wasi.stdout_file = str(self._folder / "stdout")
        wasi.stderr_file = str(self._folder / "stderr")
        wasi.preopen_dir(str(self._folder), _WORK)
        for mount, folder in self._mounts.items():
            wasi.preopen_dir(str(folder), mount, fs_mutable=False)
        return wasi


def _bridge_plan(
    sandbox: _Sandbox, wasm: Wasm, interfaces: Sequence[str], number: int, keeps_nothing: Sequence[str]
) -> dict[str, object]:
    return {
        "component": sandbox.add_wasm("input", wasm),
        "interfaces": list(interfaces),
        "number": number,
        "keeps_nothing": list(keeps_nothing),
    }


def _assembled(text: bytes) -> bytes:
    if b"(" not in text or b"\0" in text:
        raise ToolError("this is neither WebAssembly nor its text format")
    try:
        return bytes(wasmtime.wat2wasm(text))
    except wasmtime.WasmtimeError as error:
        message = str(error).split("|", 1)[0].replace("--> <anon>:", " at ").replace("<anon>:", "")
        raise ToolError(f"the text format cannot be assembled: {' '.join(message.split())}") from error


@contextmanager
def _sandbox() -> Iterator[_Sandbox]:
    with tempfile.TemporaryDirectory(prefix="whorl-tools-") as folder:
        yield _Sandbox(Path(folder))


def module_bytes() -> bytes:
    """Return the bytes of the tools' module."""
    return (resources.files("whorl") / "guest" / "tools.wasm").read_bytes()


def compile_module(engine: wasmtime.Engine, wasm: bytes) -> wasmtime.Module:
    """Compile the tools, for this process alone."""
    return wasmtime.Module(engine, wasm)


def cached_in(cache: CompiledCache) -> LoadModule:
    """Return a loader that keeps the compiled tools in `cache`."""

    def load(engine: wasmtime.Engine, wasm: bytes) -> wasmtime.Module:
        machine = " ".join((version("wasmtime"), platform.system(), host_target().name))
        key = f"tools-{hashlib.sha256(machine.encode() + wasm).hexdigest()}"
        file = cache.path(key, lambda: compile_module(engine, wasm).serialize())
        try:
            return wasmtime.Module.deserialize_file(engine, str(file))
        except UnicodeEncodeError:
            return compile_module(engine, wasm)  # wasmtime opens no file in a folder whose name is not UTF-8
        except wasmtime.WasmtimeError:
            file.unlink(missing_ok=True)  # of another build of wasmtime: the next process makes it anew
            return compile_module(engine, wasm)

    return load
