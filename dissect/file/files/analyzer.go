package files

import (
	"log/slog"
	"runtime/debug"
)

// An Analyzer gets the contents of one file. The slices are valid inside the call.
type Analyzer interface {
	// Data passes the next bytes. An analyzer that returns false is removed.
	Data(b []byte) bool
	// Gap reports n missing bytes from offset on, before the next call of Data.
	Gap(offset, n uint64) bool
	// End reports the end of the file. It is not called for an analyzer that was
	// removed.
	End()
}

// Kind describes an analyzer of files.
type Kind struct {
	// Name is Zeek's name, such as "PE". It is empty if File.Analyzers must not list
	// the analyzer, because Zeek runs it only on request.
	Name string
	// MIMETypes are the types of the files to which an analyzer is attached
	// automatically.
	MIMETypes []string
	// New makes the analyzer of a file.
	New func(m *Manager, f *File) Analyzer
	// Release, if set, is called when an analyzer is no longer needed, and may keep
	// it for another file.
	Release func(a Analyzer)
}

type attached struct {
	a        Analyzer
	kind     *Kind
	caughtUp bool // it has the bytes that were delivered before it was attached
	off      bool
	panicked bool
}

// maxPanics is how often analyzers of one kind may panic before they are no longer
// attached to files.
const maxPanics = 16

// Attach attaches an analyzer of kind k to f, unless f has or had one. The analyzer
// gets the file from its first byte, provided that f's beginning is still kept.
func (f *File) Attach(k *Kind) {
	if f.done || f.m.panics[k] >= maxPanics {
		return
	}
	for i := range f.analyzers {
		if f.analyzers[i].kind == k {
			return
		}
	}
	if k.Name != "" {
		f.names = append(f.names, k.Name)
	}
	f.analyzers = append(f.analyzers, attached{a: k.New(f.m, f), kind: k})
}

func (f *File) takeOff(i int) { f.analyzers[i].off = true }

// giveData, giveGap and giveEnd call an analyzer. A panic removes that analyzer from
// that file and has no other effect.
func (f *File) giveData(i int, b []byte) {
	defer f.contain(i)
	if !f.analyzers[i].a.Data(b) {
		f.takeOff(i)
	}
}

func (f *File) giveGap(i int, offset, n uint64) {
	defer f.contain(i)
	if !f.analyzers[i].a.Gap(offset, n) {
		f.takeOff(i)
	}
}

func (f *File) giveEnd(i int) {
	defer f.contain(i)
	f.takeOff(i)
	f.analyzers[i].a.End()
}

func (f *File) contain(i int) {
	r := recover()
	if r == nil {
		return
	}
	a := &f.analyzers[i]
	a.off, a.panicked = true, true
	f.count(a.kind, r)
}

// listeners stands for the listeners to the end of files, in the count of
// panics.
var listeners = Kind{Name: "listeners"}

// containListeners is deferred around the events at the end of f, so that a panic
// there does not keep f open.
func (f *File) containListeners() {
	if r := recover(); r != nil {
		f.panicked(r)
	}
}

func (f *File) panicked(r any) { f.count(&listeners, r) }

func (f *File) count(k *Kind, r any) {
	m := f.m
	m.stats.Panics++
	m.panics[k]++
	if m.panics[k] == 1 {
		slog.Error("analyzer panicked and was taken off its file", "analyzer", k.Name,
			"fuid", f.FUID().String(), "panic", r, "stack", string(debug.Stack()))
	}
}
