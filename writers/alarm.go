package writers

import (
	"fmt"
	"sync"
	"time"
)

// alarmInterval is how often a fault that lasts is told again.
const alarmInterval = time.Minute

// An Alarm tells the user of the faults of one output: a line at once, a line with counts
// every minute while they last, and one when they are over. Its methods may be called from
// any goroutine. They cost nothing while nothing fails.
type Alarm struct {
	name   string
	report func(error)
	notice func(string)
	clock  func() time.Time

	mu sync.Mutex
	// bad has what cannot be written now, with its error; since is when that began, told
	// when the last line was printed, about what cause.
	bad         map[string]error
	since, told time.Time
	cause       string
	faults      map[string]*fault
}

// A fault is something that fails once in a while.
type fault struct {
	told time.Time
	more int // since then
	last error
}

// NewAlarm returns the alarm of an output with that name.
func NewAlarm(name string, report func(error), notice func(string)) *Alarm {
	return &Alarm{name: name, report: report, notice: notice, clock: time.Now}
}

// Fail says that what cannot be written now. It tells the first error, unless the same
// cause was told less than a minute ago.
func (a *Alarm) Fail(what string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bad == nil {
		a.bad = make(map[string]error)
	}
	_, known := a.bad[what]
	a.bad[what] = err
	if known || len(a.bad) > 1 && root(err) == a.cause {
		return
	}
	now := a.clock()
	if a.since.IsZero() {
		a.since = now
	}
	if cause := root(err); cause != a.cause || now.Sub(a.told) >= alarmInterval {
		a.cause, a.told = cause, now
		a.report(err)
	}
}

// root returns the text of the innermost error.
func root(err error) string {
	for {
		var inner error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			inner = e.Unwrap()
		case interface{ Unwrap() []error }:
			inner = e.Unwrap()[0]
		}
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// OK says that what can be written again.
func (a *Alarm) OK(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.bad, what)
}

// Fault tells of something that failed once: the first at once, those of the following
// minute together.
func (a *Alarm) Fault(kind string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.faults == nil {
		a.faults = make(map[string]*fault)
	}
	f := a.faults[kind]
	if f == nil {
		f = new(fault)
		a.faults[kind] = f
	}
	if now := a.clock(); f.told.IsZero() || now.Sub(f.told) >= alarmInterval && f.more == 0 {
		f.told = now
		a.report(err)
		return
	}
	f.more++
	f.last = err
}

// Tick repeats what still fails. counts returns how many rows are lost and how many wait.
func (a *Alarm) Tick(now time.Time, counts func() (lost, waiting uint64)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tellFaults(now, false)
	switch {
	case a.since.IsZero():
	case len(a.bad) == 0:
		if d := now.Sub(a.since); d >= time.Second {
			lost, _ := counts()
			a.notice(fmt.Sprintf("%s: is written again after %s; rows lost: %d", a.name, d.Round(time.Second), lost))
		}
		a.since = time.Time{}
	case now.Sub(a.told) >= alarmInterval:
		a.told = now
		lost, waiting := counts()
		a.report(fmt.Errorf("%s: cannot be written since %s: %s; files: %d, rows lost: %d, rows waiting: %d",
			a.name, now.Sub(a.since).Round(time.Second), a.cause, len(a.bad), lost, waiting))
	}
}

// Close tells what was not told yet.
func (a *Alarm) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tellFaults(time.Time{}, true)
}

func (a *Alarm) tellFaults(now time.Time, all bool) {
	for _, f := range a.faults {
		if f.more == 0 || !all && now.Sub(f.told) < alarmInterval {
			continue
		}
		f.told = now
		if f.more == 1 {
			a.report(f.last)
		} else {
			a.report(fmt.Errorf("%w (%d times since the last such line)", f.last, f.more))
		}
		f.more, f.last = 0, nil
	}
}
