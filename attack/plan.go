package main

import "context"

// attack is one way of hurting a log.
type attack struct {
	name string
	// about is a line on what is done.
	about string
	// prepare records what the attack needs; nil where that is nothing.
	prepare func(ctx context.Context, t *target) error
	// attack goes on until ctx ends, which is no error.
	attack func(ctx context.Context, t *target) error
	// felt returns what is measured beside what every attack is measured by; nil where
	// that is nothing.
	felt func(t *target) []probe
}

func (a *attack) probes(t *target) []probe {
	if a.felt == nil {
		return nil
	}
	return a.felt(t)
}

// attacks is the plan. Each may take about half a minute.
func attacks() []attack {
	return []attack{
		{name: "unread", about: "40 sockets ask for 1,000 entries of 60 KB and read none of them",
			prepare: recordLarge, attack: unread},
		{name: "distinct", about: "8 callers ask for the counts of 300,000 values that occur once",
			prepare: recordDistinct, attack: countDistinct},
		{name: "searches", about: "50 connections search for what is nowhere but has to be looked for everywhere",
			prepare: recordTexts, attack: search},
		{name: "phrases", about: "10 connections exclude a phrase of 500 words",
			prepare: recordRepetitive, attack: excludePhrase},
		{name: "hangups", about: "50 callers a second search and hang up",
			prepare: recordTexts, attack: hangUp},
		{name: "trickle", about: "four bodies of gzip trickle empty blocks, and a tenant records batches of 4 MB",
			attack: trickle, felt: largeBatches},
		{name: "promises", about: "800 connections promise 1 MB each and send 1 KB",
			attack: promise},
		{name: "batches", about: "4 connections record batches of 32 MiB",
			attack: recordBatches},
		{name: "scattered", about: "14 connections record entries of times all over 55 years",
			attack: scatter, felt: revocations},
		{name: "poured", about: "14 connections record entries as fast as they can",
			attack: pour, felt: revocations},
	}
}
