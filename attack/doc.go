// Command attack does to a real server what somebody might who holds a token of one project
// and wants to hurt the others, and prints what those others feel of it: how long their calls
// take and how much memory the server has, side by side with the same server undisturbed.
//
//	make attack
//	make attack ARGS='-only unread,phrases -seconds 10'
//
// Each attack has a server of its own, on the loopback and in a folder of its own, and a
// bounded time. The table of them is in plan.go: an attack says in one row what it does, and
// stands in a file of its own.
//
// It is a program and not a test, because what it prints depends on the machine: what must
// hold everywhere is held by the tests of the packages concerned. It ends with code 1 when a
// server did not survive, or had more memory than it is promised to need.
package main
