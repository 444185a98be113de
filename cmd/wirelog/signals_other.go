//go:build !unix

package main

import "os"

// rotateSignal asks a run to rotate; there is none here.
var rotateSignal os.Signal
