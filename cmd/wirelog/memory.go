package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/wirelog/wirelog/cmd/wirelog/internal/collector" // sets how often garbage is collected
)

// abortWhenFatal has the runtime end the process with SIGABRT where it cannot go on, as
// without memory. By itself it would exit with status 2, that of a wrong command line.
func abortWhenFatal() { debug.SetTraceback("crash") }

// setMemory makes the garbage collector keep to a limit in bytes: the runtime's soft
// limit, unless GOMEMLIMIT is set, and less garbage between collections as the memory in
// use grows, unless GOGC is set. 0 means no limit.
func setMemory(limit int64) {
	if limit != 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	most := int64(mostGarbage)
	if limit != 0 {
		most = min(most, limit/4)
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	set := collector.Percent
	afterEachCollection(func() {
		metrics.Read(live)
		p := garbagePercent(int64(live[0].Value.Uint64()), most)
		// Setting it stops the program for a moment.
		if p < set*9/10 || p > set*11/10 {
			set = p
			debug.SetGCPercent(p)
		}
	})
}

// mostGarbage is how many bytes of garbage there may be at most before it is collected.
// The percentage of package collector is for small heaps.
const mostGarbage = 224 << 20

// garbagePercent returns the percentage of live bytes that may be allocated before the
// next collection.
func garbagePercent(live, most int64) int {
	return int(min(collector.Percent, max(25, most*100/max(live, 1))))
}

// afterEachCollection calls f after each garbage collection, on the runtime's goroutine
// for finalizers.
func afterEachCollection(f func()) {
	type mark struct{ _ [16]byte }
	var arm func()
	arm = func() {
		runtime.SetFinalizer(new(mark), func(*mark) {
			f()
			arm()
		})
	}
	arm()
}
