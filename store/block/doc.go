// Package block holds the sealed form of consecutive entries of one project: up
// to 1,024 of them, column by column, in 16 to 24 bytes an entry where their JSON
// takes 330 to 490. A filter is answered, and a row is read, without decoding
// the others.
//
// It does no I/O and knows neither keys nor transactions: package blocks decides which entries make
// a block and where it lies. Others have rows and values of blocks from those that it gives them.
//
// # Rooms
//
//	bits     sets of rows, packed integers, bit planes, a scanner: no column, no block
//	chunk    strings, compressed together
//	distinct strings as numbers among the distinct ones of a column
//	uuid     strings that are UUIDs as their digits
//	lex      what letters and digits are in a string: classes, traits, templates, marks
//	column   columns of strings and of names with values: how they are stored, and how the
//	         encoder chooses; no entry
//	search   which rows match, by values and by words; no kind of column, no entry
//	block    the rest: which columns there are and what they hold of an entry, the header,
//	         filters made of queries, and what indexes keep of a block
//
// Each imports those above it alone, and says in its doc.go what its words mean. A
// further column is a row in the table of columns.go, and a further version of the format; a
// further kind of column is a file and a row in package column.
//
// # What it rests on
//
// A block is read where it lies: nothing but the chunks of texts is ever decoded as a
// whole, and those once, when first asked for. Three ideas make it small.
//
// A string that many rows share is an index into a dictionary. The indexes are
// bit planes, so that the rows with a value come as words of 64. Where another
// column leaves but a few values (an actor has few addresses, a resource one
// name), the index is a choice among those, or nothing at all.
//
// A string like no other mostly has digits that differ in a text that does not:
// "Deployed revision 7 of web, image 6f1d0c2b". It is an index into templates,
// and a number a slot, packed with those of the other rows. Names that stand elsewhere in the
// same row are marks.
//
// A search makes none of these texts that it can do without. A word is looked for in
// whole chunks of texts at once; in a template it is what stands there for all rows,
// or reaches into a slot and says what number the slot must hold. What is then
// still possible is decided by the condition, of values made for few rows.
//
// Times and ids rise; what is stored of them is by how much, and any is read without the
// others.
//
// # Format, version 1
//
// Numbers of fixed width are little-endian. "uvarint" and "varint" are those of
// encoding/binary. m is the number of elements of the column at hand: the rows,
// at the top.
//
//	header    magic "ALBK" · version 1 byte · 1 byte, about how many times 8 KiB the
//	          entries have before they are packed · rows 2 · sequence 8 · first
//	          position (time 8, id 8) · last position · least id 8 · greatest id 8 ·
//	          columns below the top ones 4
//	texts     the table of the chunks of texts
//	times     createdAt as ints · numbers · recordedAt
//	columns   actor, actor type, label, action, resource type, resource id,
//	          resource name, location, outcome, detail, channel, ip, user agent,
//	          request id, key, recordedBy, changes, metadata
//	chunks    the chunks of texts
//	slack     8 zero bytes, so that any packed value can be read as a word
//	checksum  CRC-32C of everything before, 4 bytes
//
// Times are microseconds since the Unix epoch. "Packed" values follow each other
// without a gap, the lowest bit first, and end at a whole byte.
//
// # Integers
//
// ints, a list of int64, is a mode byte and then
//
//	0 flat    width 1 · base varint · the values less the base, packed
//	1 framed  the least value of every 64, flat without the mode byte · a width
//	          byte for every 64 · for every 64 the values less their least, packed
//	2 linear  as framed, but the bases are the first value of every 64, and one
//	          more, that of the frame that would follow. A frame of width w < 128 has signed
//	          distances from the line between the bases: base + (next-base)·i >> 6.
//	          A frame of width 128 + w rises: see below
//
// so that one outlier costs 64 values their width and not 1,024. A rising frame of n
// values is stored as Elias and Fano have it: first n + (next-base >> w) + 1 bits,
// filled to a whole byte, of which bit (v >> w) + i is set for value number i, v being
// its distance from the base; then the low w bits of each v, packed.
//
// numbers, ids and seqs, are a mode byte and then 0, where the ids rise: the ids as ints,
// the seqs as ints; 1: for each row its rank among the ids as ints, the ids by rank as ints,
// the seqs by rank as ints. So seqs cost next to nothing: they rise by one mostly.
//
// recordedAt is a mode byte and then 0: ints of the differences to createdAt; 1: ints;
// 2: a uvarint of steps, the id at which each starts as ints, and its time as ints,
// because the entries of one commit share their time.
//
// # Texts
//
// A chunk is the lengths of its strings as uvarints and then the strings, as they are or
// as one frame of zstd. Strings are of three classes: 0, raw, those that filters compare,
// if they are few; 1, shared by rows; 2, of one row each. The table has for each class a
// uvarint of chunks, and for each chunk uvarints of its strings, of its length, and of its
// length as stored, which is 0 if it is as it is. A chunk ends after 32 KiB, so that one
// row of long texts does not cost the decoding of all; the raw strings, which are few, are
// one chunk. A column refers to its strings by class and order alone: the next column's
// start where its own end.
//
// # Columns
//
// A column is a byte, kind + 16·class, and then
//
//	0 empty     nothing: all elements are empty
//	1 one       nothing: all elements are the next string
//	2 each      nothing: the elements are the next m strings
//	3 dict      uvarint n · index · a column, each or template, of n distinct strings
//	4 shape     uvarint n; the next n strings are the shapes · index · slots
//	5 blob      a column of strings of which each is a shape, behind its length, and
//	            the values, each behind its own; where shapes are many
//	6 some      index, of two, where 1 stands for not empty · uvarint of those ·
//	            a column of those
//	7 template  uvarint n; the next n strings are the templates · index · slots
//	8 int       ints; the elements are their decimal numbers
//	9 digits    uvarint of digits; ints; with leading zeros to so many
//	10 hex      uvarint of digits · flags 1 (1: upper case; 2: a UUID) · the digits of
//	            all elements, two a byte, the first one in the upper half
//	11 refs     a column; its marks stand for other columns
//
// An index has a byte, and needs w bits for n-1. If the byte is 0, w bit planes
// follow: plane p holds bit p of every element, eight elements a byte. Else it is
// one more than the number of a top column before this one, which has a dictionary of N strings
// and planes: then follow a uvarint of bits b, N·2^b indexes, packed, and b bit planes of
// choices. The index of an element is the one that its choice has among those of its
// string there. Only top columns with a dictionary are narrowed down so.
//
// Slots are a uvarint of all of them, and for each shape or template a uvarint of
// its own and, if there are any, a uvarint of the elements that have it, and a
// column of those elements for each slot.
//
// Changes and metadata are columns of shapes. A shape is a list of names, each
// behind its length: those of the changed fields, with two slots each, old and
// new; or those of the metadata in their order, with a slot each.
//
// In a template, the bytes 1 to 3 are slots and 4 makes the next byte stand for
// itself. In what refs, of which only the details are, have below them, 5 to 8 are
// the row's resource name, resource id, actor and action. Such a mark has no letter and
// no digit of ASCII beside it.
//
// Behind the column of a field that filters compare, if it has or is an each whose
// strings are not raw, come two bytes for each of them: the low half of its hash.
// Templates of such a field are raw, and have numbers in their slots only.
//
// Whatever Append cannot code better ends as strings in a dictionary or one by
// one, so there is no entry that it refuses.
//
// # Words
//
//	row        an entry's place in the block: rows are sorted by position
//	position   time and id of an entry, by which its project's entries are listed
//	part       what a column holds of an entry
//	field      a part that filters compare; its number is stored by indexes
//	hash       32 bits of a field's value, which indexes keep; a fingerprint is half of one
//	steps      record times as a function of the id: the entries of a commit share one
//	kept       entries and lines made once and shared by all who ask for their rows
//	line       the canonical JSON of an entry
//
// # History
//
// Version 1 is the first.
package block
