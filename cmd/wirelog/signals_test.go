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
		canceled bool
		exit     int // of the program at once, 0 is none
		status   int // of a run that was cut short
	}{
		{"none", nil, false, 0, exitLost},
		{"hangup", []step{{0, syscall.SIGHUP}, {0, syscall.SIGHUP}}, false, 0, exitLost},
		{"interrupt", []step{{0, syscall.SIGINT}}, true, 0, 130},
		{"terminate", []step{{0, syscall.SIGTERM}}, true, 0, 143},
		{"twice for one wish", []step{{0, syscall.SIGTERM}, {10 * time.Millisecond, syscall.SIGTERM}}, true, 0, 143},
		{"twice", []step{{0, syscall.SIGINT}, {2 * time.Second, syscall.SIGINT}}, true, 130, 130},
		{"the second is another", []step{{0, syscall.SIGINT}, {2 * time.Second, syscall.SIGTERM}}, true, 143, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Unix(0, 0)
			canceled, exit := false, 0
			s := &signals{cancel: func() { canceled = true }, exit: func(n int) { exit = n }, now: func() time.Time { return now }}
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
			if canceled != c.canceled || exit != c.exit || s.status(exitLost) != c.status || s.status(exitOK) != exitOK {
				t.Errorf("canceled %v, exit %d, status %d", canceled, exit, s.status(exitLost))
			}
		})
	}
}
