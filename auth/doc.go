// Package auth knows who calls the log: by the tokens that it keeps, with their roles and
// projects, and the sessions of those who logged in. What is no matter of who has a secret has
// rooms of its own: what one may do (rights), the secrets' form (secrets, guess), where calls come
// from (address), the entries about those that are refused (refused, fold), and the identity
// provider (oidc).
//
// # Tokens
//
// A token is a secret that is shown once, "al_", a public id, "_", 256 random
// bits in base 62 and a checksum:
//
//	al_0f3KxQ9Z_4gT…43 digits…checksum
//
// The prefix lets secret scanners find tokens where they do not belong, the
// checksum tells a mistyped token from an unknown one, and the id, which is no
// secret, names the token in listings and entries. The log keeps the SHA-256 of
// the whole. A slow hash would protect nothing here: it makes guessing a person's
// password dear, and nobody guesses 256 random bits. A token is looked up by its
// id and the hashes are compared in constant time.
//
// All tokens are in memory; the database is written when one is made, revoked or,
// about once a minute, was used. Each write carries the entry that tells of it in
// the same commit. What ended, by revocation or expiry, is listed for 30 days more.
//
// Rotate gives a token a new secret of the same id; the one before counts for a grace.
// A token may be bound to the addresses that calls come from, and knows the token or the
// person that made it, so that RevokeAll ends what an intruder has left behind.
//
// A token that is revoked counts no longer before that is written, and also when it cannot
// be, as on a full disk: Run then tries again, and whoever revoked it is told that a start of
// the log before that would let the token in once more.
//
// One token may be set from outside, by the environment of the log. Its id has a keyed
// hash of it, so that two of them are told apart in the entries that they record.
//
// # Sessions
//
// Whoever logs in gets a session: at the page with a token, by whose rights it acts for
// as long as that counts, or as a person for whom an identity provider vouches, at the
// page or at a command line. Its secret is made like a token's and begins with "als_". A
// browser's counts at the page alone and a command line's as a bearer token alone. What
// the log keeps of a session lies beside the tokens, so that a restart ends none: the
// hash, and of a person's what the provider is asked with again, sealed by the secret.
//
// The provider's word on a person counts for Options.RenewAfter; the next call after that
// asks it, and whoever may no longer be here is logged out. A person has several grants,
// a role on some projects each, where a token has one.
//
// # Links
//
// What somebody signs as a link, by SignLink, counts by the rights of its signer for as long as
// the token or session does that they acted by: see package viewer. Nothing is kept of it.
//
// # Rights
//
// What a principal may do follows from its roles and their projects: see package rights. An
// admin of some projects makes, sees and revokes only tokens whose projects are all among its
// own, and whose owner is itself or a service account of such a project: an entry says that a
// token's owner acted, so who could name anybody could act as anybody. It neither deletes those
// projects, nor approves that, nor releases a hold on them, unless Options.ProjectAdminsDelete
// gives it the first two: who answers for what a log holds must not be the one to remove it. It
// restores and holds them.
//
// # The log's entries about itself
//
// Create, Revoke and the entries that rights.Call.Entry makes are kept in the project
// concerned, or in audit.SystemProject where there is none, are several, or is one
// that does not take entries. Those that tell of more than reads and recording stand in
// audit.SystemProject as well, for ever: see audit.Lasting. Their metadata say which
// token acted, who had made it, and by way of which other tokens. Refuse keeps the calls
// that were refused; see package refused. Calls with a secret that is nobody's are kept in the
// same way, by the network that they come from, and limited by address; those without any are
// only counted. What was read is package reading's to record.
//
// This package never stores, logs or returns a secret but from Create, Rotate and LogIn
// and to the function given to Start, and does no I/O but through its Storage and its
// Voucher.
package auth
