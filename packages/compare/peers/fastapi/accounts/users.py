"""Accounts in PostgreSQL."""

from pathlib import Path

from asyncpg import Pool, Record, UniqueViolationError

SCHEMA = Path(__file__).parent.parent.joinpath("schema.sql").read_text()


class NameTaken(Exception):
    pass


class Users:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def migrate(self) -> None:
        await self._pool.execute(SCHEMA)

    async def add(self, username: str | None, email: str | None, password_hash: str) -> Record:
        try:
            return await self._pool.fetchrow(
                """
                INSERT INTO users (username, email, password_hash) VALUES ($1, $2, $3)
                RETURNING id, username, email, created_at
                """,
                username,
                email,
                password_hash,
            )
        except UniqueViolationError:
            raise NameTaken from None

    async def find(self, name: str) -> Record | None:
        """By username or email: a username has no @, so both cannot match."""
        return await self._pool.fetchrow(
            "SELECT id, password_hash FROM users WHERE username = $1 OR email = $1", name
        )
