// Package retention purges deleted projects once their grace period is over.
//
// Entries live as long as their project; nothing here looks at their age. What a
// purge removes, how far it has come, and what is left afterwards is the store's to
// know, in its database: a Worker asks which purges are due and has the store make
// one bounded step after the other. So nothing is lost when it is killed at any
// moment, and a purge goes on where it was as soon as a Worker runs again.
//
// Writers come first. A step holds them up for moments, and the Worker rests after
// each for as long as it took, so that at most half of the store's time goes to a
// purge.
//
// It never decides who may delete a project and never deletes one by itself.
package retention
