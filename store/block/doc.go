// Package block holds the sealed form of consecutive entries of one project: up
// to 1,024 of them, as columns, in about a twentieth of their JSON. A filter is
// answered from an opened block without decompressing anything, and a row is
// read without its neighbours.
//
// It does no I/O and knows neither keys nor transactions: package store decides
// which entries make a block and where it lies. Nothing else uses it.
//
// # Format, version 1
//
// Numbers of fixed width are little-endian. "uvarint" and "varint" are those of
// encoding/binary. m is the number of elements of the column at hand: the rows,
// at the top.
//
//	header    magic "ALBK" · version 1 byte · 0 1 byte · rows 2 · sequence 8 ·
//	          first position (time 8, id 8) · last position · least id 8 ·
//	          greatest id 8 · columns below the top ones 4
//	texts     the table of the text frames, below
//	times     createdAt as ints · id as ints · recordedAt
//	columns   actor, actor type, label, action, resource type, resource id,
//	          resource name, location, outcome, detail, channel, ip, user agent,
//	          request id, key, purge, changes, metadata
//	frames    the text frames
//	slack     8 zero bytes, so that any packed value can be read as a word
//	checksum  CRC-32C of everything before, 4 bytes
//
// Times are microseconds since the Unix epoch.
//
// ints, a list of int64, is a mode byte and then
//
//	0 flat    width 1 · base varint · the values less the base, width bits each
//	1 framed  the least value of every 64, flat without the mode byte · a width
//	          byte for every 64 · for every 64 the values less their least, at
//	          their width, filled to a whole byte
//	2 linear  as framed, but there is one base more, that of the frame that would
//	          follow, and a value is a signed distance from the line between
//	          the bases: base + (next base - base)·i >> 6
//
// so that one outlier costs 64 values their width and not 1,024, and times that
// come evenly cost their unevenness only.
//
// recordedAt is a mode byte and then 0: ints of the differences to createdAt; 1: ints;
// 2: a uvarint of steps, the id at which each starts as ints, and its time as ints,
// because the entries of one commit share their time.
//
// A text frame is the lengths of its strings as uvarints and then the strings,
// as they are or as one zstd frame. Strings are of three classes: 0, raw, those
// that filters compare, if they are few; 1, shared by rows; 2, of one row each.
// The table has for each class a uvarint of frames, and for each frame uvarints of
// its strings, its length, and its length as stored, which is 0 if it is as it is.
// A column refers to its strings by their class and order alone: the next column's start
// where its own end.
//
// A column is a byte, kind + 16·class, and then
//
//	0 empty   nothing: all elements are empty
//	1 one     nothing: all elements are the next string
//	2 each    nothing: the elements are the next m strings
//	3 dict    uvarint n · index · an "each" column of the n distinct strings
//	4 shape   uvarint n; the next n strings are the shapes · index · for each shape
//	          a uvarint of slots and, if there are any, one of the elements with
//	          this shape · a column for each shape and slot of those elements only
//	5 blob    a column of strings of which each is a shape, behind its length, and
//	          the values, each behind its own; where shapes are many
//
// Changes and metadata are columns of shapes. A shape is a list of names, each
// behind its length: those of the changed fields, with two slots each, old and
// new; or those of the metadata in their order, with a slot each.
//
// An index has a byte, and bits enough for n-1. If the byte is 0, bit planes
// follow: plane p holds bit p of every element, eight elements a byte. Else it is
// one more than the number of a top column with a dictionary that determines this one, and
// for each of that dictionary's strings the index follows, packed.
//
// Behind the column of a field that filters compare, if it has an each or dict whose strings
// are not raw, come two bytes for each of its strings: the low half of its Hash.
//
// Whatever Append cannot code better ends as strings in a dictionary or one by
// one, so there is no entry that it refuses.
package block
