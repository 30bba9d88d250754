package main

import (
	"errors"
	"net/http"
	"strings"
)

type api struct {
	users  users
	hasher *hasher
	tokens tokens
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/register", only(http.MethodPost, a.register))
	mux.Handle("/login", only(http.MethodPost, a.login))
	mux.Handle("/secret", only(http.MethodGet, a.secret))
	mux.Handle("/", handler(func(http.ResponseWriter, *http.Request) error {
		return &problem{status: http.StatusNotFound, detail: "There is no such route."}
	}))
	return mux
}

// only refuses other methods. From Go 1.22 on, a pattern of ServeMux can name the method.
func only(method string, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == method {
			return h(w, r)
		}
		w.Header().Set("Allow", method)
		return &problem{status: http.StatusMethodNotAllowed, detail: "The route does not have this method."}
	}
}

func (a *api) register(w http.ResponseWriter, r *http.Request) error {
	body, err := readCredentials(w, r)
	if err != nil {
		return err
	}
	username, email, err := body.newNames()
	if err != nil {
		return err
	}
	password, err := body.newPassword()
	if err != nil {
		return err
	}
	hash, err := a.hasher.hash(r.Context(), password)
	if err != nil {
		return err
	}
	added, err := a.users.add(r.Context(), username, email, hash)
	if errors.Is(err, errNameTaken) {
		return &problem{status: http.StatusConflict, detail: "The username or email address is taken."}
	}
	if err != nil {
		return err
	}
	answer(w, http.StatusCreated, added)
	return nil
}

func (a *api) login(w http.ResponseWriter, r *http.Request) error {
	body, err := readCredentials(w, r)
	if err != nil {
		return err
	}
	name, err := body.oneName()
	if err != nil {
		return err
	}
	id, hash, err := a.users.find(r.Context(), name)
	if err != nil {
		return err
	}
	right, err := a.hasher.matches(r.Context(), body.password(), hash)
	if err != nil {
		return err
	}
	if !right {
		return unauthorized("The name or the password is wrong.", "Bearer")
	}
	token, err := a.tokens.issue(id)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(lifetime.Seconds()),
	})
	return nil
}

func (a *api) secret(w http.ResponseWriter, r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return unauthorized("A bearer token is needed.", "Bearer")
	}
	subject, ok := a.tokens.subject(token)
	if !ok {
		return unauthorized("The token is invalid or has expired.", `Bearer error="invalid_token"`)
	}
	answer(w, http.StatusOK, map[string]string{"message": "Hello " + subject + ", this is the secret."})
	return nil
}

func unauthorized(detail, challenge string) error {
	return &problem{status: http.StatusUnauthorized, detail: detail, challenge: challenge}
}
