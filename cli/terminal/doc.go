// Package terminal writes for people: tables in aligned columns, and a guard before a terminal that
// spells out whatever could steer it, because what entries hold is the words of others.
package terminal
