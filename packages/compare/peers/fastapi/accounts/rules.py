"""What a name and a password must be. Each rule raises `Invalid`, or returns the value in the form that is stored."""

import re
import unicodedata

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,30}[A-Za-z0-9]")
MIN_CHARACTERS = 8
# bcrypt reads no further.
MAX_BYTES = 72


class Invalid(Exception):
    """The message is shown to the client."""


def text(value: str) -> str:
    """Refuses what neither UTF-8 nor PostgreSQL can store."""
    if re.search("[\0\ud800-\udfff]", value):
        raise Invalid("Text must not contain NUL or lone surrogates.")
    return value


def new_names(username: str | None, email: str | None) -> tuple[str | None, str | None]:
    if username is None and email is None:
        raise Invalid("A username or an email address is needed.")
    if username is not None and not USERNAME.fullmatch(username):
        raise Invalid("A username has 3 to 32 letters, digits, dots, underscores or hyphens.")
    return username and username.lower(), email and email.lower()


def one_name(username: str | None, email: str | None) -> str:
    names = [name for name in (username, email) if name is not None]
    if len(names) != 1 or not 1 <= len(names[0]) <= 254:
        raise Invalid("Either a username or an email address is needed.")
    return text(names[0]).lower()


def password(value: str) -> bytes:
    """In UTF-8, normalised (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", text(value)).encode()


def new_password(value: str) -> bytes:
    encoded = password(value)
    if len(encoded.decode()) < MIN_CHARACTERS:
        raise Invalid(f"A password has at least {MIN_CHARACTERS} characters.")
    if len(encoded) > MAX_BYTES:
        raise Invalid(f"A password has at most {MAX_BYTES} bytes.")
    return encoded
