//go:build unix

package main

import (
	"runtime"
	"syscall"
	"time"
)

func processUsage() usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}
	}
	peak := uint64(r.Maxrss)
	if runtime.GOOS != "darwin" { // Darwin counts bytes, all others KiB
		peak <<= 10
	}
	return usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), PeakMemory: peak}
}
