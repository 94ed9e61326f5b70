// Package exit says how a command ends: which exit code an error stands for, and what a person at
// the command line is told beside it. Commands return errors, and end nothing themselves.
package exit
