// Package lockfile distinguishes a file that another process is writing from one that a
// killed process left behind.
package lockfile

import "errors"

// ErrLocked is the error of Lock for a file that another process has locked.
var ErrLocked = errors.New("locked by another process")
