package pipeline

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
)

// runWith runs on captures like runOn, with additional listeners, and returns the rows of
// the logs.
func runWith(t *testing.T, paths []string, listen func(*event.Hooks)) (map[string]string, Summary) {
	t.Helper()
	dir := t.TempDir()
	o := Defaults()
	o.Paths, o.OutputDir, o.Seed, o.Shards, o.Dissect.Packet.IgnoreChecksums = paths, dir, "test", 2, true
	o.OpenTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r, err := newRun(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.shards {
		listen(s.hooks)
	}
	s, err := r.run(t.Context())
	if err != nil {
		t.Error(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	return readTree(t, dir), s
}

// quietly keeps reports of panics out of the test's output.
func quietly(t *testing.T) {
	log := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() { slog.SetDefault(log) })
}

// TestPanicsAreContained is case 26 for a whole run: listeners to packets, timers and
// the ends of connections and files may panic, and all other rows are there.
func TestPanicsAreContained(t *testing.T) {
	quietly(t)
	paths := []string{"../testdata/mixed.pcap", "../testdata/dns-local.pcap", "../testdata/http.pcap", "../testdata/tcp-states.pcap"}
	want, s := runWith(t, paths, func(*event.Hooks) {})
	if len(s.Panics) != 0 || s.Lost() {
		t.Fatalf("%+v", s)
	}
	var panics uint64
	got, s := runWith(t, paths, func(h *event.Hooks) {
		no := func() { panic("no") }
		h.TCP.ConnectionAttempt.Listen(func(*event.ConnectionAttempt) { no() })
		h.TCP.ConnectionPartialClose.Listen(func(*event.ConnectionPartialClose) { no() })
		h.TCP.ConnectionPending.Listen(func(*event.ConnectionPending) { no() })
		h.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { no() })
		h.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { no() })
		h.File.Timeout.Listen(func(*event.FileTimeout) { no() })
		h.File.StateRemove.Listen(func(*event.FileStateRemove) { no() })
	})
	for _, p := range s.Panics {
		panics += p.Count
	}
	if panics < s.Connections || !s.Lost() {
		t.Errorf("%d connections, panics %+v", s.Connections, s.Panics)
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s", name, firstDifference(got[name], want[name]))
		}
	}

	// After a panic in an analyzer's event, the later events are missing for that
	// connection only.
	var uid string
	for row := range strings.Lines(want["dns.log"]) {
		if !strings.HasPrefix(row, "#") {
			uid = strings.Split(row, "\t")[1]
		}
	}
	got, s = runWith(t, paths, func(h *event.Hooks) {
		h.DNS.Message.Listen(func(e *event.DNSMessage) {
			if e.Conn.UID().String() == uid {
				panic("no")
			}
		})
	})
	if len(s.Panics) != 1 || s.Panics[0].Count != 1 {
		t.Errorf("panics %+v", s.Panics)
	}
	for name := range want {
		if a, b := without(got[name], uid), without(want[name], uid); a != b {
			t.Errorf("%s: %s", name, firstDifference(a, b))
		}
	}
	if n := strings.Count(got["conn.log"], uid); n != 1 {
		t.Errorf("%d rows of conn.log for the connection", n)
	}
}

// without removes the lines that contain s.
func without(text, s string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, s) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestExpiryPanics checks that a panic in a builder that writes expired rows is counted
// and has no other effect.
func TestExpiryPanics(t *testing.T) {
	quietly(t)
	var s shard // without builders
	s.expire(1)
	s.expire(2)
	if s.panics != 2 {
		t.Errorf("%d panics", s.panics)
	}
}
