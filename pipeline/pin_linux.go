package pipeline

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// usableCPUs returns the cores on which the process may run, in order.
func usableCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var list []int
	for n := range maxCPUs {
		if set.IsSet(n) {
			list = append(list, n)
		}
	}
	return list, nil
}

// pinThread keeps the goroutine on its thread, and the thread on a core.
func pinThread(cpu int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}
