// Package collector sets how often memory is collected in a program that imports it. It
// does so while the program is being initialized: the libraries' tables fill the 4 MB after
// which the runtime's setting has the first collection, and that one finds nothing and takes
// a quarter of the start-up. So it depends on as little as it can, to come before them.
package collector

import (
	"os"
	"runtime/debug"
)

// Percent is how much may be allocated, relative to what is in use, before memory is
// collected. The hot path allocates nothing and state is pooled, so there is little
// garbage and a collection mostly finds that; with the runtime's 100 it costs a tenth
// of the time on captures of many short connections, and peak memory is the same.
const Percent = 600

// The environment's GOGC takes precedence.
func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(Percent)
	}
}
