package main

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxBody       = 16 << 10
	minCharacters = 8
	maxBytes      = 72 // bcrypt reads no further
)

// Credentials are the body of a registration and of a login. A key that is missing is nil.
type credentials struct {
	Username *string `json:"username"`
	Email    *string `json:"email"`
	Password *string `json:"password"`
}

// readCredentials refuses what is not exactly one JSON object with keys of ours.
func readCredentials(w http.ResponseWriter, r *http.Request) (credentials, error) {
	var body credentials
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return body, &problem{status: http.StatusUnsupportedMediaType, detail: "The body must be application/json."}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return body, unreadable(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return body, invalid("Something follows the body.")
	}
	if body.Password == nil {
		return body, invalid("A password is needed.")
	}
	for _, text := range []*string{body.Username, body.Email, body.Password} {
		if text != nil && strings.ContainsRune(*text, 0) {
			return body, invalid("Text must not contain NUL.")
		}
	}
	return body, nil
}

// unreadable does not repeat what the decoder says, which quotes the body.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &problem{status: http.StatusRequestEntityTooLarge, detail: "The body is too large."}
	}
	return invalid("The body must be a JSON object with a name and a password, which are strings, and no other key.")
}

var username = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,30}[A-Za-z0-9]$`)

// newNames returns the names of a new account in lower case. At least one is needed.
func (c credentials) newNames() (name, email *string, err error) {
	switch {
	case c.Username == nil && c.Email == nil:
		return nil, nil, invalid("A username or an email address is needed.")
	case c.Username != nil && !username.MatchString(*c.Username):
		return nil, nil, invalid("A username has 3 to 32 letters, digits, dots, underscores or hyphens.")
	case c.Email != nil && !isAddress(*c.Email):
		return nil, nil, invalid("The email address is invalid.")
	}
	return lower(c.Username), lower(c.Email), nil
}

// oneName returns the name with which somebody signs in, in lower case.
func (c credentials) oneName() (string, error) {
	name := c.Username
	if name == nil {
		name = c.Email
	}
	both := c.Username != nil && c.Email != nil
	if both || name == nil || *name == "" || utf8.RuneCountInString(*name) > 254 {
		return "", invalid("Either a username or an email address is needed.")
	}
	return strings.ToLower(*name), nil
}

// password returns it in UTF-8, normalised (RFC 8265, section 4.2).
func (c credentials) password() []byte {
	return norm.NFC.Bytes([]byte(*c.Password))
}

func (c credentials) newPassword() ([]byte, error) {
	password := c.password()
	if utf8.RuneCount(password) < minCharacters {
		return nil, invalid("A password has at least 8 characters.")
	}
	if len(password) > maxBytes {
		return nil, invalid("A password has at most 72 bytes.")
	}
	return password, nil
}

func isAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text && len(text) <= 254
}

func lower(text *string) *string {
	if text == nil {
		return nil
	}
	folded := strings.ToLower(*text)
	return &folded
}
