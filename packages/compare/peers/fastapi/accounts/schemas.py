"""Bodies of requests and answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, EmailStr, StrictStr


class Body(BaseModel, extra="forbid"):
    """The body of a request: an unknown key is an error."""


class Registration(Body):
    username: StrictStr | None = None
    email: EmailStr | None = None
    password: StrictStr


class Login(Body):
    username: StrictStr | None = None
    email: StrictStr | None = None
    password: StrictStr


class User(BaseModel):
    id: UUID
    username: str | None
    email: str | None
    created_at: datetime


class Token(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int


class Message(BaseModel):
    message: str
