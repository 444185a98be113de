//go:build unix && !solaris && !aix

package writers

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from taking a file for one that was left behind, for as
// long as it is open.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
