package main

import (
	"os"
	"runtime/debug"

	_ "github.com/wirelog/wirelog/cmd/wirelog/internal/collector" // sets how often memory is collected
)

// setMemory has the collector work harder near the end of the machine's memory, unless the
// environment says where that is (GOMEMLIMIT).
func setMemory() {
	if total := machineMemory(); total != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(total / 10 * 8))
	}
}
