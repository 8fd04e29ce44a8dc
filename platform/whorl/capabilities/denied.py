"""Spin's interfaces as Spin answers a component that was granted nothing.

A program that imports the whole of Spin, as each one made with its Python SDK does, can run, and is told which key of
its manifest it lacks or that it may not. No connection can ever be opened, so nothing can be asked of one.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

from whorl.values import Err


def _interface(**functions: Callable[..., Any]) -> object:
    """Return an interface of which some functions are all that can be called."""
    return type("Denied", (), {name: staticmethod(function) for name, function in functions.items()})()


def _resources(open_one: Callable[..., NoReturn], *methods: str) -> object:
    """Return an interface with a resource `connection` that cannot be opened, of which `open_one` says why."""
    functions = {"open": staticmethod(open_one), **dict.fromkeys(methods, _never)}
    return type("Denied", (), {"Connection": type("Connection", (), functions)})()


def _never(*_arguments: object) -> NoReturn:
    raise AssertionError("a connection that cannot be was used")


def _lacks_model(model: str) -> Err:
    text = (
        f"The component does not have access to use '{model}'. To give the component access, add '{model}' to the"
        " 'ai_models' key for the component in your spin.toml manifest"
    )
    return Err(("invalid-input", text))


def _infer(model: str, _prompt: str, _params: object) -> NoReturn:
    raise _lacks_model(model)


def _generate_embeddings(model: str, _text: list[str]) -> NoReturn:
    raise _lacks_model(model)


def _variable(name: str) -> NoReturn:
    raise Err(("undefined", f'no variable for this component: "{name}"'))


def _open_mqtt(address: str, _username: str, _password: str, _keep_alive_interval: int) -> NoReturn:
    raise _not_permitted(address)


def _open_mysql(address: str) -> NoReturn:
    raise _not_permitted(address)


def _open_postgres(address: str) -> NoReturn:
    raise _not_permitted(f"postgres://{postgres_host(address)}")


def _open_redis(_address: str) -> NoReturn:
    raise Err("invalid-address")


def _open_sqlite(_database: str) -> NoReturn:
    raise Err("access-denied")


def _not_permitted(address: str) -> Err:
    return Err(("connection-failed", f"address {address} is not permitted"))


def postgres_host(address: str) -> str:
    """Return host and port of a Postgres address, a URL or `key=value` pairs, without credentials.

    Of several hosts it is the first.
    """
    if "://" in address:
        authority = re.split(r"[/?#]", address.partition("://")[2], maxsplit=1)[0]
        return authority.rpartition("@")[2].partition(",")[0]
    pairs = dict(reversed([pair.partition("=")[::2] for pair in address.split() if "=" in pair]))
    host, port = pairs.get("host", "localhost").partition(",")[0], pairs.get("port", "").partition(",")[0]
    return f"{host}:{port}" if port else host


_POSTGRES = _resources(_open_postgres, "query", "execute")

IMPLEMENTATIONS = {
    "fermyon:spin/llm@2.0.0": _interface(infer=_infer, generate_embeddings=_generate_embeddings),
    "fermyon:spin/mqtt@2.0.0": _resources(_open_mqtt, "publish"),
    "fermyon:spin/rdbms-types@2.0.0": _interface(),
    "fermyon:spin/mysql@2.0.0": _resources(_open_mysql, "query", "execute"),
    "fermyon:spin/postgres@2.0.0": _POSTGRES,
    "fermyon:spin/redis@2.0.0": _resources(
        _open_redis, "publish", "get", "set", "incr", "del_", "sadd", "smembers", "srem", "execute"
    ),
    "fermyon:spin/sqlite@2.0.0": _resources(_open_sqlite, "execute"),
    "fermyon:spin/variables@2.0.0": _interface(get=_variable),
    "spin:postgres/postgres@3.0.0": _POSTGRES,
    "spin:postgres/postgres@4.0.0": _POSTGRES,
    "spin:sqlite/sqlite@3.0.0": _resources(_open_sqlite, "execute", "last_insert_rowid", "changes"),
    "wasi:config/store@0.2.0-draft-2024-09-27": _interface(get=lambda _key: None, get_all=list),
}
"""The interfaces of Spin that no capability stands behind yet, each by what answers its calls."""
