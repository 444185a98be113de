//go:build linux && (amd64 || arm64)

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/elastic/go-seccomp-bpf/arch"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// task is what a child process is told to do, in its environment.
type task struct {
	Profile Profile
	Inside  string // folder of the profile, with the file in
	Outside string // folder with the file out
	Open    uint16 // TCP port of the profile, and
	Closed  uint16 // one that is not in it
	Threads bool
}

const taskVariable = "SANDBOX_TEST_TASK"

func TestMain(m *testing.M) {
	text := os.Getenv(taskVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		panic(err)
	}
	t.do()
}

// attempts are what a confined process tries, by name.
func (t *task) attempts() map[string]func() error {
	dial := func(port uint16) error {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(port)), 5*time.Second)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	socket := func(family, kind, protocol int) error {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	}
	return map[string]func() error{
		"read inside":   func() error { _, err := os.ReadFile(filepath.Join(t.Inside, "in")); return err },
		"write inside":  func() error { return os.WriteFile(filepath.Join(t.Inside, "new"), []byte("x"), 0o600) },
		"rename inside": func() error { return os.Rename(filepath.Join(t.Inside, "in"), filepath.Join(t.Inside, "sub", "in")) },
		"folder inside": func() error { return os.MkdirAll(filepath.Join(t.Inside, "a", "b"), 0o700) },
		"threads":       manyThreads,
		"dial":          func() error { return dial(t.Open) },

		"read outside":    func() error { _, err := os.ReadFile(filepath.Join(t.Outside, "out")); return err },
		"list outside":    func() error { _, err := os.ReadDir(t.Outside); return err },
		"write outside":   func() error { return os.WriteFile(filepath.Join(t.Outside, "new"), []byte("x"), 0o600) },
		"cut outside":     func() error { return os.Truncate(filepath.Join(t.Outside, "out"), 0) },
		"remove outside":  func() error { return os.Remove(filepath.Join(t.Outside, "out")) },
		"move outside":    func() error { return os.Rename(filepath.Join(t.Inside, "sub"), filepath.Join(t.Outside, "moved")) },
		"execute":         func() error { return exec.Command("/bin/true").Run() },
		"execute itself":  func() error { return unix.Exec("/proc/self/exe", []string{"x"}, nil) },
		"fork":            func() error { return fork() },
		"ptrace":          func() error { return unix.PtraceAttach(os.Getppid()) },
		"raw socket":      func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
		"packet socket":   func() error { return socket(unix.AF_PACKET, unix.SOCK_RAW, 0) },
		"unix socket":     func() error { return socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) },
		"netlink":         func() error { return socket(unix.AF_NETLINK, unix.SOCK_DGRAM, 0) },
		"multipath TCP":   func() error { return socket(unix.AF_INET, unix.SOCK_STREAM, 262) },
		"TCP socket":      func() error { return socket(unix.AF_INET, unix.SOCK_STREAM, 0) },
		"dial other port": func() error { return dial(t.Closed) },
		"mount":           func() error { return unix.Mount("none", t.Inside, "tmpfs", 0, "") },
		"signal others":   func() error { return unix.Kill(os.Getppid(), 0) },
		"BPF":             func() error { _, _, e := unix.Syscall(unix.SYS_BPF, 0, 0, 0); return number(e) },
		"io_uring":        func() error { _, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0); return number(e) },
		"process memory": func() error {
			_, _, e := unix.Syscall(unix.SYS_PROCESS_VM_READV, uintptr(os.Getppid()), 0, 0)
			return number(e)
		},
		"new namespace": func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	}
}

// number returns the error of a call, and that of one that did nothing for want of arguments.
func number(e syscall.Errno) error {
	if e == unix.EPERM {
		return e
	}
	return nil
}

// fork makes a process, which ends.
func fork() error {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

// manyThreads makes threads, each of its own goroutine.
func manyThreads() error {
	var all, ready sync.WaitGroup
	go_ := make(chan struct{})
	for range 10 {
		ready.Add(1)
		all.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-go_
		})
	}
	ready.Wait()
	close(go_)
	all.Wait()
	return nil
}

// result is what a child tells.
type result struct {
	Notes   []string
	Errors  map[string]string // of the attempts; empty for what was allowed
	Allowed map[string]bool   // by the Rules
	Threads []string          // what the threads' status says in common
	Err     string
}

func (t *task) do() {
	var r result
	stop := make(chan struct{})
	if t.Threads { // that hold their thread, and run
		for range 4 {
			started := make(chan struct{})
			go func() {
				runtime.LockOSThread()
				close(started)
				<-stop
			}()
			<-started
		}
		p, _, _ := os.Pipe()
		go func() { _, _ = p.Read(make([]byte, 1)) }()
	}
	rules, notes, err := Confine(t.Profile)
	r.Notes = notes
	if err != nil {
		r.Err = err.Error()
	} else {
		r.Errors, r.Allowed = map[string]string{}, map[string]bool{
			"inside": rules.AllowsWrite(filepath.Join(t.Inside, "not", "there")), "outside": rules.AllowsWrite(t.Outside) || rules.AllowsRead(t.Outside),
			"port": rules.AllowsPort(t.Open), "other port": rules.AllowsPort(t.Closed),
		}
		names := t.attempts()
		var order []string
		for name := range names {
			order = append(order, name)
		}
		slices.Sort(order)
		for _, name := range order {
			r.Errors[name] = ""
			if err := names[name](); err != nil {
				r.Errors[name] = err.Error()
				if !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EXDEV) {
					r.Errors[name] = "odd: " + err.Error()
				}
			}
		}
	}
	close(stop)
	_ = json.NewEncoder(os.Stdout).Encode(r)
	_, _ = io.Copy(io.Discard, os.Stdin) // the parent reads the status of the threads
}

