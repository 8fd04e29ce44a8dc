"""From a composition to compiled code: composes, checks that nothing is left to import, compiles, keeps the result.

The key of the cache is the digest of everything that goes in: the bytes of each part, how they are wired, the tools
that compose them, wasmtime's version and the engine's configuration. What was made once is loaded in milliseconds.
"""

import hashlib
import json
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from wasmtime import WasmtimeError
from wasmtime import component as wasm

from whorl.engine.bridges.composing import RULES, BridgeOf, with_bridges
from whorl.engine.cache import CompiledCache
from whorl.engine.components import EXPORT
from whorl.engine.compositions import (
    ComponentSource,
    ComposedComponent,
    Composition,
    Description,
    UnresolvedImport,
    Wasm,
)
from whorl.engine.engines import Engine
from whorl.engine.exports.composing import RULES as CALLER_RULES
from whorl.engine.exports.composing import with_caller
from whorl.engine.tools import ComponentTools, cached_in, module_bytes
from whorl.engine.wasi_releases import ACCEPTED_CANDIDATE, refused_release
from whorl.errors import ComponentError, ToolError

CompiledComponent = wasm.Component
"""A component as the engine runs it."""

HOST_PACKAGE = "whorl:host/"
_OWN_PACKAGES = (HOST_PACKAGE, "whorl:adapter/")
_HANDLER = "wasi:http/incoming-handler@0.2."
_ASYNC_HANDLER = "wasi:http/handler@0.3."


class LoadedComponent(NamedTuple):
    """A composition, compiled.

    Attributes:
        code: the same.
        bridges: what is told of each bridge in it.
        caller: what is told of its caller, as JSON; None where it has none.
    """

    code: CompiledComponent
    bridges: tuple[BridgeOf, ...] = ()
    caller: str | None = None


class ComponentLoader:
    """Composes and compiles components for one engine; any thread may call it."""

    def __init__(self, engine: Engine, cache: CompiledCache) -> None:
        self._engine = engine
        self._cache = cache
        self._tools = ComponentTools(cached_in(cache))
        self._tools_digest = hashlib.sha256(module_bytes()).hexdigest()

    def load(self, name: str, composition: Composition) -> LoadedComponent:
        """Return the compiled composition, and what is told of the bridges and the caller in it.

        Args:
            name: the component's id, for messages.
            composition: its root is the component; dependencies, adapters and the driver are composed around it.

        Raises:
            ComponentError: a part is not a component, nothing provides one of its imports, or it cannot be compiled.
            StoreError: the cache cannot be used.
        """
        self._check_refused(name, composition)
        key = self._key(composition)
        with self._engine.loading:
            code = self._engine.code.get(key)
        if code is None:
            file = self._cache.path(key, lambda: self._make_from(name, composition, key))
            with self._engine.loading:
                code = self._engine.code.get(key) or self._mapped(name, file)
                self._engine.code[key] = code
        if not _is_told(composition):
            return LoadedComponent(code)
        file = self._cache.path(_beside(key), lambda: self._describe_from(name, composition, key), "json")
        told = json.loads(file.read_text())
        return LoadedComponent(code, tuple(BridgeOf(*each) for each in told["bridges"]), told["caller"])

    def _mapped(self, name: str, file: Path) -> wasm.Component:
        try:
            return wasm.Component.deserialize_file(self._engine.wasmtime, str(file))
        except (WasmtimeError, UnicodeEncodeError) as error:
            raise ComponentError(
                f"component `{name}`: its compiled code `{file}` cannot be loaded; remove that file and start again:"
                f" {error}"
            ) from error

    def _check_refused(self, name: str, composition: Composition) -> None:
        for source in composition.components:
            if not source.refused:
                continue
            imports = {each.partition("@")[0] for each in self._tools.describe(source.wasm).imports}
            for interface in source.refused:
                if interface in imports:
                    raise ComponentError(
                        f"component `{name}`: its dependency `{source.name}` imports `{interface}`, which would give it"
                        f" what `{name}` is granted; if it may have that, add `inherit_configuration = true` to the"
                        " dependency"
                    )

    def _key(self, composition: Composition) -> str:
        """Return the digest of all that the code depends on; the name of the root is not among it."""
        root, *others = composition.components
        composition = replace(composition, components=(replace(root, name=""), *others))
        digest = hashlib.sha256()
        parts: list[object] = [self._engine.configuration.fingerprint(), self._tools_digest]
        if composition.hosted:
            of_sources = [source.hosted for source in composition.components]
            parts.append((RULES, composition.hosted, composition.lasting, of_sources))
        if composition.called is not None:
            parts.append((CALLER_RULES, composition.called))
        parts.append(composition.to_json({source.name: _digest(source.wasm) for source in composition.sources()}))
        digest.update(json.dumps(parts).encode())
        return digest.hexdigest()

    def _make_from(self, name: str, composition: Composition, key: str) -> bytes:
        code, told = self._make(name, composition)
        self._check_unchanged(name, composition, key)
        if _is_told(composition):
            self._cache.path(_beside(key), lambda: told, "json")
        return code

    def _describe_from(self, name: str, composition: Composition, key: str) -> bytes:
        """Make what `_make_from` has left beside the code, if that is lost."""
        _, told = self._bridged(name, composition)
        self._check_unchanged(name, composition, key)
        return told

    def _check_unchanged(self, name: str, composition: Composition, key: str) -> None:
        if self._key(composition) != key:
            raise ComponentError(f"component `{name}` was changed while it was compiled; start again")

    def _make(self, name: str, composition: Composition) -> tuple[bytes, bytes]:
        """Return the code, and what is told of the bridges and the caller in it."""
        bridged, told = self._bridged(name, composition)
        try:
            composed = self._tools.compose(bridged)
        except ToolError as error:
            raise ComponentError(f"component `{name}`: {error}") from error
        _check_imports(name, bridged, {adapter.name for adapter in bridged.adapters}, composed)
        try:
            return bytes(wasm.Component(self._engine.wasmtime, composed.wasm).serialize()), told
        except WasmtimeError as error:
            raise ComponentError(f"component `{name}` cannot be compiled: {error}") from error

    def _bridged(self, name: str, composition: Composition) -> tuple[Composition, bytes]:
        """Return the composition of components, with its bridges and its caller, and what is told of these."""
        try:
            components = tuple(self._as_component(source) for source in composition.components)
            described = self._tools.describe(components[0].wasm)
            composition = _driven(name, composition, described)
            for source in components:
                _refuse_internals(name, self._tools.describe(source.wasm))
            bridged, descriptions = with_bridges(
                replace(composition, components=components), self._tools.describe, self._tools.bridge_and_guest
            )
            whole, caller = with_caller(bridged, self._tools.caller, self._tools.describe)
        except ToolError as error:
            raise ComponentError(f"component `{name}`: {error}") from error
        return whole, json.dumps({"bridges": descriptions, "caller": caller}).encode()

    def _as_component(self, source: ComponentSource) -> ComponentSource:
        if self._tools.describe(source.wasm).kind == "component":
            return source
        return replace(source, wasm=self._tools.componentize(source.wasm))


