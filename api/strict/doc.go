// Package strict reads requests: JSON, and the parameters of URLs that stand for it. What a request
// does not have is refused with the path of the field, and where somebody mistyped with the name
// that was meant; so are repeated members, wrong types and anything behind the value. The words
// are those of JSON, and nothing of what a caller sent stands in a message that could not be
// printed.
//
// It knows no request and no permission. Package api and its rooms alone use it.
package strict
