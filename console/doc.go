// Package console is the Audit Logs page: what people see of the log in a
// browser. Every page is made on the server and works without scripts; a little
// JavaScript makes it quicker to use.
//
// The URL of a page holds everything that it shows, so that a view can be
// bookmarked and pasted into a ticket. What comes from entries is text and
// nothing else: templates escape it, and the Content-Security-Policy allows
// neither inline scripts nor inline styles, nor anything from elsewhere.
//
// It reads the log through package store with the rights of whoever is logged
// in, never through the API, and may be imported by cli alone.
package console
