"""Access tokens: JWT, signed with HS256."""

import time

import jwt

ALGORITHM = "HS256"
LIFETIME = 900


class Tokens:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self, subject: str) -> str:
        now = int(time.time())
        return jwt.encode({"sub": subject, "iat": now, "exp": now + LIFETIME}, self._secret, ALGORITHM)

    def subject(self, token: str) -> str | None:
        """The subject of a valid token."""
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=[ALGORITHM], options={"require": ["sub", "iat", "exp"]}
            )
        except jwt.InvalidTokenError:
            return None
        return claims["sub"]
