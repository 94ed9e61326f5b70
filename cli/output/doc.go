// Package output writes what a command makes to where a person wants it: a file is made whole before
// it takes the place of another, pipes and devices are written into, and a terminal is guarded.
package output
