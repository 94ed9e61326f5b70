// Package check reads a whole database and says what is not as it has to be: each value by
// itself, and each against the others.
//
// It believes nothing but what is on disk: it knows no Store, opens nothing and writes nothing.
package check
