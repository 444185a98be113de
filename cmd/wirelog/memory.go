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
	now := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	var live, allocated int64
	set := collector.Percent
	afterEachCollection(func() {
		metrics.Read(now)
		last, since := live, int64(now[1].Value.Uint64())-allocated
		live, allocated = int64(now[0].Value.Uint64()), int64(now[1].Value.Uint64())
		p := garbagePercent(live, live-last, since, most)
		// Setting it stops the program for a moment.
		if p < set*9/10 || p > set*11/10 {
			set = p
			debug.SetGCPercent(p)
		}
	})
}

const (
	// mostGarbage is how many bytes of garbage there may be at most before it is collected,
	// in a heap that does not grow.
	mostGarbage = 224 << 20
	// steadyPercent is for small heaps that do not grow: a collection finds garbage and is
	// cheap. The percentage of package collector is for those that grow, where it finds none.
	steadyPercent = 300
)

// garbagePercent returns the percentage of live bytes that may be allocated before the
// next collection. grown is by how much they are more than after the last one, and since
// what was allocated meanwhile.
//
// In a heap that grows, most of what is allocated stays. If it were collected after the same
// number of bytes each time, its collections would cost the square of its size.
func garbagePercent(live, grown, since, most int64) int {
	p, least := int64(steadyPercent), int64(25)
	if grown*3 >= since*2 {
		p, least, most = collector.Percent, 100, most*2
	}
	return int(min(p, max(least, most*100/max(live, 1))))
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
