package main

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
)

// A problem is a refusal. Its detail is shown to the client.
type problem struct {
	status    int
	detail    string
	challenge string // of a 401
}

func (p *problem) Error() string { return p.detail }

func invalid(detail string) error {
	return &problem{status: http.StatusBadRequest, detail: detail}
}

// A handler returns its error: a problem, or a fault of ours.
type handler func(w http.ResponseWriter, r *http.Request) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		refuse(w, err)
	}
}

func refuse(w http.ResponseWriter, err error) {
	refusal := &problem{status: http.StatusInternalServerError, detail: "Something went wrong."}
	if !errors.As(err, &refusal) {
		log.Print(err)
	}
	if refusal.challenge != "" {
		w.Header().Set("WWW-Authenticate", refusal.challenge)
	}
	answer(w, refusal.status, map[string]string{"detail": refusal.detail})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error means that the client is gone.
	_ = json.NewEncoder(w).Encode(body)
}
