"""How many of a component's instances may serve requests whose body is still on its way from a client.

Theory of operation: a guest begins as soon as its request's head is there, since it may answer before the body has
come, or because of what the head says. A client that sends its body slowly, or never, would thus keep an instance;
some hundred of them would keep all. So only half of a component's instances serve such requests. The others that come
wait, holding no instance, until a place is free or their body is whole: then they are requests like all others.
"""

import asyncio
import contextlib
from collections import deque
from functools import partial

from whorl.triggers.http.messages import Upload


class TooManyUploadsError(Exception):
    """As many requests as may wait for their bodies."""


class Uploads:
    """The places of one component.

    Args:
        places: requests that may be served at once before their body is whole.
        queue: requests that may wait for that.
    """

    def __init__(self, places: int, queue: int) -> None:
        self.free = places
        self._queue = queue
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._held: set[Upload] = set()
        self._turn = asyncio.Lock()

    async def enter(self, upload: Upload) -> None:
        """Wait until the request may be served: call `leave` in any case once it has been.

        Raises:
            TooManyUploadsError: too many wait already.
        """
        if upload.is_whole or not await self._has_place(upload):
            return
        self._held.add(upload)
        upload.when_whole(partial(self.leave, upload))

    async def take_turn(self) -> None:
        """Return in a turn of the event loop of one's own: guests that all begin in one would hold everybody up."""
        async with self._turn:
            await asyncio.sleep(0)

    def leave(self, upload: Upload) -> None:
        """Give the place back, if `upload` has one; it goes by itself when the body is whole."""
        if upload in self._held:
            self._held.discard(upload)
            upload.when_whole(None)
            self._give_back()

    async def _has_place(self, upload: Upload) -> bool:
        """Wait for a place, or for the body; tell which of them it is."""
        if self.free:
            self.free -= 1
            return True
        has_place = await self._wait(upload)
        if has_place and upload.is_whole:
            self._give_back()
            return False
        return has_place

    async def _wait(self, upload: Upload) -> bool:
        if len(self._waiting) >= self._queue:
            raise TooManyUploadsError
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        upload.when_whole(partial(_answer, turn, has_place=False))
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self._give_back()
            raise
        finally:
            upload.when_whole(None)
            with contextlib.suppress(ValueError):
                self._waiting.remove(turn)

    def _give_back(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                _answer(turn, has_place=True)
                return
        self.free += 1


def _answer(turn: asyncio.Future[bool], *, has_place: bool) -> None:
    if not turn.done():
        turn.set_result(has_place)
