package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

const issuer = "http://127.0.0.1:3000"

var verifier = oidc.NewVerifier(issuer,
	oidc.NewRemoteKeySet(context.Background(), issuer+"/.well-known/jwks.json"),
	&oidc.Config{ClientID: issuer, SupportedSigningAlgs: []string{"ES256"}})

type Claims struct {
	User     string `json:"sub"`
	Session  string `json:"sid"`
	Username string `json:"preferred_username"`
}

func Verify(ctx context.Context, token string) (claims Claims, err error) {
	var header struct{ Typ string }
	head, _ := base64.RawURLEncoding.DecodeString(strings.SplitN(token, ".", 2)[0])
	if json.Unmarshal(head, &header) != nil || header.Typ != "at+jwt" {
		return claims, errors.New("not an access token")
	}
	verified, err := verifier.Verify(ctx, token)
	if err == nil {
		err = verified.Claims(&claims)
	}
	return claims, err
}
