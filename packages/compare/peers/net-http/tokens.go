package main

import (
	"time"

	"github.com/golang-jwt/jwt/v4"
)

const lifetime = 15 * time.Minute

// Tokens are JWTs, signed with HS256.
type tokens struct{ secret []byte }

func (t tokens) issue(subject string) (string, error) {
	now := time.Now()
	claims := jwt.RegisteredClaims{
		Subject:   subject,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(t.secret)
}

var parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))

// subject returns that of a valid token. The library accepts a token that never expires; this does not.
func (t tokens) subject(token string) (subject string, ok bool) {
	var claims jwt.RegisteredClaims
	_, err := parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return t.secret, nil })
	return claims.Subject, err == nil && claims.Subject != "" && claims.ExpiresAt != nil
}
