// Package listing guards the file in which bleve lists the segments of an index: whether it is as it was
// left, and whether opening it ended the process before. It knows neither segments nor what is in them,
// and repairs nothing. Package index alone uses it.
package listing
