package writers

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/claims"
)

// An outlet is an output in use, with what its targets share. Layouts share it as long as the
// output goes on.
type outlet struct {
	Output
	alarm *Alarm
	// finisher is nil for places and files that are not rotated.
	finisher *finisher
	// claim is that of a folder of plain names.
	claim *claims.Claim
	// started means that the place must be closed.
	started bool
}

// A target is where the rows of a stream go at one output: a file or a Stream.
type target struct {
	stream *stream
	// outlet is nil for the file of a stream of lines.
	outlet *outlet
	counts Counts
	// built counts the rows of layouts that are no more, kept those that Merger has dropped,
	// given those that were handed over.
	built, kept, given uint64
	// leaving means that it is being closed beside the merge, closed that it is.
	leaving, closed bool

	file *file

	to   Stream
	info StreamInfo
	// rows is scratch space of Merge.
	rows []Row
}

// newTarget creates the target of a stream at an output. view is nil for lines.
func (m *Merger) newTarget(st *stream, o *outlet, view *View) (*target, error) {
	t := &target{stream: st, outlet: o}
	if o.Place != nil {
		t.info = StreamInfo{Output: o.name(), Log: st.name, Counts: &t.counts, Env: m.env(o)}
		if view != nil {
			t.info.Schema, t.info.Groups = view.Schema, view.Groups
		}
		return t, nil
	}
	f, err := m.newFile(o, st.name)
	if err != nil {
		return nil, err
	}
	if view != nil {
		e := o.Format.Encoder(view.Schema, view.Groups)
		f.header, f.footer = e.AppendHeader, e.AppendFooter
	}
	f.alarm, f.claim = o.alarm, o.claim
	t.file = f
	t.setRotation(o.finisher, st.name)
	return t, nil
}

// newFile creates the file of a log or stream of lines at an output.
func (m *Merger) newFile(o *outlet, log string) (*file, error) {
	f := &file{format: o.Format.Name(), now: m.cfg.Now, perm: m.cfg.FileMode, path: o.pathOf(log)}
	if o.Path == "" {
		f.dir, f.name = o.Dir, log+o.Format.Ext()
		if !plainName(f.name) {
			return nil, fmt.Errorf("%q cannot be the name of a log file", f.name)
		}
	}
	return f, nil
}

// pathOf returns the plain path of the file of a log, "" for a place.
func (o *outlet) pathOf(log string) string {
	switch {
	case o.Place != nil:
		return ""
	case o.Path != "":
		return o.Path
	}
	return filepath.Join(o.Dir, log+o.Format.Ext())
}

// setRotation lets f, if not nil, finish the target's files.
func (t *target) setRotation(f *finisher, log string) {
	if f != nil {
		t.file.rot = &rotator{
			file: t.file, finisher: f, log: log, counts: &t.counts,
			interval: int64(f.rotation.Interval), maxSize: f.rotation.Size,
		}
	}
}

// use takes path for one stream.
func use(used map[string]bool, path string) error {
	if path == "" {
		return nil // a place
	}
	if path != "-" {
		path = filepath.Clean(path)
	}
	if used[path] {
		return fmt.Errorf("two outputs would write %s", path)
	}
	used[path] = true
	return nil
}

// encoder creates a shard's encoder of the target's rows.
func (m *Merger) encoder(t *target, view *View, clock *value.Time) RowEncoder {
	o := t.outlet
	var e RowEncoder
	if o.Place != nil {
		e = o.Place.Encoder(t.info)
	} else {
		e = o.Format.Encoder(view.Schema, view.Groups)
	}
	if c, ok := e.(Clocked); ok {
		c.SetClock(clock)
	}
	if view.keep == nil && view.filter == nil {
		return e
	}
	return view.viewer(e, &t.counts)
}

// env returns the Env of an output.
func (m *Merger) env(o *outlet) Env {
	c := &m.cfg
	return Env{
		Context: c.Context, Hurry: m.hurry, Now: c.Now, Report: c.Report, Notice: c.Notice, Sensor: c.Sensor, Version: c.Version,
		RunID: o.RunID, Claims: m.claims, FileMode: c.FileMode, Alarm: o.alarm,
	}
}

// outputError blames an output, by its index, for err.
func outputError(output int, o *outlet, err error) error {
	return &ConfigError{Output: output, Lines: -1, Name: o.name(), Err: err}
}

// linesError blames a stream of lines, by its index, for err.
func (m *Merger) linesError(lines int, err error) error {
	return &ConfigError{Output: -1, Lines: lines, Name: m.streams[m.lines+lines].name, Err: err}
}

