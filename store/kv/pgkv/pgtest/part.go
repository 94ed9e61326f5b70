package pgtest

import (
	"net/url"
)

// Part returns the address of a part of the database at an address, a schema, which whoever
// opens it makes: what lies in other parts it does not see.
func Part(address, schema string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // which whoever opens it refuses
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
