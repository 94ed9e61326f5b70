// Package figures counts what a page shows, and draws it: the chart of entries over time, and the
// facets, which are lists of the values of a field, each a link that filters by it.
//
// It reads counts and no entries, and writes no page. Package console and its rooms alone use it.
package figures
