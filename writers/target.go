package writers

import (
	"fmt"
	"path/filepath"

	"github.com/wirelog/wirelog/schemas"
)

// A target is where the rows of a stream go at one output: a file or a Stream.
type target struct {
	// output is the index in Config.Outputs, or -1 for the file of a stream of lines.
	output int
	// part is the index of the rows in run.parts.
	part int

	file *file

	to     Stream
	info   StreamInfo
	counts Counts
	// rows is scratch of Merge.
	rows []Row
}

// logTarget makes the target of a log at an output. used has the paths of files.
func (m *Merger) logTarget(s *schemas.Schema, output int, used map[string]bool) (*target, error) {
	o := &m.cfg.Outputs[output]
	if o.Place != nil {
		return m.placeTarget(s.Name, s.With(m.cfg.Groups), output), nil
	}
	name := s.Name + o.Format.Ext()
	if !plainName(name) {
		return nil, fmt.Errorf("%q cannot be the name of a log file", name)
	}
	path := filepath.Join(o.Dir, name)
	if used[path] {
		return nil, fmt.Errorf("two outputs would write %s", path)
	}
	used[path] = true
	e := o.Format.Encoder(s, m.cfg.Groups)
	return &target{output: output, file: &file{
		format: o.Format.Name(), path: path, dir: o.Dir, name: name,
		header: e.AppendHeader, footer: e.AppendFooter,
		now: m.cfg.Now, report: m.cfg.Report,
	}}, nil
}

func (m *Merger) placeTarget(log string, s *schemas.Schema, output int) *target {
	t := &target{output: output}
	t.info = StreamInfo{
		Output: m.cfg.Outputs[output].name(), Log: log, Schema: s, Groups: m.cfg.Groups,
		Counts: &t.counts, Env: m.env(),
	}
	return t
}

func (m *Merger) env() Env {
	c := &m.cfg
	return Env{Context: c.Context, Now: c.Now, Report: c.Report, Notice: c.Notice, Sensor: c.Sensor, Version: c.Version}
}

// lineStream makes the stream of l; all its targets take the same part.
func (m *Merger) lineStream(l Lines, used map[string]bool) (*stream, error) {
	st := &stream{name: l.Name, gates: gates{sampling: m.cfg.Sampling}}
	if l.Path != "" {
		if l.Path != "-" && used[filepath.Clean(l.Path)] {
			return nil, fmt.Errorf("two outputs would write %s", l.Path)
		}
		used[filepath.Clean(l.Path)] = true
		st.targets = append(st.targets, &target{
			output: -1, file: &file{path: l.Path, now: m.cfg.Now, report: m.cfg.Report},
		})
	}
	for _, output := range l.Outputs {
		if m.cfg.Outputs[output].Place == nil {
			return nil, fmt.Errorf("output %s does not take the lines of %s", m.cfg.Outputs[output].name(), l.Name)
		}
		st.targets = append(st.targets, m.placeTarget(l.Name, nil, output))
	}
	return st, nil
}

// start starts the places, opens their streams, and makes the files of lines.
func (m *Merger) start() error {
	for i := range m.cfg.Outputs {
		p := m.cfg.Outputs[i].Place
		if p == nil {
			continue
		}
		if err := p.Start(m.env()); err != nil {
			return err
		}
		m.started = append(m.started, p)
	}
	for i, st := range m.streams {
		for _, t := range st.targets {
			switch {
			case t.file == nil:
				to, err := m.cfg.Outputs[t.output].Place.Open(t.info)
				if err != nil {
					return err
				}
				t.to = to
			case i >= m.lines:
				if err := t.file.open(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// plainName reports whether name is a file name that stays in its folder and
// needs no quoting.
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

// write takes the row with the given key.
func (t *target) write(key *Key, row []byte) {
	if t.file != nil {
		t.file.write(row, 1)
	} else {
		t.rows = append(t.rows, Row{*key, row})
	}
}

// writeAll takes all the rows of r, in their order.
func (t *target) writeAll(r *run) {
	p := &r.parts[t.part]
	if t.file != nil {
		t.file.write(p.buf, uint64(len(p.end)))
		return
	}
	for i := range p.end {
		t.rows = append(t.rows, Row{r.entries[i].Key, p.row(i)})
	}
}

// handOver passes the rows that were merged to the stream.
func (t *target) handOver() {
	if len(t.rows) == 0 {
		return
	}
	t.to.Write(t.rows)
	clear(t.rows)
	t.rows = t.rows[:0]
}

func (t *target) drop(why Reason) {
	if t.file != nil {
		t.file.dropped[why]++
	} else {
		t.counts.Dropped(why, 1)
	}
}

// stats returns the counts of one target, but for Built.
func (m *Merger) stats(st *stream, t *target) StreamStats {
	s := StreamStats{Log: st.name}
	if t.output >= 0 {
		s.Output = m.cfg.Outputs[t.output].name()
	}
	if f := t.file; f != nil {
		s.Format, s.Path = f.format, f.path
		s.Written, s.Bytes, s.Dropped = f.written, f.bytes, f.dropped
		return s
	}
	s.Format = m.cfg.Outputs[t.output].Place.Type()
	t.counts.fill(&s)
	return s
}
