"""Password hashes."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from .rules import MAX_BYTES


class Hasher:
    """bcrypt, one thread a core. It releases the interpreter lock, so the event loop answers other requests meanwhile."""

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(os.cpu_count())
        self._decoy = bcrypt.hashpw(os.urandom(16).hex().encode(), bcrypt.gensalt(cost)).decode()

    async def hash(self, password: bytes) -> str:
        hashed = await self._run(lambda: bcrypt.hashpw(password, bcrypt.gensalt(self._cost)))
        return hashed.decode()

    async def matches(self, password: bytes, hashed: str | None) -> bool:
        """Without a hash it compares with a decoy: the time does not tell whether an account exists."""
        expected = (hashed or self._decoy).encode()
        right = await self._run(lambda: bcrypt.checkpw(password[:MAX_BYTES], expected))
        return right and hashed is not None and len(password) <= MAX_BYTES

    async def _run(self, work):
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
