package main

import (
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/pipeline"
)

func TestNotifySystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	passed := 0
	opts := pipeline.Options{Status: func(pipeline.Status) { passed++ }}
	stop := notifySystemd(&opts)
	at := time.Unix(1_700_000_000, 0)
	for i := range uint64(2) {
		opts.Status(pipeline.Status{Start: at, Time: at.Add(time.Minute), Source: capture.Stats{Packets: 5 + i}, KernelDropped: i})
	}
	opts.Status(pipeline.Status{Start: at, Time: at, Stuck: []int{1}})
	stop()
	var got []string
	for range 5 {
		b := make([]byte, 1000)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b[:n]))
	}
	want := []string{
		"READY=1", "WATCHDOG=1\nSTATUS=5 packets, 0 dropped by the kernel, up 1m0s",
		"WATCHDOG=1\nSTATUS=6 packets, 1 dropped by the kernel, up 1m0s",
		"STATUS=stuck: shards [1] make no progress", "STOPPING=1",
	}
	if !slices.Equal(got, want) || passed != 3 {
		t.Errorf("got %q, want %q; %d passed on", got, want, passed)
	}
}

// Without systemd nothing changes, and a socket that is not there is told and no error.
func TestWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	var opts pipeline.Options
	notifySystemd(&opts)()
	if opts.Status != nil {
		t.Error("somebody is told of the status")
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	notices := 0
	opts.Notice = func(string) { notices++ }
	notifySystemd(&opts)()
	if notices != 1 || opts.Status != nil {
		t.Errorf("%d notices", notices)
	}
}

func TestMetricsPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := invoke(t, pipeline.Summary{}, nil, "read", "x", "--metrics", l.Addr().String())
	if want := "wirelog: --metrics: listen tcp " + l.Addr().String() + ": bind: address already in use\n"; r.status != exitUsage || r.stderr != want || r.opts != nil {
		t.Errorf("status %d, %q; run %v", r.status, r.stderr, r.opts != nil)
	}
}
