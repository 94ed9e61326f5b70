// Package walk goes through what a query selects of a log: of one project, a Walker, which finds
// the matches in its tail and its blocks, and of several at once, a Merge, in one order.
//
// A walker knows where its next match can be at the earliest before it has looked for it, from
// what its project's record says of its blocks. A merge has that one go on which can come first:
// so a page of many projects looks into those that have a part of it, and into the others only
// when all that comes before their newest entry, or their oldest, has been given.
//
// It reads what package store gives it, in that one's transaction: it begins none, decides on no
// project whether it may be read, and changes nothing.
package walk
