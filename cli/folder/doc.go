// Package folder is the commands on a log where it lies, in a folder or a database, of who keeps it:
// they check, repair, compact and move it, back it up and restore it, and change the key that signs it.
//
// Most want no server to have the log open, and say so where one has.
package folder
