// Package command is what all commands share: the run that they are of, with where it reads and
// writes, how they show what they list and how far they have come, and how one holds others.
//
// It knows no command and asks no server. The rooms of package cli use it.
package command