def _is_told(composition: Composition) -> bool:
    """Tell whether something is told beside the code."""
    return bool(composition.hosted) or composition.called is not None


def _beside(key: str) -> str:
    """Return the key of what is told of the bridges in the code with this one."""
    return f"{key}-bridges"


def _refuse_internals(name: str, described: Description) -> None:
    """Fail if a component imports what lies between whorl and its adapters: it would be given addresses to write to."""
    internals = [each for each in described.imports if each.startswith(_OWN_PACKAGES)]
    if internals:
        raise ComponentError(
            f"component `{name}` imports `{internals[0]}`, which is between whorl and its adapters; build it for the"
            " interfaces of WASI and Spin"
        )


def _driven(name: str, composition: Composition, described: Description) -> Composition:
    """Return the composition with what calls its root: the driver, or nothing if it exports the handler of 0.3.

    Lowered, that is what the driver exports too. Where a component exports both, the newer one is taken.
    """
    if composition.driver is None:
        return composition
    if any(map(_is_async_handler, described.exports)):
        return replace(composition, driver=None, exports=(EXPORT,))
    if not any(map(_is_handler, described.exports)):
        raise ComponentError(_no_handler(name, described))
    return composition


def _is_handler(export: str) -> bool:
    """Tell whether the driver can call `export`: it cannot if that is of a release candidate."""
    return export.startswith(_HANDLER) and "-" not in export.removeprefix(_HANDLER)


def _is_async_handler(export: str) -> bool:
    """Tell whether `export` is lowered to something that can be called."""
    version = export.removeprefix(_ASYNC_HANDLER)
    return version != export and ("-" not in version or export.endswith(ACCEPTED_CANDIDATE))


def _no_handler(name: str, described: Description) -> str:
    refused = refused_release([*described.exports, *described.imports])
    if refused is not None:
        return f"component `{name}` {refused}"
    found = ", ".join(f"`{export}`" for export in described.exports) or "nothing"
    return (
        f"component `{name}` cannot serve HTTP: expected it to export `{_HANDLER}x` or `{_ASYNC_HANDLER}x`, it exports"
        f" {found}; build it for the world `wasi:http/proxy` or `wasi:http/service`"
    )


def _check_imports(name: str, composition: Composition, ours: set[str], composed: ComposedComponent) -> None:
    if composition.driver is not None:
        ours.add(composition.driver.name)
    for left in composed.unresolved:
        if left.name.startswith(HOST_PACKAGE) and left.component in ours:
            continue
        raise ComponentError(_nobody_provides(name, composition, left))


def _nobody_provides(name: str, composition: Composition, left: UnresolvedImport) -> str:
    source = next(source for source in composition.components if source.name == left.component)
    of_dependency = "" if source is composition.components[0] else f" (its dependency `{source.name}`)"
    refused = refused_release([left.name])
    if refused is not None:
        return f"component `{name}`{of_dependency} {refused}"
    near = _implemented_nearby(left.name, composition)
    if source.hosted is None and near is not None:
        cure = f"nobody provides; Python implements `{near}`, which is not compatible with it: compare name and version"
    elif source.hosted is None:
        cure = "nobody provides; add a dependency that exports it, or build the component without it"
    else:
        cure = "is for those that inherit; if it may have that, add `inherit_configuration = true` to the dependency"
    return f"component `{name}`{of_dependency} imports `{left.name}`, which {cure}"


def _implemented_nearby(name: str, composition: Composition) -> str | None:
    """Return the interface that the app implements itself, or whorl does, which might have been meant."""
    same = [each for each in composition.hosted if each.partition("@")[0] == name.partition("@")[0]]
    return next(iter([*same, *get_close_matches(name, composition.hosted, n=1, cutoff=0.9)]), None)


def _digest(content: Wasm) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
