// Package growth keeps how a log grew: its newest id and its bytes on disk, by minute for the last
// hours and by half hour for the last weeks, in bounded memory and in one small file that a restart
// reads back. Ids are dense, so that the difference of two newest ids is what came in between.
//
// It only measures: it reads no entry, and nothing depends on what it says but those who look at it.
// Whoever serves a log runs a Worker; package status tells what it knows.
package growth
