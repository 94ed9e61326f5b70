// Package auth holds who calls this log and what they may do: principals, roles,
// permissions and the tokens that stand for them.
//
// It never reads or writes entries itself, and no secret leaves it but the one
// answer that hands a new token out.
package auth
