"""A small API for accounts: register, sign in, and show a token."""
