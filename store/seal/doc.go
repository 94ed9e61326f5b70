// Package seal moves entries from a log's tail into the blocks of their projects.
//
// A Sealer knows whose turn it is. A project is sealed once it fills a block, which is encoded
// once then: what does not fill the next one stays in the tail. All projects are sealed whole once
// the tail is large, or old, and what they have too little of for a block goes into their last
// one, which grows by merging in a geometric way. A seal is
// done in steps, each a transaction of bounded size: a project whose late entries go to many
// blocks takes several, between which the others have their turns.
//
// Late entries belong into blocks that are full. Where they are scattered over many, rewriting
// these for a few entries each would cost tens of times what recording does: they come into a layer
// of their own, in blocks that are read beside the others. Once there are more than a few such
// layers the smallest are merged into one, and once all have as many entries as the first layer has
// of the same times, they are merged into that: so each entry is rewritten about four times,
// however many come and however large the project is, and a listing looks into few blocks more.
// What a Merge does goes by steps as well, each of which leaves each entry in one layer.
//
// A Step is chosen and taken over with the lock held that guards the memory, planned in a read
// transaction, and written in one that decides nothing. The package begins no transaction, takes
// no lock and starts nothing: package store does.
package seal
