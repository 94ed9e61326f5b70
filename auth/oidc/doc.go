// Package oidc asks an OpenID Connect provider who somebody is, and maps what it
// answers to what they may do in this log.
//
// # Two ways in
//
// A browser takes the authorization code flow: Begin makes the address of the
// provider's page and an attempt, which the browser keeps in a cookie; Finish takes
// what the provider sends the browser back with. State binds the two to one
// browser, PKCE the code to the attempt, and the nonce the ID token to both. A
// command line takes the device flow (RFC 8628): StartDevice returns what the
// person types into a browser anywhere, PollDevice says whether it was done.
//
// The server speaks with the provider in both: the command line knows the address
// of the log and nothing else, the client's secret stays here, and there is one
// place that decides what an answer is worth.
//
// # What is given for it
//
// The caller gets an auth.Vouched and makes a session of it, whose secret is the
// log's own; see package auth. The provider's tokens are never a bearer of this
// log's API. They could be, verified by the provider's keys at each call. But nobody
// can take back such a token before it expires, its groups are those of when it was
// made, every provider puts other things into it, and a token meant for another
// service is one mistake with an audience away from counting here. A session is one
// row: it is listed, it ends at once when it is revoked, it is bound to an idle
// time and a length, and every check of a token that the log has holds for it too.
//
// # Again and again
//
// Renew asks the provider again by the refresh token. It is called now and then for
// as long as the person goes on using the session: who has left a group loses what
// it gave, and whose account was closed is logged out. Providers may also tell the
// end themselves, which LoggedOut verifies (back-channel logout).
//
// # What is believed
//
// The metadata of the configured issuer over TLS, and ID tokens that one of its keys
// signed with an asymmetric algorithm for this client alone. An e-mail must be one
// that the provider has verified, unless the configuration names another claim or
// says otherwise. Groups are compared exactly. What the provider answers is bounded
// in size and time, and no redirect is followed.
//
// A provider that is away keeps nobody from recording: it is first asked when
// somebody logs in. This package keeps nothing on disk, knows no session, and may be
// imported by cli/server alone; console, api and auth hold interfaces of their own.
package oidc
