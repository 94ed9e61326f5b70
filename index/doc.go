// Package index is full-text search: what a query means, and a bleve index that says which
// blocks of the log can hold a match. What a word is says package words.
//
// # Exactness
//
// [Query] decides alone whether an entry matches. The index only narrows where
// to look: it may name blocks that hold no match, and never leaves out one that does.
//
// # The index
//
// A document is a block of the log, about a thousand entries: one an entry would be
// twelve times as large and a quarter as fast to make. It has no text, only the terms
// of its words (terms.go), and its id is the block's key and the sequence of the change
// that it was read for. Run follows the log's changes and commits them together with
// the sequence that it has reached; a search answers as of that sequence, and the store
// looks itself into what changed later.
//
// A project with a few entries has small blocks alone. The log tells of these once they have not changed
// for a while, if there are many, and says nothing of it when they grow into others: their documents
// name blocks that are not there, which does no harm, until a comparison with the log finds them.
//
// A block that is damaged in the log has no document (unread.go): each search of its project is sent
// to it, and the index goes on behind it.
//
// # Tenants
//
// A search does no work that depends on the words of other projects: it reads what the index
// has of its own, and of the others only how many there are. So nobody reads a word
// of another project off the time that an answer takes. Package lexicon, the form of
// the segments, says what that costs, and a test counts the work.
//
// # Trust
//
// Everything in the folder can be made anew from the log, so nothing is repaired: what
// cannot be trusted is moved aside (<folder>.broken-<time>, one at most, gone after the
// next purge) and rebuilt, while searches look into every block. What is trusted is
//
//   - the segments, *.zap: their checksum is compared when they are opened, and a
//     search is answered only if they are the same files afterwards;
//   - bleve's list of them, root.bolt: its checksum, root.sum, is written when the
//     index is closed and compared when it is opened; after a crash, bbolt's check
//     must do. It is not read by searches. What no check can help against is that
//     another process writes into it while this one has it open, which can end
//     the process, as it would with the log itself; the next one rebuilds the index;
//   - the documents: their ids are compared with the log's changes at each opening.
//
// Of bleve its lowest layer, scorch, is used: it keeps the list of segments, commits, merges,
// and shows each reader one state. No mapping, no analyzers, no scoring, and 9 MB less of
// program. It must be kept on a leash; see engine.
package index
