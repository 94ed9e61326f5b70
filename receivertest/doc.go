// Package receivertest has destinations examined by receivers that were not written here: the
// OpenTelemetry Collector's and VictoriaLogs. It is a module of its own, because nothing else needs
// what these bring along: make test runs it where the Go module proxy has them.
package receivertest