// run runs a task in a child, and adds what its threads say.
func (t *task) run(tt *testing.T) result {
	tt.Helper()
	text, err := json.Marshal(t)
	if err != nil {
		tt.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), taskVariable+"="+string(text))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tt.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tt.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tt.Fatal(err)
	}
	var r result
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		tt.Error(err)
	}
	status, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", cmd.Process.Pid))
	if err != nil || len(status) < 2 {
		tt.Errorf("%d threads: %v", len(status), err)
	}
	for _, file := range status {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has ended
		}
		var says []string
		for line := range strings.Lines(string(text)) {
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "NoNewPrivs", "Seccomp", "CapPrm", "CapEff", "CapAmb", "CapInh":
				says = append(says, name+"="+strings.TrimLeft(strings.TrimSpace(value), "0"))
			}
		}
		if one := strings.Join(says, " "); !slices.Contains(r.Threads, one) {
			r.Threads = append(r.Threads, one)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		tt.Errorf("the child: %v\n%s", err, &stderr)
	}
	if r.Err != "" {
		tt.Fatal(r.Err)
	}
	return r
}

// needLandlock skips a test where the kernel has no Landlock that restricts files.
func needLandlock(t *testing.T) (abi int) {
	t.Helper()
	abi, err := ll.LandlockGetABIVersion()
	if err != nil || abi < 3 {
		t.Skipf("the kernel's Landlock: version %d, %v", abi, err)
	}
	return abi
}

func newTask(t *testing.T) *task {
	t.Helper()
	dir := t.TempDir()
	k := &task{Inside: filepath.Join(dir, "inside"), Outside: filepath.Join(dir, "outside"), Threads: true}
	for _, d := range []string{filepath.Join(k.Inside, "sub"), k.Outside} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{filepath.Join(k.Inside, "in"), filepath.Join(k.Outside, "out")} {
		if err := os.WriteFile(f, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, port := range []*uint16{&k.Open, &k.Closed} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		*port = uint16(l.Addr().(*net.TCPAddr).Port)
	}
	k.Profile = Profile{Write: []string{k.Inside}}
	return k
}

func TestConfine(t *testing.T) {
	abi := needLandlock(t)
	inside := []string{"folder inside", "read inside", "rename inside", "threads", "write inside"}
	tests := map[string]struct {
		change func(*task)
		want   []string
	}{
		"files":   {func(*task) {}, inside},
		"network": {func(k *task) { k.Profile.Network, k.Profile.Connect = true, []uint16{k.Open} }, append([]string{"TCP socket", "dial"}, inside...)},
		"read only": {func(k *task) {
			k.Profile = Profile{Read: []string{k.Inside}, Timers: true, Follow: true, Capture: true, Serve: true}
		}, []string{"read inside", "threads"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := newTask(t)
			test.change(k)
			r := k.run(t)
			if len(r.Notes) > 0 {
				t.Errorf("notes: %q", r.Notes)
			}
			var allowed []string
			for attempt, err := range r.Errors {
				switch {
				case err == "":
					allowed = append(allowed, attempt)
				case strings.HasPrefix(err, "odd: "):
					t.Errorf("%s: %s", attempt, err)
				}
			}
			slices.Sort(allowed)
			want := slices.Clone(test.want)
			if abi < 4 && k.Profile.Network {
				want = append(want, "dial other port")
			}
			if slices.Sort(want); !slices.Equal(allowed, want) {
				t.Errorf("allowed %q, want %q\n%q", allowed, want, r.Errors)
			}
			if want := []string{"CapInh= CapPrm= CapEff= CapAmb= NoNewPrivs=1 Seccomp=2"}; !slices.Equal(r.Threads, want) {
				t.Errorf("threads say %q, want %q", r.Threads, want)
			}
			network := k.Profile.Network
			if got := r.Allowed; got["inside"] != (len(k.Profile.Write) > 0) || got["outside"] || got["port"] != network || got["other port"] {
				t.Errorf("rules: %v", got)
			}
		})
	}
}

// TestKeepAccess: a program of root's may go on to open what belongs to others, if it must.
func TestKeepAccess(t *testing.T) {
	needLandlock(t)
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	k := newTask(t)
	for _, path := range []string{k.Inside, filepath.Join(k.Inside, "in"), filepath.Join(k.Inside, "sub")} {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	k.Profile.KeepAccess = true
	r := k.run(t)
	if r.Errors["read inside"] != "" || r.Errors["write inside"] != "" || r.Errors["read outside"] == "" {
		t.Errorf("%q", r.Errors)
	}
	if want := []string{"CapInh= CapPrm=6 CapEff=6 CapAmb= NoNewPrivs=1 Seccomp=2"}; !slices.Equal(r.Threads, want) {
		t.Errorf("threads say %q, want %q", r.Threads, want)
	}

	k.Profile.KeepAccess = false
	if _, err := k.Profile.capabilities(); err == nil || !strings.Contains(err.Error(), k.Inside+" belongs to others") {
		t.Errorf("without them: %v", err)
	}
}

func TestRules(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", link); err != nil {
		t.Fatal(err)
	}
	p := Profile{Read: []string{"/usr"}, Write: []string{filepath.Join(dir, "logs"), filepath.Join(dir, "logs", "file")}, Network: true, Connect: []uint16{9092}}
	r, _, err := p.rules()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]bool{
		filepath.Join(dir, "logs"):         {true, true},
		filepath.Join(dir, "logs", "x/y"):  {true, true},
		filepath.Join(dir, "logs", "../x"): {},
		filepath.Join(dir, "logsx"):        {},
		filepath.Join(link, "passwd"):      {},
		"/usr/bin/env":                     {true, false},
		"/":                                {},
	} {
		if got := [2]bool{r.AllowsRead(path), r.AllowsWrite(path)}; got != want {
			t.Errorf("%s: may be read, written: %v, want %v", path, got, want)
		}
	}
	for port, want := range map[uint16]bool{9092: true, 53: true, 80: false} {
		if got := r.AllowsPort(port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
	if none := (*Rules)(nil); !none.AllowsRead("/") || !none.AllowsWrite("/") || !none.AllowsPort(1) {
		t.Error("a process that is not confined may not do all")
	}
}

func TestRootCertificates(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "/a/ca.pem")
	t.Setenv("SSL_CERT_DIR", "/b:/c")
	got := rootCertificates()
	for _, want := range []string{"/etc/ssl/certs", "/a/ca.pem", "/b", "/c"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q: no %s", got, want)
		}
	}
}

