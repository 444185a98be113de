package memlimit

import (
	"os"
	"syscall"
)

var root = os.DirFS("/")

// machine returns the size of the machine's memory in bytes, or 0 if unknown.
func machine() uint64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0
	}
	return info.Totalram * uint64(info.Unit)
}
