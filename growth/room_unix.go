//go:build unix && !solaris && !illumos && !aix && !netbsd && !openbsd

package growth

import "syscall"

// room returns how many bytes of the disk that a folder is on are free for this user, and how many
// it has; 0 where that is not known.
func room(folder string) (free, size int64) {
	var s syscall.Statfs_t
	if syscall.Statfs(folder, &s) != nil {
		return 0, 0
	}
	block := int64(s.Bsize)
	return max(0, int64(s.Bavail)) * block, int64(s.Blocks) * block
}
