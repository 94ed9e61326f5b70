// Package status tells how a log is, from all that knows a part of it: what comes in, the disk, the
// index, checks, checkpoints, backups, sinks, slow calls. The API answers with it and the page shows
// it, so that both say the same.
//
// It only asks. Whether somebody may know is for those who call it: packages api and console.
package status
