// Package metrics counts what the API answers, and tells it and the state of the log to those who
// scrape: the page /metrics. Nothing in it names a project, an actor or a token, for who may
// scrape is not asked.
//
// It changes nothing and keeps nothing but counters. Package api alone uses it.
package metrics
