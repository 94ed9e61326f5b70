// Package storetest examines a log: whatever implements audit.Log, on whatever engine,
// has to pass it unchanged. It knows the contract alone. Only tests import it.
//
// The heart of it is a machine that does at random what a log's users do, to the log
// and to a slice that anyone could have written, and wants the same answers of both:
// listings by every filter and of every page, while entries come in between; counts;
// exports; what Match says; single entries; the order of commits; deleting, restoring,
// purging; closing and opening again. Beside it stand the things that do not come up
// by chance: each filter by itself, each refusal, waiting, tokens, and failures.
//
// What a log can do besides, it can let the examination do: see Settler, Checker and
// Faulty. What it cannot is left out.
//
//	storetest.go   what is examined, and the list of examinations
//	model.go       the log as a slice
//	draw.go        random entries and queries
//	machine.go     random operations on both
//	project.go     those that delete, restore and purge
//	pull.go        parts in commit order that add up
//	filter.go      each filter by itself
//	export.go      an export of many entries
//	plain.go       refusals, waiting, tokens, the log's own entries
//	fault.go       writes that fail
package storetest
