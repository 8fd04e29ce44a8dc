"""The ids of triggers and inline components that a manifest leaves out, as Spin makes them up.

Spin's `crates/manifest/src/normalize.rs`.
"""

import itertools
from collections.abc import Iterable, Sequence

from whorl.app.identifiers import kebab_id


def trigger_ids(kind: str, triggers: Sequence[tuple[str | None, str | None]]) -> tuple[str, ...]:
    """Return an id for each trigger of the type `kind`.

    Args:
        kind: the type, for example `http`.
        triggers: for each trigger the id that it states, and the component that it refers to.
    """
    taken = {stated for stated, _ in triggers if stated}
    ids: list[str] = []
    for stated, component in triggers:
        chosen = stated or _free_trigger_id(kind, component, taken)
        taken.add(chosen)
        ids.append(chosen)
    return tuple(ids)


def inline_component_id(trigger: str, taken: Iterable[str]) -> str:
    """Return an id for the component that is written inside the trigger of the id `trigger`."""
    ids = set(taken)
    natural = f"{trigger}-component"
    try:
        if kebab_id(natural) not in ids:
            return natural
    except ValueError:
        pass
    return next(numbered for n in itertools.count(1) if (numbered := f"inline-component{n}") not in ids)


def _free_trigger_id(kind: str, component: str | None, taken: set[str]) -> str:
    natural = f"{component}-{kind}-trigger"
    if component is not None and natural not in taken:
        return natural
    return next(numbered for n in itertools.count(1) if (numbered := f"{kind}-trigger{n}") not in taken)
