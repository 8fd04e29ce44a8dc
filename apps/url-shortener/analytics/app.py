"""The component: ``url-shortener:api/analytics`` over the ``kv-store`` and the ``counters`` that it is given."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import clicks
from wit_world import exports
from wit_world.exports import analytics as api
from wit_world.imports import counters, kv_store
from wit_world.types import Err

P = ParamSpec("P")
T = TypeVar("T")


def answering(function: Callable[P, T]) -> Callable[P, T]:
    """Turns whatever goes wrong into the error of the function's result, so that the caller can log it."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Err:
            raise
        except Exception as error:
            raise Err(f"{type(error).__name__}: {error}") from error

    return guarded


class HostStore:
    """The imported store, in the form that counting wants."""

    get = staticmethod(kv_store.get)
    get_batch = staticmethod(kv_store.get_batch)
    next = staticmethod(counters.next)

    @staticmethod
    def put(key: str, value: bytes) -> None:
        """Puts an entry that never expires; raises ``Err`` with the storage's message."""
        kv_store.set(kv_store.KvEntry(key, value, None))


class Analytics(exports.Analytics):
    """The exported functions."""

    @answering
    def track_click(self, event: api.ClickEvent) -> None:
        """Counts one click."""
        clicks.track(HostStore(), clicks.Click(event.url_id, event.timestamp, event.ip, event.user_agent))

    @answering
    def get_stats(self, url_id: str) -> api.UrlStats:
        """Reads what has been counted for a link."""
        figures = clicks.figures(HostStore(), url_id)
        return api.UrlStats(url_id, figures.total, figures.unique, figures.by_hour)
