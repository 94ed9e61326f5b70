// Package evidence is a file of entries with all that is needed to verify them offline: how it
// is written, and how it is checked by somebody who has nothing else.
//
// # The file
//
// Lines of JSON. The first is a [Header]: which entries the file holds, and what leads from
// them to a signed checkpoint of the log. Each other one is an entry:
//
//	{"salt":"<base64>","proof":["<base64>",…],"entry":<canonical JSON>}
//
// in the order of their seqs, the entry to the byte what was hashed. The proof shows that the
// entry is in the project's tree. Where the header has one proof for all, no entry has one:
//
//	{"salt":"<base64>","before":["<base64>",…],"entry":<canonical JSON>}
//
// Then the tree that ends with the last entry is put together from all lines, those entries that
// are left out being told by the nodes over them, which stand before the entry behind the gap.
// Without a gap there are none.
//
// From there on: the project's checkpoint is signed; it is a leaf of the tree of a head; the
// head is a leaf of the master log; the checkpoint of that is signed, and cosigned by
// whatever witnesses the log has.
//
// It knows no store and no network. Who makes a bundle is package notary.
package evidence
