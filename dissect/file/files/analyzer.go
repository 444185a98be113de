package files

import (
	"log/slog"
	"runtime/debug"
)

// An Analyzer looks at the contents of one file. The slices are valid inside the call.
type Analyzer interface {
	// Data passes the next bytes. An analyzer that returns false is removed.
	Data(b []byte) bool
	// Gap reports n missing bytes from offset on, before the next call of Data.
	Gap(offset, n uint64) bool
	// End reports the end of the file. It is not called once an analyzer was removed.
	End()
}

// Kind describes an analyzer of files.
type Kind struct {
	// Name is Zeek's name of it, such as "PE"; empty for one that File.Analyzers does
	// not tell of, as Zeek has it only when asked to.
	Name string
	// MIMETypes are the types of the files that get one by themselves.
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
	caughtUp bool // has the beginning of the file that came before it
	off      bool
	panicked bool
}

// maxPanics is how often the analyzers of one kind may panic before they are not put
// on files any more.
const maxPanics = 16

// Attach puts an analyzer of kind k on f, unless there is or was one. It gets the file
// from its first byte on, if f's beginning has not yet been passed on.
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

// giveData, giveGap and giveEnd call an analyzer. A panic costs that analyzer on that
// file and nothing else.
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

// listeners stands for what listens to the end of files.
var listeners = Kind{Name: "listeners"}

// containListeners is deferred around what happens at the end of f, so that a panic
// there does not keep it open.
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
