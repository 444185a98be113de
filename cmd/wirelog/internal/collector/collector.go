// Package collector sets how often garbage is collected in a program that imports it. It
// does so during initialization: with the runtime's default, the libraries' tables trigger
// a first collection at 4 MB, which finds nothing and takes a quarter of the start-up time.
// The package has few dependencies, so that it is initialized before the libraries.
package collector

import (
	"os"
	"runtime/debug"
)

// Percent is how much may be allocated, relative to the memory in use, before garbage is
// collected. The hot path allocates nothing and state is pooled, so collections find
// little garbage. With the runtime's default of 100 they take a tenth of the time on
// captures of many short connections, for the same peak memory.
const Percent = 600

// The environment's GOGC takes precedence.
func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(Percent)
	}
}
