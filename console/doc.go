// Package console is the Audit Logs page: what people see of the log in a
// browser. Every page is made on the server and works without scripts; a little
// JavaScript makes it quicker to use.
//
// The URL of a page holds everything that it shows, so that a view can be
// bookmarked and pasted into a ticket: a filter.Filter is what a URL says, and each link of
// a page is one with something changed. What comes from entries is text and
// nothing else: templates escape it, and the Content-Security-Policy allows
// neither inline scripts nor inline styles, nor anything from elsewhere.
//
// It reads the log through interfaces of its own with the rights of whoever is logged
// in, never through the API, and may be imported by cli/server alone.
//
// Here are the handlers, a file a page. What is no matter of one visit has rooms of its own: what a
// person chooses to see (filter, suggest, columns), numbers and how they are drawn (figures,
// amounts), times (clock), the words of single pages (entrypage, tokenpage, sinkpage, statuspage),
// the HTML and the assets (draw), and answers that take long (stream).
//
// # How a page is made
//
// A handler gets a visit, fills the struct of its page, and has package draw render it with the
// template of that name in draw/templates/pages, inside draw/templates/frame.html. Nothing
// is written before all of it is rendered, so every error has a page. A script
// that needs a part of a page asks for the same URL with "part" set: the rows, the
// summary, or the panel of an entry, made by the same templates. See package draw
// for the assets.
//
// The entries of a page and its counts are read at the same time, and the page
// does not wait for counts that take long: they come as a part.
//
// # Sessions
//
// A session is a random secret in a cookie that scripts cannot read; package auth keeps
// what belongs to it, over restarts of the server too. It began with a token, by whose
// rights it acts, or at an identity provider by those of the person; either is looked
// up at each visit, so that revoking the token or leaving the group ends it at once,
// live views included. Forms carry a second secret that follows from the first, on top
// of the browser's own word on which site a request comes from.
//
// Logging in at a provider works without scripts: a link leads there, the provider
// leads back to /login/callback, and a page leads on. See Provider.
package console
