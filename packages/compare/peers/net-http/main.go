// Command accounts serves a small API: register, sign in, and show a token.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

//go:embed schema.sql
var schema string

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	secret := os.Getenv("JWT_SECRET")
	if len(secret) < 32 { // RFC 7518, section 3.2
		return errors.New("JWT_SECRET must have at least 32 bytes")
	}
	cost, err := strconv.Atoi(environment("BCRYPT_COST", "12"))
	if err != nil {
		return fmt.Errorf("BCRYPT_COST: %w", err)
	}
	hasher, err := newHasher(cost)
	if err != nil {
		return err
	}
	pool, err := pgxpool.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, schema); err != nil {
		return err
	}

	api := &api{users: users{pool}, hasher: hasher, tokens: tokens{[]byte(secret)}}
	return serve(ctx, &http.Server{
		Addr:              net.JoinHostPort(environment("HOST", "127.0.0.1"), environment("PORT", "8080")),
		Handler:           api.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
	})
}

// serve returns when the context has ended and all requests in flight are answered.
func serve(ctx context.Context, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return server.Shutdown(deadline)
	}
}

func environment(name, byDefault string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return byDefault
}
