// Package counts counts what a query selects: by time and outcome, and by value.
//
// What was counted ahead of time it takes from sections (package format), which package blocks
// keeps with its spans: each counts the entries of some 64 blocks by block and by the values that
// they have together in the fields of format.CountedFields. So any condition on these is answered
// from them. What they do not tell of is left to be counted by row: what lies in no section, or in a
// part of one that the query's times or a bucket's bounds cut in two. The counts are exact,
// because a section is written in the transaction that writes its blocks.
//
// It begins no transaction: package read does, and gives it walkers (package walk).
package counts
