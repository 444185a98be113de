// Package lockfile tells a file that another process is writing from one that a
// process has left behind when it was killed.
package lockfile

import "errors"

// ErrLocked is the error of Lock for a file that another process has locked.
var ErrLocked = errors.New("locked by another process")
