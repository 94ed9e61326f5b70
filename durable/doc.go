// Package durable has what a program did to a folder outlive a power cut: a file that was made,
// renamed or removed is so on disk only once its folder is synced too. Small files that are
// written again and again are replaced whole.
//
// It stands on the standard library alone, and anybody who keeps files may call it. Where folders
// cannot be synced, as on Windows, there is nothing to do.
package durable
