// Package walk goes through what a query selects of a log: of one layer of a project, a Walker,
// which finds the matches in its blocks and, with the first layer, in the project's tail; and of
// several at once, a Merge, in one order.
//
// A walker knows where its next match can be at the earliest before it has looked for it, from
// what its project's record says of the layer. A merge has that one go on which can come first:
// so a page of many projects looks into those that have a part of it, and into the others only
// when all that comes before their newest entry, or their oldest, has been given.
//
// It reads what package read gives it, in that one's transaction: it begins none, decides on no
// project whether it may be read, and changes nothing.
package walk
