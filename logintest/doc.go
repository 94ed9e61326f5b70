// Package logintest tries the log's log-in against a real OpenID provider: the
// program as it is built, a browser's steps over HTTP, and the provider of the module
// github.com/zitadel/oidc, which has passed the conformance tests of the OpenID
// Foundation. It is a module of its own, so that nothing of the provider is in the
// log's.
package logintest
