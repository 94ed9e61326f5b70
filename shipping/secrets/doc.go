// Package secrets seals what of a sink is secret, for the row that keeps it: by the first key of a
// file, where one is configured. The other keys open what they sealed before; without any, rows are
// in clear.
//
// It reads the file of keys, and no rows: it never knows what it seals. Package shipping seals and
// opens, the server reads the keys.
package secrets
