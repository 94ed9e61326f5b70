//go:build unix

package file

import "os"

func syncDir(d *os.File) error { return d.Sync() }
