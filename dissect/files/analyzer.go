package files

// An Analyzer looks at the contents of one file. The slices are valid inside the call.
type Analyzer interface {
	// Data takes the next bytes. An analyzer that returns false is done, and taken off.
	Data(b []byte) bool
	// Gap tells that n bytes from offset on are missing before what follows.
	Gap(offset, n uint64) bool
	// End tells that nothing more comes. It is not called once an analyzer is taken off.
	End()
}

// Kind describes an analyzer of files.
type Kind struct {
	// Name is Zeek's name of it, such as "PE".
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
}

// Attach puts an analyzer of kind k on f, unless there is or was one. It gets the file
// from its first byte on, if f's beginning has not yet been passed on.
func (f *File) Attach(k *Kind) {
	if f.done {
		return
	}
	for i := range f.analyzers {
		if f.analyzers[i].kind == k {
			return
		}
	}
	f.names = append(f.names, k.Name)
	f.analyzers = append(f.analyzers, attached{a: k.New(f.m, f), kind: k})
}

func (f *File) takeOff(i int) { f.analyzers[i].off = true }
