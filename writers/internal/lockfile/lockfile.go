// Package lockfile distinguishes a file that another process is writing from one that a
// killed process left behind.
package lockfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrLocked is the error of Lock for a file that another process has locked.
var ErrLocked = errors.New("locked by another process")

// Open opens the file at path as os.OpenFile does, and makes its folder if it is not there.
// A process that ends removes the folder when it is empty, which may be between the two: it
// is made again.
func Open(path string, flag int, perm, dirPerm os.FileMode) (*os.File, error) {
	const tries, pause = 100, time.Millisecond
	for i := 1; ; i++ {
		err := os.MkdirAll(filepath.Dir(path), dirPerm)
		if err == nil {
			var f *os.File
			if f, err = os.OpenFile(path, flag, perm); err == nil {
				return f, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		} else if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if i == tries {
			return nil, err
		}
		time.Sleep(pause)
	}
}

// Hold locks f and reports whether it is now this process's: nobody else has locked it, and
// it is still the file that stat finds at its path. Another process may have finished or
// removed it between its creation or opening and the lock.
func Hold(f *os.File, stat func() (os.FileInfo, error)) bool {
	if errors.Is(Lock(f), ErrLocked) {
		return false
	}
	there, err := stat()
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(here, there)
}