// TestResolverLost: a file that is replaced cannot be read, unless its folder can.
func TestResolverLost(t *testing.T) {
	dir := t.TempDir()
	conf, run := filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "run")
	if err := os.Mkdir(run, 0o755); err != nil {
		t.Fatal(err)
	}
	replace := func(path string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path+".new", nil, 0o644), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, real := range []string{conf, filepath.Join(run, "real.conf")} {
		replace(real)
		if real != conf {
			if err := errors.Join(os.Remove(conf), os.Symlink(real, conf)); err != nil {
				t.Fatal(err)
			}
		}
		p := Profile{Read: resolverFiles(conf)}
		r, _, err := p.rules()
		if err != nil {
			t.Fatal(err)
		}
		r.resolver.path = conf
		if r.resolver.info, err = os.Stat(conf); err != nil {
			t.Fatal(err)
		}
		if _, lost := r.ResolverLost(); lost {
			t.Errorf("%s: lost, and it is there", real)
		}
		replace(real)
		if path, lost := r.ResolverLost(); lost != (real == conf) || path != conf {
			t.Errorf("%s: replaced: lost is %v", real, lost)
		}
	}
	if _, lost := new(Rules).ResolverLost(); lost {
		t.Error("lost, and nobody needs it")
	}
}

// TestCalls: the list can be made into a filter for both machines, and holds no call that would
// be a way out.
func TestCalls(t *testing.T) {
	all := Profile{Network: true, Serve: true, Capture: true, Follow: true, Timers: true}
	policy := all.policy()
	if _, err := policy.Assemble(); err != nil {
		t.Fatal(err)
	}
	for _, name := range policy.Syscalls[0].Names {
		if slices.Contains([]string{"execve", "execveat", "ptrace", "kill", "socket", "clone", "fork", "vfork", "bpf", "mount", "chmod", "memfd_create"}, name) {
			t.Errorf("%s is in the list without condition", name)
		}
	}
	// What Go's runtime and package os call by these names on each machine.
	needed := []string{"read", "write", "futex", "mmap", "epoll_pwait", "openat", "getdents64", "renameat", "fsync", "flock", "sched_getaffinity", "rt_sigreturn"}
	for _, info := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, name := range needed {
			if _, ok := info.SyscallNames[name]; !ok || !slices.Contains(always, name) {
				t.Errorf("%s: no %s", info.Name, name)
			}
		}
		for _, list := range [][]string{network, serve, packets, follow, timers} {
			for _, name := range list {
				if _, ok := info.SyscallNames[name]; !ok {
					t.Errorf("%s: no %s", info.Name, name)
				}
			}
		}
	}
	if _, ok := arch.AARCH64.SyscallNames["fstatat"]; !ok {
		t.Error("aarch64: no fstatat")
	}
}

// BenchmarkPolicy is what it costs to make the filter of system calls.
func BenchmarkPolicy(b *testing.B) {
	p := Profile{Network: true}
	for b.Loop() {
		policy := p.policy()
		if _, err := policy.Assemble(); err != nil {
			b.Fatal(err)
		}
	}
}
