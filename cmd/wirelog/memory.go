package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much may be allocated, relative to what is in use, before memory is
// collected. The hot path allocates nothing and state is pooled, so there is little
// garbage and a collection mostly finds that; with the runtime's 100 it costs a tenth
// of the time on captures of many short connections, and peak memory is the same.
const gcPercent = 400

// setMemory sets the collector, unless the environment does (GOGC, GOMEMLIMIT). Near
// the end of the machine's memory it has to work harder.
func setMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if total := machineMemory(); total != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(total / 10 * 8))
	}
}