// claimFolder claims the folder of an output of files.
func (m *Merger) claimFolder(l *layout, o *outlet) error {
	f := o.finisher
	if m.claims == nil || o.Path != "" {
		return nil
	}
	used := false
	l.each(func(_ *stream, t *target) { used = used || t.outlet == o })
	if !used && f == nil {
		return nil // all logs are left out
	}
	if f != nil && f.names.timed() {
		return m.claimTimed(f, &o.Output)
	}
	var plain []string
	for name := range l.plainNames(o) {
		plain = append(plain, name+o.Format.Ext())
		if f != nil && f.compressed() != "" {
			plain = append(plain, name+o.Format.Ext()+f.compressed())
		}
	}
	slices.Sort(plain)
	claim, err := m.claims.Take(o.Dir, claims.Names, plain)
	if f != nil {
		f.claim, f.growing = claim, o.Rotation.Interval == 0 && o.Rotation.Size == 0
		return err
	}
	o.claim = claim
	l.each(func(_ *stream, t *target) {
		if t.outlet == o {
			t.file.claim = claim
		}
	})
	return err
}

// claimTimed claims the folder of an output that adds files to those of other runs.
func (m *Merger) claimTimed(f *finisher, o *Output) (err error) {
	if o.RunID != "" {
		if f.claim, err = m.claims.Take(o.Dir, o.RunID, nil); err != nil {
			return err
		}
	}
	_, err = m.claims.TakeGrowing(o.Dir)
	var held *claims.HeldError
	if f.growing = err == nil; errors.As(err, &held) {
		f.env.Notice(fmt.Sprintf("%s: the current logs have hidden names only until they are finished: the plain ones are those of %s", o.Dir, held.Holder))
		return nil
	}
	return err
}

// plainNames returns the names of all logs that a run may have written at the output.
func (l *layout) plainNames(o *outlet) map[string]bool {
	names := map[string]bool{}
	for _, s := range schemas.All() {
		names[s.Name] = true
	}
	l.each(func(st *stream, t *target) {
		if t.outlet == o {
			names[st.name] = true
		}
	})
	return names
}

// plainName reports whether name is a file name that stays in its folder and needs no
// quoting.
func plainName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return name != "" && name[0] != '.' && name[0] != '-'
}

// write takes a row with its key. An empty row was filtered out.
func (t *target) write(key *Key, row []byte) {
	switch {
	case len(row) == 0:
		t.drop(dropFiltered, 1)
	case t.file != nil && t.file.rot != nil:
		t.file.rot.row(key.Time, row)
	case t.file != nil:
		t.file.write(row, 1)
	default:
		t.rows = append(t.rows, Row{*key, row})
	}
}

// writeAll takes all rows of r in order, as they are in p.
func (t *target) writeAll(r *run, p *part) {
	if p.filtered > 0 {
		t.drop(dropFiltered, uint64(p.filtered))
	}
	if t.file != nil && t.file.rot == nil {
		if len(p.buf) > 0 {
			t.file.write(p.buf, uint64(len(p.end)-p.filtered))
		}
		return
	}
	for i := range p.end {
		if row := p.row(i); len(row) > 0 {
			t.write(&r.entries[i].Key, row)
		}
	}
}

// handOver passes the merged rows to the stream.
func (t *target) handOver() {
	if len(t.rows) == 0 {
		return
	}
	t.given += uint64(len(t.rows))
	t.to.Write(t.rows)
	clear(t.rows)
	t.rows = t.rows[:0]
}

// closeFile closes the target's file with the clock at now.
func (t *target) closeFile(now int64) error {
	if t.file.rot != nil {
		return t.file.rot.finish(now)
	}
	return t.file.close()
}

func (t *target) drop(why Reason, rows uint64) {
	if t.file != nil {
		t.file.dropped[why] += rows
	} else {
		t.kept += rows
		t.counts.Dropped(why, rows)
	}
}

// stats returns the counts of the target, with Built for the layouts that are no more.
func (t *target) stats() StreamStats {
	s := StreamStats{Log: t.stream.name}
	if t.outlet != nil {
		s.Output = t.outlet.name()
	}
	t.counts.fill(&s)
	s.Built = t.built
	if f := t.file; f != nil {
		s.Format, s.Path = f.format, f.path
		if f.rot != nil {
			s.Path = f.rot.finisher.path(f.rot.log + f.rot.finisher.ext)
		}
		s.Written, s.Bytes, s.Dropped = f.earlier+f.written, f.bytes, f.dropped
	} else {
		s.Format = t.outlet.Place.Type()
	}
	return s
}
