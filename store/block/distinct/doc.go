// Package distinct gives each string of a column its number among the distinct ones, in the order of
// their first appearance.
//
// It knows nothing of columns, blocks or entries, and keeps no string beyond Forget. Package column
// makes dictionaries and finds templates with it.
package distinct
