package main

import (
	"context"
	"runtime"

	"golang.org/x/crypto/bcrypt"
)

// A hasher runs one bcrypt a core at a time: others wait for a slot.
type hasher struct {
	cost  int
	slots chan struct{}
	decoy []byte
}

func newHasher(cost int) (*hasher, error) {
	decoy, err := bcrypt.GenerateFromPassword([]byte("the password of nobody"), cost)
	return &hasher{cost, make(chan struct{}, runtime.GOMAXPROCS(0)), decoy}, err
}

func (h *hasher) hash(ctx context.Context, password []byte) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	hash, err := bcrypt.GenerateFromPassword(password, h.cost)
	return string(hash), err
}

// matches compares with a decoy if there is no hash: the time does not tell whether an account exists.
func (h *hasher) matches(ctx context.Context, password []byte, hash string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	expected := []byte(hash)
	if hash == "" {
		expected = h.decoy
	}
	err := bcrypt.CompareHashAndPassword(expected, password)
	return err == nil && hash != "" && len(password) <= maxBytes, nil
}

func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) leave() { <-h.slots }
