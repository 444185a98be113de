package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// signals ends the program in order on the first SIGINT or SIGTERM, or on the second if
// stopFirst was called, and at once on one that comes more than grace after it: GNU timeout, and a terminal that has a script's whole
// group, send more than one for one wish. SIGHUP is ignored, so that a run outlives its
// terminal, but not for the programs that it starts.
type signals struct {
	first  atomic.Int32 // the number of the signal that ends the run, 0 if there was none
	stop   atomic.Pointer[chan struct{}]
	cancel context.CancelFunc
	exit   func(int)
	now    func() time.Time
}

// grace is how long after the first signal others are taken for the same.
const grace = time.Second

// watch handles signals from now on. The context ends with the first.
func watch() (context.Context, *signals) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &signals{cancel: cancel, exit: os.Exit, now: time.Now}
	c := make(chan os.Signal, 8)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go s.handle(c)
	return ctx, s
}

func (s *signals) handle(c <-chan os.Signal) {
	var began time.Time // of the last wish
	for sig := range c {
		n, ok := sig.(syscall.Signal)
		switch {
		case !ok || n == syscall.SIGHUP:
		case !began.IsZero() && s.now().Sub(began) <= grace:
		case began.IsZero() && s.stop.Load() != nil:
			began = s.now()
			close(*s.stop.Load())
		case s.first.Load() == 0:
			began = s.now()
			s.first.Store(int32(n))
			s.cancel()
		default:
			s.exit(exitSignal + int(n))
		}
	}
}

// controls calls rotate on SIGUSR1, and reload, which may be nil, on SIGHUP, until stop is
// called.
func (s *signals) controls(reload, rotate func()) (stop func()) {
	c := make(chan os.Signal, 8)
	if reload != nil {
		signal.Notify(c, syscall.SIGHUP)
	}
	if rotateSignal != nil {
		signal.Notify(c, rotateSignal)
	}
	end := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-c:
				if sig == syscall.SIGHUP {
					reload()
				} else {
					rotate()
				}
			case <-end:
				return
			}
		}
	}()
	return func() { close(end) } // a late signal goes to c, and does not end the program
}

// status is the exit status of a program that would exit with code: 128 and the number of
// the signal, as shells have it, if a signal has ended it early.
func (s *signals) status(code int) int {
	if n := s.first.Load(); n != 0 && code == exitLost {
		return exitSignal + int(n)
	}
	return code
}

// stopFirst makes the first signal close the channel and do no more.
func (s *signals) stopFirst() <-chan struct{} {
	c := make(chan struct{})
	s.stop.Store(&c)
	return c
}
