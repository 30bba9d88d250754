"""The routes."""

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from . import rules
from .passwords import Hasher
from .schemas import Login, Message, Registration, Token, User
from .tokens import LIFETIME, Tokens
from .users import NameTaken, Users


def create_app(users: Users, hasher: Hasher, tokens: Tokens) -> FastAPI:
    app = FastAPI(title="Accounts")
    app.add_exception_handler(RequestValidationError, invalid_body)
    app.add_exception_handler(rules.Invalid, invalid_value)

    def subject(credentials: HTTPAuthorizationCredentials | None = Depends(HTTPBearer(auto_error=False))) -> str:
        if credentials is None:
            raise unauthorized("A bearer token is needed.", "Bearer")
        found = tokens.subject(credentials.credentials)
        if found is None:
            raise unauthorized("The token is invalid or has expired.", 'Bearer error="invalid_token"')
        return found

    @app.post("/register", status_code=201)
    async def register(body: Registration) -> User:
        username, email = rules.new_names(body.username, body.email)
        password_hash = await hasher.hash(rules.new_password(body.password))
        try:
            return User(**await users.add(username, email, password_hash))
        except NameTaken:
            raise HTTPException(409, "The username or email address is taken.") from None

    @app.post("/login")
    async def login(body: Login) -> Token:
        password = rules.password(body.password)
        user = await users.find(rules.one_name(body.username, body.email))
        if not await hasher.matches(password, user and user["password_hash"]):
            raise unauthorized("The name or the password is wrong.", "Bearer")
        return Token(access_token=tokens.issue(str(user["id"])), expires_in=LIFETIME)

    @app.get("/secret")
    async def secret(subject: str = Depends(subject)) -> Message:
        return Message(message=f"Hello {subject}, this is the secret.")

    return app


def unauthorized(detail: str, challenge: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


async def invalid_body(_: Request, error: RequestValidationError) -> JSONResponse:
    """FastAPI's own answer repeats the input, passwords included. An unknown key may hold what UTF-8 cannot."""
    return JSONResponse({"detail": [{"loc": encodable(each["loc"]), "msg": each["msg"]} for each in error.errors()]}, 422)


def encodable(location: tuple[str | int, ...]) -> list[str]:
    return [str(part).encode(errors="replace").decode() for part in location]


async def invalid_value(_: Request, error: rules.Invalid) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 422)
