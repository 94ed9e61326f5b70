// Package settings reads settings from where people put them: flags, the environment, and a file
// of TOML with tables for what there can be several of. A flag set says which settings there are
// and what their values can be, wherever a value comes from; an error names the place where the
// value stands, with its line.
//
// It knows of no setting in particular, and checks none beyond its type: whoever has the flag set does.
package settings
