"""Serves the API: python3 -m accounts."""

import asyncio

import asyncpg
import uvicorn
import uvloop

from .api import create_app
from .passwords import Hasher
from .settings import Settings
from .tokens import Tokens
from .users import Users


async def serve(settings: Settings) -> None:
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=10) as pool:
        users = Users(pool)
        await users.migrate()
        app = create_app(users, Hasher(settings.bcrypt_cost), Tokens(settings.jwt_secret))
        config = uvicorn.Config(app, settings.host, settings.port, access_log=False, log_level="warning")
        await uvicorn.Server(config).serve()


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(serve(Settings.from_environment()))
