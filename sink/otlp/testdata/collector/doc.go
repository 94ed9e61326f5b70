// Package collector has the destination otlp examined by the OpenTelemetry Collector's own
// receiver. It is a module of its own, because nothing else needs what that brings along, and
// lies where the log's own tests do not look: make test runs it where the Go module proxy has
// the Collector.
package collector
