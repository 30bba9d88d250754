#!/usr/bin/python3
"""Verifies an access token with PyJWT, knowing nothing but the URL of the service.

usage: pyjwt.py URL < token      (needs PyJWT and cryptography: Debian's python3-jwt, python3-cryptography)

Prints the header and the claims as JSON; exits with 1 and the reason when the token is refused. ISSUER and AUDIENCE in
the environment say what it must carry where that is not URL.
"""

import json
import os
import sys

import jwt


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    url = sys.argv[1].rstrip("/")
    token = sys.stdin.read().strip()
    try:
        key = jwt.PyJWKClient(f"{url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["ES256"],
            issuer=os.environ.get("ISSUER", url),
            audience=os.environ.get("AUDIENCE", url),
            options={"require": ["iss", "aud", "sub", "iat", "exp", "jti", "sid"]},
        )
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt":
            raise jwt.InvalidTokenError(f"typ is {header.get('typ')!r}, not 'at+jwt'")
    except jwt.PyJWTError as error:
        sys.exit(f"refused: {error}")
    print(json.dumps({"header": header, "claims": claims}, indent=2))


if __name__ == "__main__":
    main()
