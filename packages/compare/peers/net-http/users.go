package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

var errNameTaken = errors.New("the name is taken")

const uniqueViolation = "23505"

type user struct {
	ID        string    `json:"id"`
	Username  *string   `json:"username"`
	Email     *string   `json:"email"`
	CreatedAt time.Time `json:"created_at"`
}

// Users are in PostgreSQL.
type users struct{ pool *pgxpool.Pool }

func (u users) add(ctx context.Context, username, email *string, passwordHash string) (added user, err error) {
	row := u.pool.QueryRow(ctx, `
		INSERT INTO users (username, email, password_hash) VALUES ($1, $2, $3)
		RETURNING id::text, username, email, created_at`, username, email, passwordHash)
	err = row.Scan(&added.ID, &added.Username, &added.Email, &added.CreatedAt)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == uniqueViolation {
		err = errNameTaken
	}
	return added, err
}

// find looks for a username or email: a username has no @, so both cannot match. Without one the id is empty.
func (u users) find(ctx context.Context, name string) (id, passwordHash string, err error) {
	row := u.pool.QueryRow(ctx, `SELECT id::text, password_hash FROM users WHERE username = $1 OR email = $1`, name)
	err = row.Scan(&id, &passwordHash)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return id, passwordHash, err
}
