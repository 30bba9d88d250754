package main

import (
	"context"
	"fmt"
	"os"
)

// Prints whose the token is, or why it is refused.
func main() {
	claims, err := Verify(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(claims.User, claims.Session)
}
