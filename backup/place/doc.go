// Package place holds the places of this machine that package backup can keep a repository
// in, folders and archives, and opens all by their names: those in buckets too, which are
// package s3's.
//
// What is written is on disk before it has its name.
package place
