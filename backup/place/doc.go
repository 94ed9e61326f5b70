// Package place holds the places of this machine that package backup can keep a repository
// in: folders, and archives.
//
// What is written is on disk before it has its name.
package place
