package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// sharedBuffer is a buffer that several goroutines write and read.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *sharedBuffer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *sharedBuffer) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// A run that follows a folder reads its configuration again: what is wrong, or takes a
// restart, is refused by file and key and the old one goes on; what can be exchanged is.
func TestReload(t *testing.T) {
	capture, err := os.ReadFile("../../testdata/mixed.pcap")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir) // what has been read is remembered here
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	folder, file := filepath.Join(dir, "captures"), filepath.Join(dir, "wirelog.yaml")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	configure := func(text string) {
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first = "log_level: info\noutputs: [{type: json, dir: DIR/first}]\n"
	configure(first)
	var errOut sharedBuffer
	calls := make(chan [2]func(), 1)
	stop := make(chan struct{})
	last := pipeline.Status{}
	p := program{
		stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: &errOut,
		run: func(ctx context.Context, o pipeline.Options) (pipeline.Summary, error) {
			o.Status = func(s pipeline.Status) {
				if last = s; s.Source.Packets > 0 && stop != nil {
					close(stop)
					stop = nil
				}
			}
			return pipeline.Run(ctx, o)
		},
		stopping: func() <-chan struct{} { return stop },
		controls: func(reload, rotate func()) func() {
			calls <- [2]func(){reload, rotate}
			return func() {}
		},
	}
	ended := make(chan int)
	go func() {
		ended <- p.main(t.Context(), []string{"read", "--follow", "--config", file, "--summary", "none", folder})
	}()
	var c [2]func()
	select {
	case c = <-calls:
	case status := <-ended:
		t.Fatalf("status %d: %s", status, errOut.String())
	}
	reload, rotate := c[0], c[1]
	told := func(text string) func() bool {
		return func() bool { return strings.Contains(errOut.String(), text) }
	}
	until := func(ready func() bool) {
		for !ready() {
			runtime.Gosched()
		}
	}
	until(func() bool { rotate(); return told("0 files ended by rotation; not those of json, which")() })
	for _, x := range []struct{ config, want string }{
		{first + "shards: 7\nmetrics: {address: '127.0.0.1:1'}\n", file + ": metrics.address: a change takes a restart"},
		{first + "shards: 7\nlisten: {ring: 262144}\n", file + ": listen.ring, shards: a change takes a restart"},
		{first + "outputz: 7\n", file + ": unknown key outputz"},
		{"outputs: [{type: json, dir: DIR/second, where: {conn: 'durration > 1'}}]\n", file + ": outputs[0]"},
		{"output_dir: DIR/other\n", "output_dir: a change takes a restart"},
		{first + "filter: tcp and\n", file + ": filter: "},
	} {
		configure(x.config)
		reload()
		if want := "wirelog: the new configuration is refused, the old one goes on: "; !strings.Contains(errOut.String(), want) || !strings.Contains(errOut.String(), x.want) {
			t.Errorf("no %q in %s", x.want, errOut.String())
		}
	}
	configure("filter: udp or tcp\nlocal_nets: [192.0.2.0/24]\noutputs: [{type: json, dir: DIR/second, where: {weird: 'false'}}]\n")
	if reload(); !told("the configuration is reloaded: its hash is ")() {
		t.Error(errOut.String())
	}
	err = os.WriteFile(filepath.Join(dir, "x"), capture, 0o600)
	if err == nil {
		err = os.Rename(filepath.Join(dir, "x"), filepath.Join(folder, "x.pcap"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if status := <-ended; status != exitOK {
		t.Errorf("status %d: %s", status, errOut.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "first", "conn.log")); err == nil {
		t.Error("rows went to the first output")
	}
	if b, err := os.ReadFile(filepath.Join(dir, "second", "conn.log")); err != nil || len(b) == 0 {
		t.Errorf("no rows in the second output: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "second", "weird.log")); err == nil {
		t.Error("the condition has no effect")
	}
	if last.Reloads.Done != 1 || last.Reloads.Refused != 6 {
		t.Errorf("%+v", last.Reloads)
	}
}

// "wirelog reload" prints the answer of the program that it asks.
func TestReloadCommand(t *testing.T) {
	answer := http.StatusOK
	asked := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		w.WriteHeader(answer)
		_, _ = w.Write([]byte("so it is\n"))
	}))
	defer s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	if r := invoke(t, pipeline.Summary{}, nil, "reload", "--metrics", address); r.status != exitOK || r.stdout != "so it is\n" || asked != "POST /-/reload" {
		t.Errorf("%+v, asked %q", r, asked)
	}
	t.Setenv("WIRELOG_METRICS_ADDRESS", address)
	answer = http.StatusInternalServerError
	if r := invoke(t, pipeline.Summary{}, nil, "reload"); r.status != exitLost || r.stderr != "wirelog: so it is\n" {
		t.Errorf("refused: %+v", r)
	}
	answer = http.StatusNotFound
	if r := invoke(t, pipeline.Summary{}, nil, "reload"); r.status != exitLost || !strings.Contains(r.stderr, "set metrics.control") {
		t.Errorf("not allowed: %+v", r)
	}
	t.Setenv("WIRELOG_METRICS_ADDRESS", "")
	if r := invoke(t, pipeline.Summary{}, nil, "reload"); r.status != exitUsage || !strings.Contains(r.stderr, "metrics.address") {
		t.Errorf("without an address: %+v", r)
	}
}

// What a run says is a line each, or an object each with --log-format json, from --log-level on.
func TestLogFormat(t *testing.T) {
	say := func(args ...string) string {
		t.Chdir(t.TempDir())
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		var errOut bytes.Buffer
		p := program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: &errOut,
			run: func(_ context.Context, o pipeline.Options) (pipeline.Summary, error) {
				o.Notice("a notice\nof two")
				o.Report(errors.Join(errors.New("one"), errors.New("two")))
				return pipeline.Summary{Damage: []string{"x.pcap is cut"}}, nil
			}}
		if status := p.main(t.Context(), append([]string{"read", "x.pcap", "--summary", "none"}, args...)); status != exitLost {
			t.Errorf("%q: status %d", args, status)
		}
		return errOut.String()
	}
	const text = "wirelog: a notice\\nof two\nwirelog: one\nwirelog: two\nwirelog: x.pcap is cut\n"
	if got := say(); got != text {
		t.Errorf("text: %q, want %q", got, text)
	}
	if got := say("--log-level", "error"); got != strings.TrimPrefix(text, "wirelog: a notice\\nof two\n") {
		t.Errorf("errors: %q", got)
	}
	var got []string
	for line := range strings.Lines(say("--log-format", "json")) {
		var r struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Time == "" {
			t.Fatalf("%s: %v", line, err)
		}
		got = append(got, r.Level+" "+r.Msg)
	}
	if want := "INFO a notice\nof two|ERROR one|ERROR two|ERROR x.pcap is cut"; strings.Join(got, "|") != want {
		t.Errorf("JSON: %q, want %q", got, want)
	}
	var b bytes.Buffer
	l := program{stderr: &b}
	l.logger().With("shard", 1).WithGroup("at").Error("a panic", "stack", "x\ny")
	if b.String() != "wirelog: a panic shard=1 at.stack=x\\ny\n" {
		t.Errorf("%q", b.String())
	}
}
