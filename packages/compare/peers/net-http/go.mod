module accounts

go 1.20

require (
	github.com/golang-jwt/jwt/v4 v4.5.2
	github.com/jackc/pgconn v1.14.3
	github.com/jackc/pgx/v4 v4.18.3
	golang.org/x/crypto v0.31.0
	golang.org/x/text v0.21.0
)
