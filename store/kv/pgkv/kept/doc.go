// Package kept keeps values that are large and mostly stay as they are, with the versions that put them:
// those that were used last, up to so many bytes. One that a transaction would read is not sent again.
//
// It never knows whether a value is still the one under its key: that the server says each time. Package
// pgkv alone uses it.
package kept
