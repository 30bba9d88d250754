"""The configuration, from the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str
    jwt_secret: str
    host: str
    port: int
    bcrypt_cost: int

    @classmethod
    def from_environment(cls) -> "Settings":
        secret = os.environ["JWT_SECRET"]
        if len(secret.encode()) < 32:  # RFC 7518, section 3.2
            raise SystemExit("JWT_SECRET must have at least 32 bytes")
        return cls(
            database_url=os.environ["DATABASE_URL"],
            jwt_secret=secret,
            host=os.environ.get("HOST", "127.0.0.1"),
            port=int(os.environ.get("PORT", "8000")),
            bcrypt_cost=int(os.environ.get("BCRYPT_COST", "12")),
        )
