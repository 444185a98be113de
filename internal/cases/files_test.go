package cases

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/pipeline"
)

// Case 33: each direction of a connection in a capture of its own.
func TestOverlappingCaptures(t *testing.T) {
	paths := []string{input(t, "33-overlapping-captures", "tap-c2s.pcap"), input(t, "33-overlapping-captures", "tap-s2c.pcap")}
	logs, s := read(t, func(o *pipeline.Options) { o.Merge = true }, paths...)
	if c, h := logs["conn"], logs["http"]; len(c) != 1 || c[0]["conn_state"] != "SF" || len(h) != 1 || h[0]["status_code"] != "200" || s.Clock.Backwards != 0 {
		t.Errorf("conn %v, http %v, %+v", c, h, s.Clock)
	}
	var notices []string
	logs, _ = read(t, func(o *pipeline.Options) {
		o.Notice = func(msg string) { notices = append(notices, msg) }
	}, paths...)
	if len(logs["conn"]) != 2 || len(notices) != 1 || !strings.Contains(notices[0], "begins 1m40s before") || !strings.Contains(notices[0], "--merge") {
		t.Errorf("%d connections, notices %q", len(logs["conn"]), notices)
	}
}

// Case 50: ten thousand captures of ten packets.
func TestManySmallFiles(t *testing.T) {
	b, err := os.ReadFile(input(t, "50-many-small-files", "in.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const files = 10_000
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, "c"+strconv.Itoa(i)+".pcap"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, merge := range []bool{false, true} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, s := read(t, func(o *pipeline.Options) { o.Merge = merge }, dir)
		runtime.ReadMemStats(&after)
		if s.Files != files || s.Packets != 10*files {
			t.Errorf("merge %v: %d files, %d packets", merge, s.Files, s.Packets)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
			t.Errorf("merge %v: memory has grown by %d MB", merge, grown>>20)
		}
	}
}

// Case 57: folders with a good capture beside a bad one. An unreadable one is tested by
// package capture.
func TestFolderWithDamage(t *testing.T) {
	whole, err := os.ReadFile(input(t, "50-many-small-files", "in.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, bad, damage string }{
		{"a.pcap.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x33", "a.pcap.gz: damaged at offset 0"},
		{"a.pcap", "", "a.pcap: damaged at offset 0: the file is empty"},
		{"a.pcap", "no capture", "a.pcap: damaged at offset 0: not a capture file"},
		{"a", "no capture", ""},
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{"b.pcap": string(whole), c.name: c.bad} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, s := read(t, nil, dir)
		if s.Packets != 10 || s.Lost() != (c.damage != "") || c.damage != "" && !strings.Contains(strings.Join(s.Damage, "\n"), c.damage) {
			t.Errorf("%s: %d packets, damage %q", c.name, s.Packets, s.Damage)
		}
	}
}

// Case zeek-03: packets further apart than a jump that one packet may cause.
func TestTimesWhileJumpIsHeld(t *testing.T) {
	for name, want := range map[string][]string{
		"jump.pcap":  {"1700000000.000000", "1702000000.000000"},
		"jump3.pcap": {"1700000000.000000", "1702000000.000000", "1706000000.000000"},
	} {
		for shards := 1; shards < 4; shards++ {
			logs, _ := read(t, func(o *pipeline.Options) { o.Shards = shards }, input(t, "zeek-03-clock-jumps-ahead", name))
			if got := column(logs["dns"], "ts"); !slices.Equal(got, want) {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

// Case zeek-12: the clock jumps by up to 80 years. That this takes no time that grows with
// the jump is tested by package conn; here are the rows.
func TestFarJumps(t *testing.T) {
	for name, want := range map[string]int{"year.pcap": 4, "2038.pcap": 4, "2106.pcap": 4, "twice.pcap": 8} {
		logs, s := read(t, nil, input(t, "zeek-12-clock-jump-cpu", name))
		if n := len(logs["conn"]); uint64(n) != s.Connections || s.Packets != uint64(want) {
			t.Errorf("%s: %d rows of %d connections, %d packets", name, n, s.Connections, s.Packets)
		}
	}
}

// stepwise is a source that asks for the next piece of a pipe whenever it has waited in vain.
type stepwise struct {
	capture.Source
	more func()
}

func (s *stepwise) Next() (*capture.Batch, error) {
	b, err := s.Source.Next()
	if err == nil && b.Idle {
		s.more()
	}
	return b, err
}

// An old capture through a slow pipe gives the rows of the file. Package capture has the test
// with a fake clock.
func TestSlowPipe(t *testing.T) {
	path := input(t, "zeek-02-clock-goes-back", "back.pcap")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := read(t, nil, path)
	for shards := 1; shards < 4; shards++ {
		in, out := io.Pipe()
		left := slices.Collect(slices.Chunk(b, 1+len(b)/5))
		pieces := make(chan []byte, len(left))
		go func() {
			for piece := range pieces {
				out.Write(piece)
			}
			out.Close()
		}()
		got, _ := read(t, func(o *pipeline.Options) {
			o.Paths, o.Shards = nil, shards
			o.Source = func(bo capture.BatcherOptions) (capture.Source, error) {
				r, err := capture.Open([]string{"-"}, capture.Options{Filter: bo.Filter, Stdin: in})
				return &stepwise{r, func() {
					if len(left) > 0 {
						pieces <- left[0]
						left = left[1:]
					} else if left != nil {
						close(pieces)
						left = nil
					}
				}}, err
			}
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d shards:\n%v\n%v", shards, got, want)
		}
	}
}

// A run that waits for a pipe writes the rows of what came, and ends when it is told to.
func TestWaitingPipe(t *testing.T) {
	b, err := os.ReadFile(input(t, "50-many-small-files", "in.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, shards := range []int{1, 2, 3} {
		in, out := io.Pipe()
		o := pipeline.Defaults()
		o.Paths, o.Stdin, o.OutputDir, o.Shards = []string{"-"}, in, t.TempDir(), shards
		o.EventsFile = filepath.Join(o.OutputDir, "events.json")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() {
			_, err := pipeline.Run(ctx, o)
			done <- err
		}()
		if _, err := out.Write(b); err != nil {
			t.Fatal(err)
		}
		// The events are in the file although the pipe is open and no batch is full.
		for {
			if e, err := os.ReadFile(o.EventsFile); err == nil && bytes.Count(e, []byte("\n")) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%d shards: %v", shards, err)
		}
		out.Close()
		if rows := readTSV(t, filepath.Join(o.OutputDir, "conn.log")); len(rows) == 0 {
			t.Errorf("%d shards: no connection was written", shards)
		}
	}
}
