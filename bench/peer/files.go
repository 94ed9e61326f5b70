package peer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

// Size returns how much of the disk the files in a folder take.
func Size(folder string) (int64, error) {
	var sum int64
	err := eachFile(folder, func(path string, info fs.FileInfo) error {
		sum += info.Sys().(*syscall.Stat_t).Blocks * 512
		return nil
	})
	return sum, err
}

func eachFile(folder string, fn func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(path, info)
	})
}

const fadviseDontNeed = 4

// Forget takes the files in a folder out of the page cache, as if the machine had
// been started anew, and makes sure that they are gone. No process may have them
// open.
func Forget(folder string) error {
	return eachFile(folder, func(path string, info fs.FileInfo) error {
		if info.Size() == 0 {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("drop from cache: %w", err)
		}
		defer f.Close()
		if err := f.Sync(); err != nil { // what is not on disk cannot be dropped
			return fmt.Errorf("drop from cache: %w", err)
		}
		_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, fadviseDontNeed, 0, 0)
		if errno != 0 {
			return fmt.Errorf("drop %s from cache: %w", path, errno)
		}
		cached, pages, err := cached(f, info.Size())
		if err != nil {
			return fmt.Errorf("look for %s in cache: %w", path, err)
		}
		if cached > 2+pages/100 {
			return fmt.Errorf("drop %s from cache: %d of %d pages stayed", path, cached, pages)
		}
		return nil
	})
}

// cached counts the pages of a file that are in the page cache.
func cached(f *os.File, size int64) (in, all int, err error) {
	m, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return 0, 0, err
	}
	defer syscall.Munmap(m)
	page := os.Getpagesize()
	states := make([]byte, (len(m)+page-1)/page)
	_, _, errno := syscall.Syscall(syscall.SYS_MINCORE,
		uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&states[0])))
	if errno != 0 {
		return 0, 0, errno
	}
	for _, s := range states {
		in += int(s & 1)
	}
	return in, len(states), nil
}
