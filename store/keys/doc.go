// Package keys knows which idempotency keys a project has.
package keys
