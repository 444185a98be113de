package files

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/magic"
	"github.com/wirelog/wirelog/internal/linked"
	"github.com/wirelog/wirelog/value"
)

// File is an open file. It implements event.File.
type File struct {
	m      *Manager
	id     ID
	uid    value.UID // of id; set by the first call of FUID
	source string
	parent value.UID

	start, active, deadline value.Time
	touched                 value.Time // active by the run's clock
	first                   uint64     // number of the packet with which the file began
	serial                  uint64
	byDeadline              linked.Node[File]

	opener   uint64 // first packet of the connection that opened it
	conns    []event.FileConn
	lastConn event.Conn // the one noted last; lastNum is its first packet
	lastNum  uint64

	offset            uint64 // bytes delivered or known to be missing
	seen, lost, spilt uint64
	total             uint64
	wait              waiting
	bof               []byte // beginning, until its type is detected
	mime              string
	filename          []byte
	depth             uint64
	extracted         string
	analyzers         []attached
	names             []string // of the analyzers attached so far
	slots             []any

	hasConn, isOrig bool
	hasTotal        bool
	hasName         bool
	reorders        bool // bytes have arrived out of order
	bofDone         bool // the beginning is complete or cannot grow
	sniffed         bool
	done            bool

	weight int // bytes that it counts for in Manager.state
}

// Most elements and bytes of the lists of a file that the next one reuses.
const (
	keptConns    = 16
	keptFilename = 256
	keptBlocks   = 64
	keptBOFs     = 4096
)

// reset prepares f for another file.
func (f *File) reset() {
	for i := range f.analyzers {
		if a := &f.analyzers[i]; a.kind.Release != nil && !a.panicked {
			a.kind.Release(a.a)
		}
		f.analyzers[i] = attached{}
	}
	clear(f.slots)
	f.m.held -= f.wait.size
	f.wait.reset()
	f.freeBOF()
	if cap(f.conns) > keptConns {
		f.conns = nil
	}
	if cap(f.filename) > keptFilename {
		f.filename = nil
	}
	m, conns, filename, analyzers, names, slots, wait := f.m, f.conns, f.filename, f.analyzers, f.names, f.slots, f.wait
	*f = File{}
	f.m, f.conns, f.filename, f.analyzers, f.names = m, conns[:0], filename[:0], analyzers[:0], names[:0]
	f.slots, f.wait = slots, wait
}

// FUID returns the identifier of the file.
func (f *File) FUID() value.UID {
	if f.uid.IsZero() {
		f.uid = f.id.UID()
	}
	return f.uid
}

// ID returns the file's ID in the Manager.
func (f *File) ID() ID { return f.id }

// Source returns the name of the protocol that carries the file.
func (f *File) Source() string { return f.source }

// IsOrig reports whether the originator sent the file; ok is false without a
// connection.
func (f *File) IsOrig() (isOrig, ok bool) { return f.isOrig, f.hasConn }

// Parent returns the file that contained this one.
func (f *File) Parent() value.UID { return f.parent }

// Start returns when the file was opened.
func (f *File) Start() value.Time { return f.start }

// LastActive returns when the last bytes or other news of the file arrived.
func (f *File) LastActive() value.Time { return f.active }

// SeenBytes returns the number of bytes analyzed.
func (f *File) SeenBytes() uint64 { return f.seen }

// MissingBytes returns the number of bytes that did not arrive.
func (f *File) MissingBytes() uint64 { return f.lost }

// OverflowBytes returns the number of bytes skipped because too many were held
// behind them.
func (f *File) OverflowBytes() uint64 { return f.spilt }

// TotalBytes returns the announced size.
func (f *File) TotalBytes() (uint64, bool) { return f.total, f.hasTotal }

// MIMEType returns the file's media type.
func (f *File) MIMEType() string { return f.mime }

// Analyzers appends the names of the analyzers that were attached to the file.
func (f *File) Analyzers(dst []string) []string { return append(dst, f.names...) }

// Conns returns the connections that carried the file.
func (f *File) Conns() []event.FileConn { return f.conns }

