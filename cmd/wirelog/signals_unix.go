//go:build unix

package main

import (
	"os"
	"syscall"
)

// rotateSignal asks a run to rotate.
var rotateSignal os.Signal = syscall.SIGUSR1
