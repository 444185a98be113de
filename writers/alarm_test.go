package writers

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestAlarm(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var said []string
	a := NewAlarm("logs", func(err error) { said = append(said, err.Error()) }, func(msg string) { said = append(said, "notice "+msg) })
	a.clock = func() time.Time { return now }
	lost := uint64(0)
	tick := func(d time.Duration) {
		now = now.Add(d)
		a.Tick(now, func() (uint64, uint64) { return lost, 7 })
	}
	check := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(said, want) {
			t.Errorf("%s: said %q, want %q", what, said, want)
		}
		said = nil
	}
	full := func(log string) error { return fmt.Errorf("%s: %w", log, syscall.ENOSPC) }

	a.Fail("conn", full("conn.log"))
	a.Fail("conn", full("conn.log"))
	a.Fail("dns", full("dns.log"))
	check("at once, one line for all", "conn.log: no space left on device")
	tick(30 * time.Second)
	check("too early for a repeat")
	lost = 12
	tick(30 * time.Second)
	check("after a minute", "logs: cannot be written since 1m0s: no space left on device; files: 2, rows lost: 12, rows waiting: 7")
	a.Fail("http", fmt.Errorf("http.log: %w", syscall.EACCES))
	check("another cause", "http.log: permission denied")
	for _, log := range []string{"conn", "dns", "http"} {
		a.OK(log)
	}
	tick(10 * time.Second)
	check("over", "notice logs: is written again after 1m10s; rows lost: 12")
	tick(time.Hour)
	check("nothing more")

	// What comes and goes does not fill the screen.
	for range 100 {
		a.Fail("conn", full("conn.log"))
		a.OK("conn")
		tick(100 * time.Millisecond)
	}
	check("flapping", "conn.log: no space left on device")
}

func TestAlarmFaults(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var said []string
	a := NewAlarm("logs", func(err error) { said = append(said, err.Error()) }, nil)
	a.clock = func() time.Time { return now }
	for i := range 75 {
		a.Fault("command", fmt.Errorf("file %d: exit status 1", i))
	}
	a.Fault("other", errors.New("other"))
	now = now.Add(time.Minute)
	a.Tick(now, nil)
	a.Fault("command", errors.New("last"))
	a.Close()
	want := []string{"file 0: exit status 1", "other", "file 74: exit status 1 (74 times since the last such line)", "last"}
	if !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}
