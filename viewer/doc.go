// Package viewer makes links by which somebody without a token sees some entries of one project for
// some hours, such as the customers of a platform within its own pages, and tells what a link lets
// its bearer see.
//
// A link is everything that is known of it: the project, the filters, until when it counts, and
// who made it, signed by a key that follows from the secret of that token or session (see
// auth.Keeper.SignLink). So nothing is kept, a link cannot be widened, and it ends with what
// it was made by. That one was made is an entry of the project.
//
// The API is the door to making one and the console to using it. It reads no entry.
package viewer
