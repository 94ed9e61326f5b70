// Package collectortest has the destination otlp examined by the OpenTelemetry Collector's own
// receiver. It is a module of its own, because nothing else needs what that brings along: make
// test runs it where the Go module proxy has the Collector.
package collectortest
