// Package clock shows times to a visitor: in the zone that the browser told, or in UTC where they
// want that.
//
// It reads cookies and sets none. Package console and its rooms alone use it.
package clock
