"""The spelling of names in a manifest: component ids, store labels, dependency names.

The rules and their wording are Spin's (`crates/serde/src/id.rs`), so that a name which one accepts the other accepts.
"""

import re
from dataclasses import dataclass

_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]")
_DEPENDENCY_PACKAGE = re.compile(
    r"""(?P<package> [^:/@]+ : [^:/@]+ )
        (?: / (?P<interface> [^@]+ ) )?
        (?: @ (?P<version> .+ ) )?""",
    re.VERBOSE,
)
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


def kebab_id(text: str) -> str:
    """Return `text` if it is a kebab-case id (`my-app2`).

    Raises:
        ValueError: it is not; the message says why.
    """
    return _separated_id(text, separator="-", other="_")


def snake_id(text: str) -> str:
    """Return `text` if it is a snake_case id.

    Raises:
        ValueError: it is not; the message says why.
    """
    return _separated_id(text, separator="_", other="-")


def label(text: str) -> str:
    """Return `text` if it can name a store: kebab-case or snake_case.

    Raises:
        ValueError: it is neither.
    """
    for rule in (kebab_id, snake_id):
        try:
            return rule(text)
        except ValueError:
            continue
    raise ValueError(f"`{text}` cannot name a store: expected kebab-case or snake_case")


def kebab_case(text: str) -> str | None:
    """Return the kebab-case id that is nearest to `text`, None when nothing of it can be kept."""
    words = [word.lower() for word in _NOT_ALPHANUMERIC.split(text) if word]
    candidate = "-".join(words)
    try:
        return kebab_id(candidate)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class DependencyName:
    """What a key of `[component.x.dependencies]` names: an import by its plain name, or a package, or an interface.

    Attributes:
        text: the key as written.
        package: `ns:name`, None for a plain name.
        interface: the interface of the package, None for all of it.
        version: the version, None for any.
    """

    text: str
    package: str | None = None
    interface: str | None = None
    version: str | None = None

    def overlaps(self, other: "DependencyName") -> bool:
        """Tell whether both would satisfy the same import."""
        if self.package is None or self.package != other.package:
            return False
        if None not in (self.version, other.version) and self.version != other.version:
            return False
        return None in (self.interface, other.interface) or self.interface == other.interface


def dependency_name(text: str) -> DependencyName:
    """Parse a key of `[component.x.dependencies]`: `name`, `ns:package`, `ns:package/interface`, each with `@version`.

    Raises:
        ValueError: it is none of these; the message says why.
    """
    if ":" not in text:
        return DependencyName(kebab_id(text))
    match = _DEPENDENCY_PACKAGE.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a dependency name; expected `name`, `ns:package` or `ns:package/interface`")
    package, interface, version = match.group("package", "interface", "version")
    for word in (*package.split(":"), *([interface] if interface else [])):
        try:
            kebab_id(word)
        except ValueError as error:
            raise ValueError(f"`{text}` is not a dependency name: {error}") from None
    if version is not None and not _VERSION.fullmatch(version):
        raise ValueError(f"`{text}` is not a dependency name: `{version}` is not a version such as `1.0.0`")
    return DependencyName(text, package, interface, version)


def _separated_id(text: str, separator: str, other: str) -> str:
    problem = _id_problem(text, separator, other)
    if problem:
        raise ValueError(f"invalid id `{text}`: {problem}")
    return text


def _id_problem(text: str, separator: str, other: str) -> str | None:
    if not text:
        return "empty"
    if other in text:
        return f"words must be separated with '{separator}', not '{other}'"
    for word in text.split(separator):
        problem = _word_problem(word)
        if problem:
            return f"'{separator}'-separated words {problem}"
    return None


def _word_problem(word: str) -> str | None:
    if not word:
        return "must not be empty"
    if not (word[0].isascii() and word[0].isalpha()):
        return f"must start with an ASCII letter; got '{word[0]}'"
    odd = _NOT_ALPHANUMERIC.search(word)
    if odd:
        return f"may only contain alphanumeric ASCII; got '{odd.group()}'"
    if word not in (word.lower(), word.upper()):
        return f'must be all lowercase or all UPPERCASE; got "{word}"'
    return None
