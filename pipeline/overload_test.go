package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
)

// Work is left out as soon as rings are full enough, and taken up when they have been empty for
// a while.
func TestOverloadLevels(t *testing.T) {
	var told []string
	o := overload{opt: Overload{Files: true, StreamBytes: 1000, Recovery: time.Second}, notice: func(s string) { told = append(told, s) }}
	for i, step := range []struct {
		at       time.Duration
		pressure float32
		level    int32
	}{
		{0, 0, 0},
		{0, 0.49, 0},
		{1 * time.Millisecond, 0.5, 1},
		{2 * time.Millisecond, 0.4, 1},
		{900 * time.Millisecond, 0.3, 1},
		{1800 * time.Millisecond, 0.2, 1}, // not long enough since 0.3
		{1900 * time.Millisecond, 0.2, 0},
		{2 * time.Second, 0.3, 0}, // what is more than relieved does not begin it
		{3 * time.Second, 0.8, 2},
		{3100 * time.Millisecond, 0.6, 2},
		{4 * time.Second, 0.26, 2},
		{4999 * time.Millisecond, 0, 2},
		{5 * time.Second, 0, 0},
		{6 * time.Second, 1, 2},
	} {
		o.see(&capture.Batch{Now: int64(step.at), Pressure: step.pressure})
		if got := o.level.Load(); got != step.level {
			t.Fatalf("step %d: level %d, want %d", i, got, step.level)
		}
	}
	if o.times.Load() != 3 || len(told) != 2 || !strings.Contains(told[0], "not hashed") || !strings.Contains(told[1], "1000 bytes") {
		t.Errorf("%d times, told %q", o.times.Load(), told)
	}
	for level, want := range []struct {
		files  bool
		stream uint64
	}{{false, 0}, {true, 0}, {true, 1000}} {
		o.level.Store(int32(level))
		if s := o.shedding(); s.Files != want.files || s.StreamBytes != want.stream {
			t.Errorf("level %d leaves out %+v", level, s)
		}
	}
	o.opt = Overload{Recovery: time.Second}
	if s := o.shedding(); s.Files || s.StreamBytes != 0 {
		t.Errorf("what is not to be left out is: %+v", s)
	}
}

// pressed is a source whose buffer is as full as it says.
type pressed struct {
	capture.Source
	share float32
}

func (p pressed) Next() (*capture.Batch, error) {
	b, err := p.Source.Next()
	if b != nil {
		b.Pressure = p.share
	}
	return b, err
}

// Under overload, files are not hashed and streams not analyzed to their end, both are counted and
// said once, and the rows of connections are the same.
func TestOverloadSheds(t *testing.T) {
	const file = "../testdata/mixed.pcap"
	run := func(share float32, shards int) (outcome, []string) {
		var told []string
		out := runOn(t, nil, func(o *Options) {
			o.EventsFile, o.Shards = "", shards
			o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
				src, err := capture.Open([]string{file}, capture.Options{})
				return pressed{src, share}, err
			}
			o.Dissect.Files.Hash = []string{"md5"}
			o.Overload.StreamBytes = 1500
			o.Notice = func(s string) {
				if strings.Contains(s, "faster than") {
					told = append(told, s)
				}
			}
		})
		return out, told
	}
	count := func(o *outcome, where string) (n uint64) {
		for _, d := range o.summary.Dropped {
			if d.Where == where && d.Reason == "overload" {
				n += d.Count
			}
		}
		return n
	}
	calm, told := run(0, 1)
	if len(told) != 0 || count(&calm, "hashes")+count(&calm, "streams") != 0 || len(calm.rows("conn")) < 20 {
		t.Fatalf("without pressure: %q, %+v", told, calm.summary.Dropped)
	}
	// The row says by which analyzers a file was looked at; the hash is a column of its own.
	hashed := func(o *outcome) (n int) {
		for _, r := range o.rows("files") {
			if slices.ContainsFunc(strings.Split(r, "\t"), func(f string) bool { return len(f) == 32 && strings.Trim(f, "0123456789abcdef") == "" }) {
				n++
			}
		}
		return n
	}
	if hashed(&calm) == 0 {
		t.Fatal("no file has a hash")
	}
	for _, c := range []struct {
		share   float32
		shards  int
		streams bool
	}{{0.5, 1, false}, {0.9, 1, true}, {0.9, 3, true}} {
		out, told := run(c.share, c.shards)
		if hashed(&out) != 0 || count(&out, "hashes") == 0 {
			t.Errorf("%v: %d files have a hash, %d were left out", c, hashed(&out), count(&out, "hashes"))
		}
		if got := count(&out, "streams"); (got > 0) != c.streams {
			t.Errorf("%v: %d streams were given up", c, got)
		}
		want := 1
		if c.streams {
			want = 2
		}
		if len(told) != want {
			t.Errorf("%v: told %q", c, told)
		}
		if !out.summary.Lost() {
			t.Errorf("%v: nothing was lost", c)
		}
		// All columns but service, which analyzers find.
		numbers := []int{0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19}
		if got, want := columns(&out, "conn", numbers...), columns(&calm, "conn", numbers...); !slices.Equal(got, want) {
			t.Errorf("%v: the rows of conn differ:\n%s\nwant\n%s", c, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