// Extracted returns the name of the extracted file on disk.
func (f *File) Extracted() string { return f.extracted }

// Filename returns the file's name in the protocol.
func (f *File) Filename() (name string, ok bool) { return string(f.filename), f.hasName }

// SetFilename sets Filename.
func (f *File) SetFilename(name []byte) {
	f.filename = append(f.filename[:0], name...)
	f.hasName = true
}

// Depth returns how deep the file is nested.
func (f *File) Depth() uint64 { return f.depth }

// SetDepth sets Depth.
func (f *File) SetDepth(n uint64) { f.depth = n }

// Slot returns what SetSlot stored, or nil.
func (f *File) Slot(s event.FileSlot) any {
	if int(s) >= len(f.slots) {
		return nil
	}
	return f.slots[s]
}

// SetSlot stores a builder's state.
func (f *File) SetSlot(s event.FileSlot, v any) {
	for len(f.slots) <= int(s) {
		f.slots = append(f.slots, nil)
	}
	f.slots[s] = v
}

func (f *File) complete() bool { return f.hasTotal && f.offset >= f.total }

// chunk takes the bytes at offset. It delivers them if they are the next ones.
func (f *File) chunk(b []byte, offset uint64) {
	if n := ^uint64(0) - offset; uint64(len(b)) > n {
		if e := f.m.hooks.Weird.File.Begin(); e != nil {
			*e = event.FileWeird{Name: "file_offset_overflow", File: f, Source: f.source}
			f.m.hooks.Weird.File.Raise(e)
		}
		b = b[:n]
	}
	switch {
	case !f.reorders && offset == f.offset:
		f.deliver(b)
	case !f.reorders:
		f.reorders = true
		f.wait.next, f.wait.floor = f.offset, 0
		f.insert(b, offset)
	default:
		if f.wait.size > f.m.opt.ReassemblyBytes || len(f.wait.blocks) > f.m.opt.ReassemblyBlocks ||
			f.m.held > f.m.opt.TotalReassembly && f.wait.size > 0 {
			f.overflow()
		}
		f.insert(b, offset)
	}
	if f.complete() {
		f.end()
	}
}

// overflow abandons the holes before the held bytes.
func (f *File) overflow() {
	at := f.offset
	skipped := f.flush()
	f.spilt += skipped
	f.m.stats.Overflow++
	if e := f.m.hooks.File.ReassemblyOverflow.Begin(); e != nil {
		*e = event.FileReassemblyOverflow{File: f, Offset: at, Skipped: skipped}
		f.m.hooks.File.ReassemblyOverflow.Raise(e)
	}
}

// deliver passes on the next bytes. With none, it ends the beginning of the file.
func (f *File) deliver(b []byte) {
	var before []byte
	if !f.sniffed || len(f.bof) > 0 {
		before = f.beginning(b)
	}
	for i := range f.analyzers {
		if a := &f.analyzers[i]; !a.off && !a.caughtUp {
			a.caughtUp = true
			if len(before) > 0 {
				f.giveData(i, before)
			}
		}
		if len(b) > 0 && !f.analyzers[i].off {
			f.giveData(i, b)
		}
	}
	n := uint64(len(b))
	f.offset += n
	f.seen += n
	f.m.stats.Bytes += n
	if f.sniffed {
		f.freeBOF()
		return
	}
	if !f.bofDone {
		f.keep(b)
	}
}

// beginning detects the media type if b completes the beginning of the file,
// and returns the kept part of the beginning before b.
func (f *File) beginning(b []byte) []byte {
	have := len(f.bof)
	if !f.bofDone && have+len(b) >= magic.Size {
		f.bofDone = true
	}
	if !f.bofDone || f.sniffed || f.lost != 0 {
		return f.bof
	}
	head := b
	if have > 0 {
		f.keep(b)
		head = f.bof
	}
	f.sniffed = true
	if len(head) > 0 {
		f.sniff(head[:min(len(head), magic.Size)])
	}
	return f.bof[:have]
}

