package place

import (
	"os"
	"strings"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/backup/s3"
)

// Place is one that was opened by its name.
type Place interface {
	backup.Place
	// Close lets go of it. A backup in a file that is not whole by then is removed.
	Close() error
}

// Open returns the place of a repository that a name stands for: what begins with s3:// is in
// a bucket, a file that is there, or whose name ends in .tar, is an archive, and everything
// else a folder. It returns Invalid for a name that cannot be meant.
func Open(name string) (Place, error) {
	switch {
	case name == "":
		return nil, audit.Errorf(audit.Invalid, "name a folder or a file for the backup")
	case strings.HasPrefix(name, "s3:") && !strings.HasPrefix(name, s3.Scheme):
		return nil, audit.Errorf(audit.Invalid, "%s: a bucket is written s3://BUCKET/PREFIX, and a folder of that name ./%[1]s", name)
	case strings.HasPrefix(name, s3.Scheme):
		b, err := s3.Open(name, s3.Options{})
		if err != nil {
			return nil, err // or a nil *Bucket would be a Place
		}
		return b, nil
	case IsArchive(name):
		return OpenArchive(name)
	}
	return NewDir(name), nil
}

// Create is Open for a new backup: what an archive holds is replaced by it.
func Create(name string) (Place, error) {
	if IsArchive(name) {
		return CreateArchive(name)
	}
	return Open(name)
}

// IsArchive reports whether a name stands for one backup in a file.
func IsArchive(name string) bool {
	if strings.HasPrefix(name, s3.Scheme) {
		return false
	}
	if info, err := os.Stat(name); err == nil {
		return info.Mode().IsRegular()
	}
	return strings.HasSuffix(name, ".tar")
}
