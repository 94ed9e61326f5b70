// Auditlog keeps an audit log: who did what, to which resource, with which
// outcome, and when. See README.md.
package main

import (
	"os"

	"auditlog/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