// keep adds b to the kept beginning, as far as there is room.
func (f *File) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	if f.bof == nil {
		f.bof = f.m.newBOF()
	}
	f.bof = append(f.bof, b[:min(len(b), magic.Size-len(f.bof))]...)
}

func (m *Manager) newBOF() []byte {
	if n := len(m.freeBOF); n > 0 {
		b := m.freeBOF[n-1]
		m.freeBOF = m.freeBOF[:n-1]
		return b
	}
	return make([]byte, 0, magic.Size)
}

func (f *File) freeBOF() {
	if f.bof == nil {
		return
	}
	if len(f.m.freeBOF) < keptBOFs {
		f.m.freeBOF = append(f.m.freeBOF, f.bof[:0])
	}
	f.bof = nil
}

// setMIME sets the media type named by the protocol.
func (f *File) setMIME(mime string) {
	if mime == "" || f.sniffed || len(f.bof) != 0 {
		return
	}
	f.sniffed, f.bofDone = true, true
	f.found(mime, event.FileMetadata{MIMEType: value.Some(mime)})
}

// sniff detects the media type from the file's beginning.
func (f *File) sniff(head []byte) {
	m := f.m
	m.matches = m.magic.Append(m.matches[:0], head, m.opt.BestType)
	meta := event.FileMetadata{MIMETypes: m.matches, Inferred: true}
	var mime string
	if len(m.matches) > 0 {
		mime = m.matches[0].MIME
		meta.MIMEType = value.Some(mime)
		meta.MIMETypes = onePerStrength(m.matches)
	} else {
		meta.MIMETypes = nil
	}
	f.found(mime, meta)
}

// onePerStrength keeps the last match of each strength: those that Zeek reports,
// though it uses the first for the type.
func onePerStrength(list []event.MIMEMatch) []event.MIMEMatch {
	n := 0
	for i, m := range list {
		if i > 0 && m.Strength != list[i-1].Strength {
			n++
		}
		list[n] = m
	}
	return list[:n+1]
}

// found sets the file's media type and attaches the analyzers for it.
func (f *File) found(mime string, meta event.FileMetadata) {
	m := f.m
	f.mime = mime
	for _, k := range m.kinds[mime] {
		f.Attach(k)
	}
	if m.extract != nil && mime != "" {
		m.extract.consider(f)
	}
	if e := m.hooks.File.Sniff.Begin(); e != nil {
		e.File, e.Meta = f, meta
		m.hooks.File.Sniff.Raise(e)
	}
}

// missing records that n bytes from offset on will not arrive.
func (f *File) missing(offset, n uint64) {
	if f.reorders {
		f.flushTo(offset + min(n, ^uint64(0)-offset))
		return
	}
	f.hole(offset, n)
}

// hole skips the next n bytes.
func (f *File) hole(offset, n uint64) {
	if !f.bofDone {
		f.bofDone = true
		f.deliver(nil)
	}
	for i := range f.analyzers {
		if !f.analyzers[i].off {
			f.giveGap(i, offset, n)
		}
	}
	if e := f.m.hooks.File.Gap.Begin(); e != nil {
		*e = event.FileGap{File: f, Offset: offset, Len: n}
		f.m.hooks.File.Gap.Raise(e)
	}
	f.offset += min(n, ^uint64(0)-f.offset)
	f.lost += min(n, ^uint64(0)-f.lost)
}

// end reports the end of the file to analyzers and listeners.
func (f *File) end() {
	if f.done {
		return
	}
	f.deliverRest()
	f.done = true
	for i := range f.analyzers {
		if !f.analyzers[i].off {
			f.giveEnd(i)
		}
	}
	if e := f.m.hooks.File.StateRemove.Begin(); e != nil {
		e.File = f
		f.m.hooks.File.StateRemove.RaiseAll(e, f.panicked)
	}
}

func (f *File) deliverRest() {
	defer f.containListeners()
	if f.reorders {
		f.flush()
	}
	if !f.bofDone {
		f.bofDone = true
		f.deliver(nil)
	}
}
