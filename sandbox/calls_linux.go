//go:build linux && (amd64 || arm64)

package sandbox

import (
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// Calls, by what needs them. A program goes through its list from the beginning, so that what is
// called often is first. Names that this machine does not have are left out.
var (
	always = []string{
		// reading, writing, and the Go runtime's waiting
		"read", "write", "futex", "nanosleep", "epoll_pwait", "pread64", "sched_yield", "madvise", "tgkill", "rt_sigreturn",
		"getpid", "gettid", "clock_gettime", "munmap", "mmap",
		// files
		"openat", "close", "newfstatat", "fstatat", "fstat", "lseek", "fcntl", "flock", "fsync", "fdatasync", "ftruncate", "getdents64",
		"unlinkat", "renameat", "renameat2", "linkat", "symlinkat", "mkdirat", "readlinkat", "fchmod", "fchmodat", "fchmodat2",
		"faccessat", "faccessat2", "pwrite64", "writev", "readv", "copy_file_range", "sendfile", "splice", "statx", "stat", "lstat", "getcwd", "dup3",
		"poll", "ppoll", "pipe2",
		// the rest of the runtime
		"rt_sigprocmask", "rt_sigaction", "sigaltstack", "mprotect", "mincore", "epoll_ctl", "epoll_create1", "eventfd2", "getrandom",
		"sched_getaffinity", "clock_nanosleep", "gettimeofday", "restart_syscall", "set_robust_list", "rseq", "membarrier",
		"getrusage", "uname", "sysinfo", "prlimit64", "getrlimit", "getuid", "geteuid", "getgid", "getegid", "getppid", "exit", "exit_group",
	}
	network = []string{"connect", "getsockopt", "setsockopt", "getsockname", "getpeername", "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown"}
	serve   = []string{"accept4", "getsockopt", "setsockopt", "getsockname", "getpeername", "shutdown"}
	packets = []string{"recvmmsg", "getsockopt", "setsockopt", "getsockname", "bind", "sched_setaffinity"}
	follow  = []string{"inotify_add_watch", "inotify_rm_watch"}
	timers  = []string{"timer_create", "timer_settime", "timer_delete", "setitimer"}
)

// policy returns the system calls of p. What is not in it returns EPERM.
func (p *Profile) policy() seccomp.Policy {
	names := slices.Clone(always)
	var conditions []seccomp.NameWithConditions
	only := func(name string, args ...seccomp.Condition) {
		conditions = append(conditions, seccomp.NameWithConditions{Name: name, Conditions: args})
	}
	is := func(arg uint32, value uint64) seccomp.Condition {
		return seccomp.Condition{Argument: arg, Operation: seccomp.Equal, Value: value}
	}
	// Threads, but no processes.
	only("clone", seccomp.Condition{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD})
	only("prctl", is(0, unix.PR_SET_VMA)) // the runtime names memory
	only("ioctl", is(1, unix.TCGETS))
	only("ioctl", is(1, unix.TIOCGWINSZ))
	if p.Network {
		names = append(names, network...)
		// Neither raw sockets nor kinds of TCP that Landlock does not restrict (MPTCP, SCTP).
		for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
			for _, kind := range []uint64{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
				only("socket", is(0, family), is(1, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK), is(2, 0))
			}
		}
	}
	if p.Serve {
		names = append(names, serve...)
	}
	if p.Capture {
		names = append(names, packets...)
		for _, request := range []uint64{unix.SIOCGIFFLAGS, unix.SIOCGIFINDEX, unix.SIOCGIFHWADDR, unix.SIOCGIFMTU, unix.SIOCETHTOOL, unix.SIOCSHWTSTAMP} {
			only("ioctl", is(1, request))
		}
	}
	if p.Follow {
		names = append(names, follow...)
	}
	if p.Timers {
		names = append(names, timers...)
	}
	info, err := arch.GetInfo("")
	if err != nil {
		panic(err) // the build is for machines that it knows
	}
	var there []string
	for _, name := range names {
		if _, ok := info.SyscallNames[name]; ok && !slices.Contains(there, name) {
			there = append(there, name)
		}
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Names: there, NamesWithCondtions: conditions, Action: seccomp.ActionAllow},
			// The C library goes on with clone if it is told that there is no such call.
			{Names: []string{"clone3"}, Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)},
		},
	}
}
