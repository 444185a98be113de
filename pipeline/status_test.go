package pipeline

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
)

// The log sensor has a row at the start and at the end, which count the same as the summary.
func TestSensorLog(t *testing.T) {
	for _, shards := range []int{1, 3} {
		out := runOn(t, []string{lossyCapture(t, 3)}, func(o *Options) {
			o.OptionalLogs, o.Sensor, o.Version, o.Shards = []string{"sensor"}, "here", "1.2.3", shards
		})
		want := []string{"here start 1.2.3 0 0", "here end 1.2.3 75 0"}
		if got := columns(&out, "sensor", 1, 2, 3, 6, 7); !slices.Equal(got, want) {
			t.Errorf("%d shards: %q, want %q", shards, got, want)
		}
		rows := uint64(0)
		for _, l := range out.summary.Logs {
			rows += l.Written
		}
		end := strings.Fields(columns(&out, "sensor", 4, 9, 10, 11)[1])
		// The row itself comes after the count, and the others of the end have not been ended.
		if len(end[0]) != 16 || end[1] == "0" || end[2] != "0" || end[3] != "0" || rows < 2 {
			t.Errorf("%d shards: hash, rows, lost and spool %q, %d rows", shards, end, rows)
		}
	}
}

// ticking returns a run whose clock is the test's.
func ticking(t *testing.T, change func(*Options)) *run {
	o := Defaults()
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.Open([]string{lossyCapture(t, 2)}, capture.Options{})
	}
	o.OutputDir, o.Shards, o.Seed = t.TempDir(), 2, "test"
	change(&o)
	r, err := newRun(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A row comes each minute, and what a status counts is complete at the end.
func TestStatus(t *testing.T) {
	var mu sync.Mutex
	var list []Status
	r := ticking(t, func(o *Options) {
		o.OptionalLogs = []string{"sensor"}
		o.Status = func(s Status) {
			mu.Lock()
			defer mu.Unlock()
			list = append(list, s)
		}
	})
	at := r.watcher.start
	for range 125 {
		at = at.Add(time.Second)
		r.watcher.tick(at)
	}
	if _, err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, s := range r.merger.Stats().Streams {
		if s.Log == "sensor" {
			rows = int(s.Written)
		}
	}
	if rows != 4 {
		t.Errorf("%d rows of sensor, want one at the start, two later and one at the end", rows)
	}
	s := list[len(list)-1]
	if s.Source.Packets != 50 || s.Counters.Packets != 50 || s.Processed != 50 || len(s.Shards) != 2 || s.Shards[0]+s.Shards[1] != 50 ||
		s.Counters.TCP != 2 || s.State["connections"] == 0 || s.LastPacket.IsZero() || len(s.Streams) == 0 {
		t.Errorf("at the end: %+v", s)
	}
}

// The hash of the configuration depends on what is configured, and not on secrets.
func TestConfigHash(t *testing.T) {
	hash := func(change func(*Options)) string {
		o := Defaults()
		change(&o)
		return o.ConfigHash()
	}
	plain := hash(func(*Options) {})
	if h := hash(func(o *Options) { o.Seed = "secret" }); h != plain || len(h) != 16 {
		t.Errorf("with a seed %s, without %s", h, plain)
	}
	for name, change := range map[string]func(*Options){
		"filter": func(o *Options) { o.Filter = "tcp" },
		"output": func(o *Options) { o.Outputs = []Output{{Type: FormatJSON}} },
		"limit":  func(o *Options) { o.Dissect.Conn.Connections = 7 },
	} {
		if hash(change) == plain {
			t.Errorf("%s: the same hash", name)
		}
	}
}
