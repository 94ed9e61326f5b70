// Package seal moves entries from a log's tail into the blocks of their projects.
//
// A Sealer knows whose turn it is. A project is sealed once it fills a block, which is encoded
// once then: what does not fill the next one stays in the tail. All projects are sealed whole once
// the tail is large, or old, and what they have too little of for a block goes into their last
// one, which grows by merging in a geometric way. A seal is
// done in steps, each a transaction of bounded size: a project whose late entries go to many
// blocks takes several, between which the others have their turns.
//
// A Step is chosen and taken over with the lock held that guards the memory, planned in a read
// transaction, and written in one that decides nothing. The package begins no transaction, takes
// no lock and starts nothing: package store does.
package seal
