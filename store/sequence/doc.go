// Package sequence leads from the seqs of a project to the places of its sealed entries, in the bucket seqs: from
// the seq of an entry to its id and about its time, by which package store/blocks finds its block, and from ids to
// seqs. It reads and appends in transactions of others, knows neither blocks nor the tail, and drops nothing.
package sequence
