package main

import (
	"os"
	"runtime/debug"

	_ "github.com/wirelog/wirelog/cmd/wirelog/internal/collector" // sets how often garbage is collected
)

// setMemory sets a soft memory limit of 80 % of the machine's memory, unless GOMEMLIMIT
// is set.
func setMemory() {
	if total := machineMemory(); total != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(total / 10 * 8))
	}
}
