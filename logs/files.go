package logs

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// files builds files.log after Zeek's base/frameworks/files, base/files/hash and
// base/files/extract: a row for each connection that carried a file, when the file ends.
type files struct {
	out   schemas.Emitter
	slot  event.FileSlot
	local *networks

	rec       schemas.Files
	analyzers []string
	text      [3][]byte
	order     tableOrder
	free      freelist.List[fileState]
}

// fileState is what events say about a file beyond its own methods.
type fileState struct {
	timedOut          bool
	md5, sha1, sha256 string
	cutOff            bool
	limit             uint64
}

func installFiles(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &files{out: out, slot: h.NewFileSlot(), local: o.networks()}
	h.File.Hash.Listen(b.hash)
	h.File.ExtractionLimit.Listen(func(e *event.FileExtractionLimit) {
		s := b.state(e.File)
		s.cutOff, s.limit = true, e.Limit
	})
	h.File.Timeout.Listen(func(e *event.FileTimeout) { b.state(e.File).timedOut = true })
	h.File.StateRemove.Listen(b.remove)
}

func (b *files) state(f event.File) *fileState {
	if s, ok := f.Slot(b.slot).(*fileState); ok {
		return s
	}
	s := b.free.Get()
	f.SetSlot(b.slot, s)
	return s
}

func (b *files) hash(e *event.FileHash) {
	s := b.state(e.File)
	switch e.Kind {
	case "md5":
		s.md5 = e.Hash
	case "sha1":
		s.sha1 = e.Hash
	case "sha256":
		s.sha256 = e.Hash
	}
}

// someText returns s, unset if empty.
func someText(s string) value.Opt[string] { return value.Opt[string]{V: s, OK: s != ""} }

func (b *files) remove(e *event.FileStateRemove) {
	f := e.File
	var s fileState
	if kept, ok := f.Slot(b.slot).(*fileState); ok {
		s = *kept
		*kept = fileState{}
		b.free.Put(kept)
		f.SetSlot(b.slot, nil)
	}
	b.analyzers = f.Analyzers(b.analyzers[:0])
	if slices.Contains(b.analyzers, "X509") {
		return // x509.log has it (X509::log_x509_in_files_log)
	}
	r := &b.rec
	fuid, parent := f.FUID(), f.Parent()
	b.text[0] = fuid.Append(b.text[0][:0])
	*r = schemas.Files{
		TS:              f.Start(),
		FUID:            text(b.text[0]),
		Source:          someText(f.Source()),
		Depth:           f.Depth(),
		Analyzers:       value.Set[string](b.analyzers),
		MIMEType:        someText(f.MIMEType()),
		Duration:        value.Interval(f.LastActive().Seconds() - f.Start().Seconds()),
		SeenBytes:       f.SeenBytes(),
		MissingBytes:    f.MissingBytes(),
		OverflowBytes:   f.OverflowBytes(),
		TimedOut:        s.timedOut,
		MD5:             someText(s.md5),
		SHA1:            someText(s.sha1),
		SHA256:          someText(s.sha256),
		Extracted:       someText(f.Extracted()),
		ExtractedSize:   value.Opt[uint64]{V: s.limit, OK: s.cutOff},
		ExtractedCutoff: value.Opt[bool]{V: s.cutOff, OK: f.Extracted() != ""},
	}
	if name, ok := f.Filename(); ok {
		r.Filename = value.Some(name)
	}
	if b.analyzers == nil {
		r.Analyzers = value.Set[string]{}
	}
	if !parent.IsZero() {
		b.text[1] = parent.Append(b.text[1][:0])
		r.ParentFUID = value.Some(text(b.text[1]))
	}
	if n, ok := f.TotalBytes(); ok {
		r.TotalBytes = value.Some(n)
	}
	conns := f.Conns()
	if isOrig, ok := f.IsOrig(); ok {
		r.IsOrig = value.Some(isOrig)
		if n := len(conns); n > 0 && !b.local.empty() {
			sender := conns[n-1].ID.RespH
			if isOrig {
				sender = conns[n-1].ID.OrigH
			}
			r.LocalOrig = value.Some(b.local.contains(sender))
		}
	}
	switch len(conns) {
	case 0:
		b.out.Emit(r)
	case 1:
		b.emit(r, &conns[0])
	default:
		b.order.order(conns, func(i int) { b.emit(r, &conns[i]) })
	}
}

// emit writes the row of one connection that carried the file.
func (b *files) emit(r *schemas.Files, c *event.FileConn) {
	b.text[2] = c.UID.Append(b.text[2][:0])
	r.UID = value.Some(text(b.text[2]))
	r.ID = value.Some(Endpoints(&c.ID))
	b.out.Emit(r)
}
