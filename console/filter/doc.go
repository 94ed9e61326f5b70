// Package filter is what a person chooses to see of the log: a Filter is what the URL of a page
// says, each link of a page is one with something changed, and the text of the search box is
// one, too. It also has the menus that follow from a filter alone: chips, ranges of time, views
// that people often want.
//
// It reads no entries and writes no page. Package console and its rooms alone use it.
package filter
