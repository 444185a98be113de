//go:build linux && (amd64 || arm64)

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"golang.org/x/sys/unix"

	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/sandbox"
	"github.com/wirelog/wirelog/writers"
)

// wirelog returns a command that runs the program, as a process that may confine itself.
func wirelog(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

// status returns a line of /proc/PID/status.
func status(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if n, value, _ := strings.Cut(line, ":"); n == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// until waits for something that another process does.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}

const testCapture = "../../testdata/mixed.pcap"

// TestConfinedBeforeInput: the first byte of a pipe is read by a process that is confined.
func TestConfinedBeforeInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd, stderr := wirelog(t, "read", "-o", filepath.Join(t.TempDir(), "logs"), "-")
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	pid := cmd.Process.Pid
	until(t, "Seccomp", func() bool { return status(t, pid, "Seccomp") == "2" })
	if got := status(t, pid, "NoNewPrivs"); got != "1" {
		t.Errorf("NoNewPrivs %s", got)
	}
	for _, set := range []string{"CapEff", "CapPrm", "CapAmb", "CapInh"} {
		if got := status(t, pid, set); strings.Trim(got, "0") != "" {
			t.Errorf("%s %s", set, got)
		}
	}
	f, err := os.Open(testCapture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(w, f); err != nil {
		t.Error(err)
	}
	w.Close()
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v\n%s", err, stderr)
	}
}

// TestConfinedOutputs: what a run writes is what it writes without the sandbox.
func TestConfinedOutputs(t *testing.T) {
	captures, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, to := range map[string]string{"a.pcap": "mixed.pcap", "b.pcap.gz": "tiny.pcap.gz", "c.pcap.xz": "tiny.pcap.xz", "d.pcap.zst": "tiny.pcap.zst", "e.pcap.bz2": "tiny.pcap.bz2"} {
		if err := os.Symlink(filepath.Join(captures, to), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	mixed := filepath.Join(captures, "mixed.pcap")
	for name, args := range map[string][]string{
		"tsv":        {"-o", "logs", mixed},
		"json":       {"-o", "logs", "-f", "json", mixed},
		"csv":        {"-o", "new/logs", "-f", "csv", mixed},
		"parquet":    {"-o", "logs", "-f", "parquet", mixed},
		"arrow":      {"-o", "logs", "-f", "arrow", mixed},
		"links":      {"-o", "logs", folder},
		"merge":      {"-o", "logs", "--merge", folder},
		"each":       {"-o", "logs", "--each", folder},
		"each named": {"-o", "logs", "--each", mixed, filepath.Join(captures, "dns.pcap")},
		"events":     {"-o", "logs", "--events", "events.json", mixed},
		"file":       {"--output", "conn.log", "--logs", "conn", mixed},
		"device":     {"--output", "/dev/null", "--logs", "conn", mixed},
		"extracted":  {"-o", "logs", "--extract", "*/*", "--extract-dir", "files", mixed},
		"profile":    {"-o", "logs", "--cpu-profile", "profile", mixed},
		"no rows":    {"-o", "new/logs", "--logs", "modbus", mixed},
		"output":     {"--output", "-", "--logs", "dns", mixed},
		"again":      {"-o", "logs", "--overwrite", mixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := func(dir, mode string) (files map[string]int64, out string) {
				cmd, stderr := wirelog(t, append([]string{"read", "--seed", "x", "--open-time", "2026-01-01T00:00:00Z", "--sandbox=" + mode}, args...)...)
				cmd.Dir = dir
				stdout, err := cmd.Output()
				said := strings.ReplaceAll(stderr.String(), "wirelog: not confined: sandbox is off\n", "")
				for line := range strings.Lines(said) {
					if !strings.Contains(line, " begins ") && !strings.Contains(line, "begin before") && !strings.Contains(line, "goes to the folder") && !strings.Contains(line, "in the order of") {
						t.Errorf("%s: %s", mode, line)
					}
				}
				if err != nil {
					t.Errorf("%s: %v", mode, err)
				}
				files = map[string]int64{}
				err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
					rel, _ := filepath.Rel(dir, path)
					if err != nil || strings.Contains(rel, ".wirelog/") || rel == "profile" {
						return err
					}
					fi, err := d.Info()
					if err == nil && !d.IsDir() {
						// The names of columnar files are those of the run.
						name := rel
						if strings.HasSuffix(rel, ".parquet") {
							name = filepath.Dir(rel)
						}
						files[name] = fi.Size()
					} else if err == nil {
						files[rel+"/"] = 0
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				return files, string(stdout)
			}
			on, off := t.TempDir(), t.TempDir()
			if name == "again" {
				run(on, "on")
				run(off, "off")
			}
			got, out := run(on, "on")
			want, wantOut := run(off, "off")
			if fmt.Sprint(got) != fmt.Sprint(want) || out != wantOut || len(want) < 2 && name != "device" && name != "no rows" && name != "output" {
				t.Errorf("confined: %v\nnot confined: %v", got, want)
			}
		})
	}
}

// TestConfinedCommand: the program for finished files is run, by another process that is not
// confined, and by no other name.
func TestConfinedCommand(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	config := filepath.Join(dir, "c.yaml")
	text := fmt.Sprintf(`outputs:
  - {type: json, dir: %s/logs, rotate: 1s, compress: gzip, command: [sh, -c, 'grep Seccomp: /proc/self/status; [ $WIRELOG_LOG != dns ] || { echo no dns; exit 3; }; echo "$0" >> %s']}
`, dir, ran)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, stderr := wirelog(t, "read", "--config", config, testCapture)
	err := cmd.Run()
	if cmd.ProcessState.ExitCode() != exitLost || !strings.Contains(stderr.String(), "no dns") || strings.Count(stderr.String(), "\n") != 2 {
		t.Errorf("%v\n%s", err, stderr)
	}
	list, err := os.ReadFile(ran)
	if err != nil {
		t.Fatal(err)
	}
	finished, err := filepath.Glob(filepath.Join(dir, "logs", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	dns := slices.DeleteFunc(slices.Clone(finished), func(p string) bool { return !strings.Contains(p, "dns") })
	if got := strings.Count(string(list), "\n"); got < 3 || got != len(finished)-len(dns) || len(dns) == 0 {
		t.Errorf("run for %d of %d files, %d of dns\n%s", got, len(finished), len(dns), list)
	}
	f, err := os.Open(strings.TrimSpace(strings.SplitAfter(string(list), "\n")[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := gzip.NewReader(f); err != nil {
		t.Error(err)
	}
}

func TestCommandHelper(t *testing.T) {
	dir := t.TempDir()
	start := helperStart{Programs: [][]string{{"sh", "-c", `[ "$WIRELOG_LOG" = conn ] || { echo "not $WIRELOG_LOG"; exit 1; }`}}, Folders: []string{dir}}
	in := filepath.Join(dir, "conn.log")
	for name, test := range map[string]struct {
		request helperRequest
		want    string
	}{
		"runs":        {helperRequest{File: in, Env: []string{"WIRELOG_LOG=conn"}}, ""},
		"fails":       {helperRequest{File: in, Env: []string{"WIRELOG_LOG=dns"}}, "exit status 1: not dns"},
		"program":     {helperRequest{Program: 1, File: in}, "the program was not announced"},
		"none":        {helperRequest{Program: -1, File: in}, "the program was not announced"},
		"elsewhere":   {helperRequest{File: filepath.Join(dir, "../conn.log")}, "is in no folder of outputs"},
		"environment": {helperRequest{File: in, Env: []string{"LD_PRELOAD=x"}}, "the environment has names of others"},
	} {
		err := start.run(t.Context(), &test.request)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestCommandHelperGone: nothing waits for a helper that is no more.
func TestCommandHelperGone(t *testing.T) {
	t.Setenv(asProgram, "1")
	c, err := startCommands([][]string{{"sh", "-c", "kill -9 $PPID"}}, []string{"/"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.run(t.Context(), &writers.Command{Program: c.programs[0], File: "/x"}); !errors.Is(err, errHelperGone) {
			t.Errorf("%v", err)
		}
	}
}

// TestConfinedFollow: captures that come are read, and moved.
func TestConfinedFollow(t *testing.T) {
	dir := t.TempDir()
	in, done, out := filepath.Join(dir, "in"), filepath.Join(dir, "done"), filepath.Join(dir, "out")
	for _, d := range []string{in, done} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range [][]string{{"--move-to", done}, {"--delete-read"}} {
		cmd, stderr := wirelog(t, append([]string{"read", "--overwrite", "--follow", "-o", out, in}, way...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			text, err := os.ReadFile(testCapture)
			if err != nil {
				t.Fatal(err)
			}
			name := way[0] + strconv.Itoa(i) + ".pcap"
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(in, name)); err != nil {
				t.Fatal(err)
			}
			until(t, name+" is gone", func() bool {
				_, err := os.Stat(filepath.Join(in, name))
				return errors.Is(err, os.ErrNotExist)
			})
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != exitLost {
			t.Errorf("%v\n%s", err, stderr)
		}
		for line := range strings.Lines(stderr.String()) {
			if strings.Contains(line, "denied") || strings.Contains(line, "permitted") {
				t.Error(line)
			}
		}
	}
	moved, err := os.ReadDir(done)
	if err != nil || len(moved) != 3 {
		t.Errorf("%d moved, %v", len(moved), err)
	}
}

// TestConfinedWatched: metrics, profiles, and systemd are served by a confined process.
func TestConfinedWatched(t *testing.T) {
	dir := t.TempDir()
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	config := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(config, []byte("metrics: {pprof: true}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, stderr := wirelog(t, "read", "--config", config, "--metrics", addr, "-o", filepath.Join(dir, "logs"), "-")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	until(t, "Seccomp", func() bool { return status(t, cmd.Process.Pid, "Seccomp") == "2" })
	for _, path := range []string{"/metrics", "/healthz", "/debug/pprof/goroutine?debug=1", "/debug/pprof/profile?seconds=1"} {
		a, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		if a.StatusCode != http.StatusOK || err != nil || len(body) == 0 {
			t.Errorf("%s: %s, %d bytes, %v", path, a.Status, len(body), err)
		}
		a.Body.Close()
	}
	if err := systemd.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 1024)
	if n, err := systemd.Read(message); err != nil || string(message[:n]) != "READY=1" {
		t.Errorf("%q %v", message[:n], err)
	}
	w.Close()
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != exitLost {
		t.Errorf("%v\n%s", err, stderr)
	}
}

// TestConfinedKafka: brokers are found by name and by what the cluster says, also after they
// have been away; others are not to be reached.
func TestConfinedKafka(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	_, port, err := net.SplitHostPort(cluster.ListenAddrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, broker := range []string{cluster.ListenAddrs()[0], "localhost:" + port} {
		cmd, stderr := wirelog(t, "read", "--kafka", broker, testCapture)
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v\n%s", broker, err, stderr)
		}
	}
}

// TestConfinedPorts: a port that is not allowed is not connected to, which is told.
func TestConfinedPorts(t *testing.T) {
	if abi, err := landlockVersion(); err != nil || abi < 4 {
		t.Skipf("the kernel's Landlock does not restrict TCP: version %d, %v", abi, err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	text, err := os.ReadFile(testCapture)
	if err := errors.Join(err, os.Mkdir(in, 0o755), os.WriteFile(filepath.Join(in, "x.pcap"), text, 0o644)); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(cluster.ListenAddrs()[1])
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "c.yaml")
	text = fmt.Appendf(nil, "outputs: [{type: kafka, brokers: [%q], deadline: 3s, request_timeout: 1s}]\n", cluster.ListenAddrs()[0])
	if err := os.WriteFile(config, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want bool // whether all is well
	}{
		{[]string{"--each"}, false},
		{[]string{"--each", "--sandbox-ports", port}, true},
		{nil, true}, // a run asks the cluster first
	} {
		cmd, stderr := wirelog(t, append([]string{"read", "--config", config, in}, test.args...)...)
		err := cmd.Run()
		told := strings.Contains(stderr.String(), ":"+port+": connecting is not permitted: if the program is confined, sandbox.ports adds the port")
		if (err == nil) != test.want || told == test.want {
			t.Errorf("%q: %v, told: %v\n%s", test.args, err, told, stderr)
		}
	}
}

// landlockVersion returns the version of the kernel's Landlock.
func landlockVersion() (int, error) {
	n, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// TestConfineHook: what the command asks of the sandbox, in this process, which goes on.
func TestConfineHook(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "etc", "c.yaml")
	if err := os.Mkdir(filepath.Dir(config), 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("sandbox: {ports: [8123], paths: [%s/more]}\noutputs: [{type: tsv, dir: %s/logs}, {type: kafka, brokers: [127.0.0.1:1], request_timeout: 1s, sasl: plain, sasl_user: u, sasl_password_file: %s/secret/p, spool: %s/spool}]\n", dir, dir, dir, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "secret"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret", "p"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got sandbox.Profile
	refused := errors.New("refused")
	var stderr bytes.Buffer
	p := program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, run: pipeline.Run,
		confine: func(p sandbox.Profile) (*sandbox.Rules, []string, error) { got = p; return nil, nil, refused }}
	if code := p.main(context.Background(), []string{"read", "--config", config, testCapture}); code != exitUsage || !strings.Contains(stderr.String(), "sandbox: refused; --sandbox=off goes without") {
		t.Errorf("status %d\n%s", code, &stderr)
	}
	slices.Sort(got.Read)
	slices.Sort(got.Write)
	got.Read, got.Write = slices.Compact(got.Read), slices.Compact(got.Write)
	if want := []string{testCapture, filepath.Join(dir, "etc"), filepath.Join(dir, "secret")}; !slices.Equal(got.Read, want) {
		t.Errorf("read %q, want %q", got.Read, want)
	}
	if want := []string{filepath.Join(dir, "logs"), filepath.Join(dir, "more"), filepath.Join(dir, "spool")}; !slices.Equal(got.Write, want) {
		t.Errorf("write %q, want %q", got.Write, want)
	}
	if !got.Network || got.Serve || got.Capture || got.Follow || got.Timers || !got.KeepAccess || !slices.Equal(got.Connect, []uint16{1, 8123}) {
		t.Errorf("%+v", got)
	}

	stderr.Reset()
	p.confine = func(sandbox.Profile) (*sandbox.Rules, []string, error) {
		return nil, []string{"the kernel has no Landlock"}, nil
	}
	p.main(context.Background(), []string{"read", "-o", filepath.Join(dir, "x"), "--each", testCapture, "../../testdata/dns.pcap"})
	if got := stderr.String(); got != "wirelog: sandbox: the kernel has no Landlock\n" {
		t.Errorf("%q: want the note, once", got)
	}
	stderr.Reset()
	p.confine = func(sandbox.Profile) (*sandbox.Rules, []string, error) { t.Error("confined"); return nil, nil, nil }
	p.main(context.Background(), []string{"read", "-o", filepath.Join(dir, "y"), "--sandbox=off", testCapture})
	if got := stderr.String(); got != "wirelog: not confined: sandbox is off\n" {
		t.Errorf("%q", got)
	}
}

// within calls f in the network namespace of a process. The thread is not used again.
func within(pid int, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
		if err == nil {
			defer ns.Close()
			if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err == nil {
				err = f()
			}
		}
		done <- err
	}()
	return <-done
}

// TestConfinedListen: live capture goes on when an interface comes, goes and returns, with sockets
// that were made before.
func TestConfinedListen(t *testing.T) {
	ip, err := exec.LookPath("ip")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("capturing takes root, and the program ip")
	}
	cmd, _ := wirelog(t, "listen", "-o", filepath.Join(t.TempDir(), "logs"), "--filter", "udp port 9", "--wait", "tap0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	cmd.Stderr = nil
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("no network namespaces: ", err)
	}
	pid := cmd.Process.Pid
	heard := bufio.NewScanner(said)
	all := ""
	hears := func(text string) {
		t.Helper()
		for heard.Scan() {
			all += heard.Text() + "\n"
			if strings.Contains(heard.Text(), text) {
				return
			}
		}
		t.Fatalf("no %q in %s", text, all)
	}
	hears("confined to")
	for _, set := range []string{"CapEff", "CapPrm"} {
		if got := status(t, pid, set); strings.Trim(got, "0") != "" {
			t.Errorf("%s %s", set, got)
		}
	}
	link := func(args ...string) {
		t.Helper()
		if err := within(pid, func() error { return exec.Command(ip, append([]string{"link"}, args...)...).Run() }); err != nil {
			t.Fatal(args, err)
		}
	}
	frame := append(bytes.Repeat([]byte{2}, 12), 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0x64, 0xcd, 10, 1, 1, 1, 10, 1, 1, 2, 0, 9, 0, 9, 0, 8, 0, 0)
	for i := range 2 {
		link("add", "tap0", "up", "type", "veth", "peer", "name", "far")
		link("set", "far", "up")
		hears("tap0 is there: capturing")
		err := within(pid, func() error {
			far, err := net.InterfaceByName("far")
			if err != nil {
				return err
			}
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			return errors.Join(unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: far.Index}), unix.Close(fd))
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			link("del", "tap0")
			hears("tap0 is gone")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hears("packets: ")
	if !strings.Contains(all, "packets: 2 captured, 0 of them lost before they were read; 2 read, 2 processed") {
		t.Error(all)
	}
	hears("records: ")
	if err := cmd.Wait(); err != nil || strings.Contains(all, "permitted") || strings.Contains(all, "denied") {
		t.Errorf("%v\n%s", err, all)
	}
}
