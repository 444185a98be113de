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
	f.header, f.footer, f.alarm = e.AppendHeader, e.AppendFooter, m.alarms[output]
	t := &target{output: output, view: view, file: f}
	t.setRotation(m.finishers[output], s.Name)
	return t, nil
}

// newFile creates the file of a log or stream of lines at an output.
func (m *Merger) newFile(o *Output, log string, used map[string]bool) (*file, error) {
	f := &file{format: o.Format.Name(), now: m.cfg.Now, perm: m.cfg.FileMode}
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
	t.info = StreamInfo{Output: m.cfg.Outputs[output].name(), Log: log, Counts: &t.counts, Env: m.env(output)}
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

// env returns the Env of an output.
func (m *Merger) env(output int) Env {
	c := &m.cfg
	return Env{
		Context: c.Context, Now: c.Now, Report: c.Report, Notice: c.Notice, Sensor: c.Sensor, Version: c.Version,
		RunID: c.Outputs[output].RunID, Claims: m.claims, FileMode: c.FileMode, Alarm: m.alarms[output],
	}
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
	if l.Sampling != (value.Sampling{}) {
		st.gates.sampling = l.Sampling
	}
	st.addLineJoiner(l.Joiner)
	if l.Path != "" {
		if err := use(used, l.Path); err != nil {
			return nil, m.linesError(index, err)
		}
		st.targets = append(st.targets, &target{
			output: -1, file: &file{path: l.Path, now: m.cfg.Now, perm: m.cfg.FileMode, alarm: NewAlarm(l.Path, m.cfg.Report, m.cfg.Notice)},
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
		f.alarm = m.alarms[output]
		t := &target{output: output, file: f}
		t.setRotation(m.finishers[output], l.Name)
		st.targets = append(st.targets, t)
	}
	return st, nil
}

// start claims folders and files, starts the places and opens their streams. When nothing
// can refuse the run any more, it creates the files of lines.
func (m *Merger) start() error {
	for i := range m.cfg.Outputs {
		p := m.cfg.Outputs[i].Place
		if p == nil {
			if err := m.claimFolder(i); err != nil {
				return m.outputError(i, err)
			}
			continue
		}
		if err := p.Start(m.env(i)); err != nil {
			return m.outputError(i, err)
		}
		m.started = append(m.started, p)
	}
	for i, st := range m.streams {
		for _, t := range st.targets {
			blame := func(err error) error {
				if t.output < 0 {
					return m.linesError(i-m.lines, err)
				}
				return m.outputError(t.output, err)
			}
			switch {
			case t.file == nil:
				to, err := m.cfg.Outputs[t.output].Place.Open(t.info)
				if err != nil {
					return blame(err)
				}
				t.to = to
			case t.file.name == "" && m.cfg.Run != nil:
				if err := t.file.hold(m.cfg.Run.Overwrite); err != nil {
					return blame(err)
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
	if m.cfg.Try {
		return nil
	}
	if m.cfg.Confirm != nil {
		if err := m.cfg.Confirm(); err != nil {
			return err
		}
	}
	if err := m.claims.Begin(); err != nil {
		return err
	}
	for _, f := range m.finishers {
		if f != nil {
			f.recover()
		}
	}
	for i, st := range m.streams[m.lines:] {
		for _, t := range st.targets {
			if t.output < 0 {
				if err := t.file.open(); err != nil {
					return m.linesError(i, err)
				}
			}
		}
	}
	return nil
}

// claimFolder claims the folder of an output of files.
func (m *Merger) claimFolder(output int) error {
	o, f := &m.cfg.Outputs[output], m.finishers[output]
	if m.claims == nil || o.Path != "" {
		return nil
	}
	if f != nil && f.names.timed() {
		return m.claimTimed(f, o)
	}
	var plain []string
	for name := range m.plainNames(output) {
		plain = append(plain, name+o.Format.Ext())
		if f != nil && f.compressed() != "" {
			plain = append(plain, name+o.Format.Ext()+f.compressed())
		}
	}
	slices.Sort(plain)
	claim, err := m.claims.Take(o.Dir, claims.Names, plain)
	if f != nil {
		f.claim, f.growing = claim, o.Rotation.Interval == 0 && o.Rotation.Size == 0
	}
	for _, st := range m.streams {
		for _, t := range st.targets {
			if t.output == output && f == nil {
				t.file.claim = claim
			}
		}
	}
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
func (m *Merger) plainNames(output int) map[string]bool {
	names := map[string]bool{}
	for _, s := range schemas.All() {
		names[s.Name] = true
	}
	for _, st := range m.streams {
		if slices.ContainsFunc(st.targets, func(t *target) bool { return t.output == output }) {
			names[st.name] = true
		}
	}
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
