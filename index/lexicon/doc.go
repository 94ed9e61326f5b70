// Package lexicon is the form in which the index keeps the words of blocks: a segment,
// written once, of some documents, with a section for each project of theirs.
//
// # Why it is not bleve's
//
// Bleve's own segments (zap) have one dictionary for all documents. Whatever is looked up in
// it takes a time that depends on what others have recorded: a prefix walks their words as
// well, and even a word that the asker's project does not have takes longer if another
// project has it. So a tenant could read words of others off the clock. Here nothing is shared:
// a search reads the section of its project and nothing else, and a section's bytes follow
// from what its own project recorded, whoever else has documents in the segment.
//
// What that costs was measured, in bytes an entry, words of addresses and programs included,
// ids and keys not, for a million entries of 50 projects in blocks of 1,024, and for 3,000
// projects with one block of 512 entries each (of smaller ones the index has no document):
//
//	                                               50 projects    3,000 projects
//	zap, one dictionary                                   8.9              10.2
//	zap, each term behind its project's number           27.5              95.0
//	this, a section a project                             3.1               6.4
//
// and 5.6 with an id and a key an entry, which zap took 16.2 for. Making it takes a third of
// zap's time. Zap spends 16 bytes and more on the list of documents of a term, where most
// terms of a project are in few of its documents; here a list takes the bits that it needs, and
// what is hashed anyway (see below) needs no dictionary. An index a project was not built: each
// costs bleve a file of 64 KiB and goroutines, before it has a word.
//
// # Words and cells
//
// A document has words and hashes. Words are in a dictionary, sorted, so that a prefix finds
// those that begin so. Hashes are of what is asked for as a whole only: a digest, an id, two
// neighbours. They are cells in a table of hashes by documents, kept as the distances from
// one cell to the next: some ten bits each, at any number of documents. A hash is cut to as many
// bits as leave one in 256 documents wrong at most; a document that has a hash
// is never left out.
//
// # Format, version 1
//
// "uvarint" is that of encoding/binary; numbers of fixed width are little-endian but for the
// checksum.
//
//	sections    of each project one, one after the other
//	directory   uvarint documents · the id of each, 28 bytes, sorted: project by project,
//	            blocks oldest first · uvarint sections · for each of them uvarints of:
//	            project, documents, words, bytes of words, bits of a hash, bits of a hash
//	            within a chunk, cells, bytes of chunks
//	trailer     8 bytes, where the directory begins · version 4 · magic "ALLX" · CRC-32 (IEEE)
//	            of everything before, 4 bytes, big-endian
//
// A section has n documents, numbered from 0 in the order of the directory. It is
//
//	words       in runs of 32: for each a byte, its upper half how many bytes it shares with
//	            the one before it in its run, its lower half how many follow; a half that is 15
//	            goes on as a uvarint behind the byte · the bytes that follow · its documents
//	word index  where each run begins
//	chunks      the cells of 2^chunkBits hashes: uvarint cells · parameter k, 1 byte · for each
//	            its distance from the one before, less one, as q zeros, a one, and k bits,
//	            where the distance is q·2^k and those. A cell is hash·n + document, the first
//	            one of the chunk being 0. A chunk without cells has no bytes
//	chunk index where each chunk begins, and where the last one ends
//
// An index has 4 bytes for each, or 8 where what it is of has 4 GiB or more. The documents of a word
// are nothing if n is 1; a set of bits if n is at most 16; else a uvarint that is 0 for all
// documents, 1 for a set of bits that follows, and else one more than the bytes that follow:
// uvarints of the distances from one to the next, less one.
//
// It does no I/O but what it is handed, and knows neither bleve nor queries.
package lexicon
