// Package pull serves those outside who take in the log in commit order: with parts that
// add up, each with a cursor behind which the next begins (Pull), and with one entry after
// the other for as long as somebody listens (Follow).
//
// What a part covers, skips and has lost to a purge is audit.Part's to say, and the log's to
// find out. What is here is where to begin: behind a cursor, which this package makes and
// checks; at a number, at a time, or with what comes from now on. And waiting: a bounded
// number of those who wait, who are woken by what is recorded, and leave at once when
// their token ends or the server stops.
//
// It keeps nothing: a cursor is all that there is of a consumer, and he has it himself. It
// never decides who may read what (its caller says so in the query's Within), and knows
// neither HTTP nor JSON. Package api calls it; who keeps cursors outside, as package ship does, reads
// with it what they say.
package pull
