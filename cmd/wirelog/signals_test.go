package main

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestSignals(t *testing.T) {
	type step struct {
		after time.Duration
		sig   syscall.Signal
	}
	for _, c := range []struct {
		name     string
		steps    []step
		stops    bool // the first signal only stops
		canceled bool
		exit     int // of the program at once, 0 is none
		status   int // of a run that was cut short
	}{
		{"none", nil, false, false, 0, exitLost},
		{"hangup", []step{{0, syscall.SIGHUP}, {0, syscall.SIGHUP}}, false, false, 0, exitLost},
		{"interrupt", []step{{0, syscall.SIGINT}}, false, true, 0, 130},
		{"terminate", []step{{0, syscall.SIGTERM}}, false, true, 0, 143},
		{"twice for one wish", []step{{0, syscall.SIGTERM}, {10 * time.Millisecond, syscall.SIGTERM}}, false, true, 0, 143},
		{"twice", []step{{0, syscall.SIGINT}, {2 * time.Second, syscall.SIGINT}}, false, true, 130, 130},
		{"a stop", []step{{0, syscall.SIGTERM}}, true, false, 0, exitLost},
		{"a stop, twice for one wish", []step{{0, syscall.SIGTERM}, {time.Second, syscall.SIGTERM}}, true, false, 0, exitLost},
		{"a stop, and an end", []step{{0, syscall.SIGTERM}, {2 * time.Second, syscall.SIGTERM}}, true, true, 0, 143},
		{"a stop, and an end at once", []step{{0, syscall.SIGTERM}, {2 * time.Second, syscall.SIGINT}, {2 * time.Second, syscall.SIGTERM}}, true, true, 143, 130},
		{"the second is another", []step{{0, syscall.SIGINT}, {2 * time.Second, syscall.SIGTERM}}, false, true, 143, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Unix(0, 0)
			canceled, exit := false, 0
			s := &signals{cancel: func() { canceled = true }, exit: func(n int) { exit = n }, now: func() time.Time { return now }}
			var stop <-chan struct{}
			if c.stops {
				stop = s.stopFirst()
			}
			in := make(chan os.Signal)
			done := make(chan bool)
			go func() { s.handle(in); close(done) }()
			for _, st := range c.steps {
				// handle has taken the signal before it waits for the next.
				in <- syscall.SIGHUP
				now = now.Add(st.after)
				in <- st.sig
			}
			close(in)
			<-done
			if c.stops {
				select {
				case <-stop:
				default:
					t.Error("it does not stop")
				}
			}
			if canceled != c.canceled || exit != c.exit || s.status(exitLost) != c.status || s.status(exitOK) != exitOK {
				t.Errorf("canceled %v, exit %d, status %d", canceled, exit, s.status(exitLost))
			}
		})
	}
}
