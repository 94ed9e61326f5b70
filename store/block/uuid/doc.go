// Package uuid reads a column of strings that are UUIDs, as idempotency keys and the ids of requests
// often are, as their digits.
//
// It knows nothing of columns, blocks or entries. Package column stores digits so, and writes them as text
// again with Append.
package uuid
