//go:build unix

package output

import (
	"io/fs"
	"os"
	"syscall"
)

// chownLike gives f the owner of the file that it replaces, as far as that is allowed: only root
// may give files away, and others may do so within their groups.
func chownLike(f *os.File, was fs.FileInfo) {
	if st, ok := was.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(st.Uid), int(st.Gid))
	}
}
