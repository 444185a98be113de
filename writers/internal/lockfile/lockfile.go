// Package lockfile distinguishes a file that another process is writing from one that a
// killed process left behind.
package lockfile

import (
	"errors"
	"os"
)

// ErrLocked is the error of Lock for a file that another process has locked.
var ErrLocked = errors.New("locked by another process")

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
