package writers

import (
	"fmt"
	"path/filepath"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// A target is where the rows of a stream go at one output: a file or a Stream.
type target struct {
	// output is the index in Config.Outputs, or -1 for the file of a stream of lines.
	output int
	// part is the index of the rows in run.parts.
	part int

	// view is nil for a stream of lines.
	view   *View
	counts Counts

	file *file

	to   Stream
	info StreamInfo
	// rows is scratch space of Merge.
	rows []Row
}

// logTarget creates the target of a log at an output. used holds the paths of all files.
func (m *Merger) logTarget(s *schemas.Schema, output int, used map[string]bool) (*target, error) {
	o := &m.cfg.Outputs[output]
	groups := m.cfg.Groups
	if o.AllColumns {
		// Nobody sets the columns of groups that are not wanted.
		groups = schemas.AllGroups()
	}
	view, err := NewView(s, groups, o.Fields, o.Where[s.Name])
	if err != nil {
		return nil, m.outputError(output, fmt.Errorf("output %s: %w", o.name(), err))
	}
	if o.Place != nil {
		return m.placeTarget(s.Name, view, output), nil
	}
	e := o.Format.Encoder(view.Schema, view.Groups)
	f, err := m.newFile(o, s.Name, used)
	if err != nil {
		return nil, m.outputError(output, err)
	}
	f.header, f.footer = e.AppendHeader, e.AppendFooter
	t := &target{output: output, view: view, file: f}
	t.setRotation(m.finishers[output], s.Name)
	return t, nil
}

// newFile creates the file of a log or stream of lines at an output.
func (m *Merger) newFile(o *Output, log string, used map[string]bool) (*file, error) {
	f := &file{format: o.Format.Name(), now: m.cfg.Now, report: m.cfg.Report}
	if o.Path != "" {
		f.path = o.Path
	} else {
		f.dir, f.name = o.Dir, log+o.Format.Ext()
		if !plainName(f.name) {
			return nil, fmt.Errorf("%q cannot be the name of a log file", f.name)
		}
		f.path = filepath.Join(o.Dir, f.name)
	}
	return f, use(used, f.path)
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

// use claims path for one stream.
func use(used map[string]bool, path string) error {
	if path != "-" {
		path = filepath.Clean(path)
	}
	if used[path] {
		return fmt.Errorf("two outputs would write %s", path)
	}
	used[path] = true
	return nil
}

// placeTarget creates the target of a log at a place, or of lines if view is nil.
func (m *Merger) placeTarget(log string, view *View, output int) *target {
	t := &target{output: output, view: view}
	t.info = StreamInfo{Output: m.cfg.Outputs[output].name(), Log: log, Counts: &t.counts, Env: m.env()}
	if view != nil {
		t.info.Schema, t.info.Groups = view.Schema, view.Groups
	}
	return t
}

// encoder creates a shard's encoder of the target's rows.
func (m *Merger) encoder(t *target, clock *value.Time) RowEncoder {
	o := &m.cfg.Outputs[t.output]
	var e RowEncoder
	if o.Place != nil {
		e = o.Place.Encoder(t.info)
	} else {
		e = o.Format.Encoder(t.view.Schema, t.view.Groups)
	}
	if c, ok := e.(Clocked); ok {
		c.SetClock(clock)
	}
	if t.view.keep == nil && t.view.filter == nil {
		return e
	}
	return t.view.viewer(e, &t.counts)
}

func (m *Merger) env() Env {
	c := &m.cfg
	return Env{Context: c.Context, Now: c.Now, Report: c.Report, Notice: c.Notice, Sensor: c.Sensor, Version: c.Version}
}

// outputError blames an output, by its index, for err.
func (m *Merger) outputError(output int, err error) error {
	return &ConfigError{Output: output, Lines: -1, Name: m.cfg.Outputs[output].name(), Err: err}
}

// linesError blames a stream of lines, by its index, for err.
func (m *Merger) linesError(lines int, err error) error {
	return &ConfigError{Output: -1, Lines: lines, Name: m.cfg.Lines[lines].Name, Err: err}
}

// lineStream makes the stream of the lines with that index. All its targets take the
// same part.
func (m *Merger) lineStream(index int, used map[string]bool) (*stream, error) {
	l := &m.cfg.Lines[index]
	st := &stream{name: l.Name, gates: gates{sampling: m.cfg.Sampling}}
	if l.Path != "" {
		if err := use(used, l.Path); err != nil {
			return nil, m.linesError(index, err)
		}
		st.targets = append(st.targets, &target{
			output: -1, file: &file{path: l.Path, now: m.cfg.Now, report: m.cfg.Report},
		})
	}
	for _, output := range l.Outputs {
		o := &m.cfg.Outputs[output]
		if o.Place != nil {
			st.targets = append(st.targets, m.placeTarget(l.Name, nil, output))
			continue
		}
		f, err := m.newFile(o, l.Name, used)
		if err != nil {
			return nil, m.outputError(output, err)
		}
		t := &target{output: output, file: f}
		t.setRotation(m.finishers[output], l.Name)
		st.targets = append(st.targets, t)
	}
	return st, nil
}

// start starts the places, opens their streams, and creates the files of lines.
func (m *Merger) start() error {
	for i := range m.cfg.Outputs {
		p := m.cfg.Outputs[i].Place
		if p == nil {
			if f := m.finishers[i]; f != nil {
				f.recover()
			}
			continue
		}
		if err := p.Start(m.env()); err != nil {
			return m.outputError(i, err)
		}
		m.started = append(m.started, p)
	}
	for i, st := range m.streams {
		for _, t := range st.targets {
			switch {
			case t.file == nil:
				to, err := m.cfg.Outputs[t.output].Place.Open(t.info)
				if err != nil {
					return m.outputError(t.output, err)
				}
				t.to = to
			case i >= m.lines && t.output < 0:
				if err := t.file.open(); err != nil {
					return m.linesError(i-m.lines, err)
				}
			}
		}
	}
	for i := range m.cfg.Outputs {
		if p, ok := m.cfg.Outputs[i].Place.(Prepared); ok {
			if err := p.Ready(); err != nil {
				return m.outputError(i, err)
			}
		}
	}
	return nil
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

// writeAll takes all rows of r in order.
func (t *target) writeAll(r *run) {
	p := &r.parts[t.part]
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
		t.counts.Dropped(why, rows)
	}
}

// stats returns the counts of one target, without Built.
func (m *Merger) stats(st *stream, t *target) StreamStats {
	s := StreamStats{Log: st.name}
	if t.output >= 0 {
		s.Output = m.cfg.Outputs[t.output].name()
	}
	t.counts.fill(&s)
	if f := t.file; f != nil {
		s.Format, s.Path = f.format, f.path
		if f.rot != nil {
			s.Path = f.rot.finisher.path(f.rot.log + f.rot.finisher.ext)
		}
		s.Written, s.Bytes, s.Dropped = f.earlier+f.written, f.bytes, f.dropped
	} else {
		s.Format = m.cfg.Outputs[t.output].Place.Type()
	}
	return s
}
