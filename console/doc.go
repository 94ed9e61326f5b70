// Package console is the Audit Logs page: what people see of the log in a
// browser. Every page is made on the server and works without scripts; a little
// JavaScript makes it quicker to use.
//
// The URL of a page holds everything that it shows, so that a view can be
// bookmarked and pasted into a ticket: filter is what a URL says, and each link of
// a page is a filter with something changed. What comes from entries is text and
// nothing else: templates escape it, and the Content-Security-Policy allows
// neither inline scripts nor inline styles, nor anything from elsewhere.
//
// It reads the log through package store with the rights of whoever is logged
// in, never through the API, and may be imported by cli alone.
//
// # How a page is made
//
// A handler gets a visit, fills the struct of its page, and renders it with the
// template of that name in templates/pages, inside templates/frame.html. Nothing
// is written before all of it is rendered, so every error has a page. A script
// that needs a part of a page asks for the same URL with "part" set: the rows, the
// summary, or the panel of an entry, made by the same templates. Assets are put
// together of the files in assets when the program starts, compressed once, and
// named by their hash, so that browsers keep them.
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
