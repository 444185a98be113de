package writers

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/wirelog/wirelog/schemas"
)

// A layout is what the rows of a time go to. An Exchange makes another one.
type layout struct {
	outlets []*outlet
	// targets and views are indexed by stream and number; there are no views of lines.
	targets [][]*target
	views   [][]*View
	// fresh are the outlets and targets that no layout before had.
	fresh        map[*outlet]int // the index in Config.Outputs
	freshTargets map[*target]bool
	// built counts the rows by stream.
	built []atomic.Uint64
	// users are the collectors that build rows for it, and the batches that are not merged.
	users atomic.Int64
}

// each calls f for all targets.
func (l *layout) each(f func(*stream, *target)) {
	for _, list := range l.targets {
		for _, t := range list {
			f(t.stream, t)
		}
	}
}

// find returns the index of the stream's target at an outlet, or -1.
func (l *layout) find(stream int, o *outlet) int {
	return slices.IndexFunc(l.targets[stream], func(t *target) bool { return t.outlet == o })
}

// sameColumns reports whether two views of a log write the same columns.
func sameColumns(a, b *View) bool {
	if a.log != b.log || a.groups != b.groups || !slices.Equal(a.keep, b.keep) || !slices.Equal(a.add, b.add) ||
		len(a.Schema.Fields) != len(b.Schema.Fields) {
		return false
	}
	for i := range a.Schema.Fields {
		if a.Schema.Fields[i].Name != b.Schema.Fields[i].Name {
			return false
		}
	}
	return true
}

// plan makes a layout for the outputs of cfg. What old has and is wanted again goes on.
func (m *Merger) plan(cfg *Config, old *layout) (*layout, error) {
	n := len(m.streams)
	l := &layout{targets: make([][]*target, n), views: make([][]*View, n), built: make([]atomic.Uint64, n),
		fresh: map[*outlet]int{}, freshTargets: map[*target]bool{}}
	for k := range cfg.Outputs {
		o := &cfg.Outputs[k]
		if old != nil && o.Continues > 0 {
			l.outlets = append(l.outlets, old.outlets[o.Continues-1])
			continue
		}
		fresh, err := m.newOutlet(o)
		if err != nil {
			return nil, outputError(k, fresh, fmt.Errorf("output %s: %w", o.name(), err))
		}
		l.outlets = append(l.outlets, fresh)
	}
	views := make([][]*View, n) // by stream and output
	for i, st := range m.streams[:m.lines] {
		views[i] = make([]*View, len(cfg.Outputs))
		for k := range cfg.Outputs {
			v, err := m.view(&cfg.Outputs[k], st)
			if err != nil {
				return nil, outputError(k, l.outlets[k], fmt.Errorf("output %s: %w", l.outlets[k].name(), err))
			}
			views[i][k] = v
		}
	}
	for k, o := range l.outlets {
		// The streams of a place are opened before its first row.
		if o.Place != nil && cfg.Outputs[k].Continues > 0 && old != nil && !m.sameStreams(cfg, old, o, k, views) {
			fresh, err := m.newOutlet(&cfg.Outputs[k])
			if err != nil {
				return nil, outputError(k, fresh, err)
			}
			l.outlets[k] = fresh
		}
		if old == nil || !slices.Contains(old.outlets, l.outlets[k]) {
			l.fresh[l.outlets[k]] = k
		}
	}
	used := make(map[string]bool)
	for i, st := range m.streams[:m.lines] {
		for k, v := range views[i] {
			if v == nil {
				continue
			}
			if err := m.planTarget(l, old, st, k, v, used); err != nil {
				return nil, outputError(k, l.outlets[k], err)
			}
		}
	}
	for i := range cfg.Lines {
		if err := m.planLines(cfg, l, old, i, used); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// view returns how an output writes a log, nil if it does not.
func (m *Merger) view(o *Output, st *stream) (*View, error) {
	if !o.takes(st.schema) {
		return nil, nil
	}
	groups := m.cfg.Groups
	if o.AllColumns {
		// Nobody sets the columns of groups that are not wanted.
		groups = schemas.AllGroups()
	}
	return NewView(st.schema, groups, o.Fields, o.Where[st.name])
}

// newOutlet makes the outlet of an output, with a finisher if it rotates files.
func (m *Merger) newOutlet(o *Output) (*outlet, error) {
	x := &outlet{Output: *o, alarm: NewAlarm(o.label(), m.cfg.Report, m.cfg.Notice)}
	if o.Place != nil || o.Path != "" || !o.Rotation.Enabled() {
		return x, nil
	}
	// All logs of a format have the same footer.
	footer := o.Format.Encoder(schemas.All()[0], 0).AppendFooter
	var err error
	x.finisher, err = newFinisher(o, m.env(x), footer, m.cfg.Command)
	return x, err
}

// sameStreams reports whether the place of o has the streams that output k is to have.
func (m *Merger) sameStreams(cfg *Config, old *layout, o *outlet, k int, views [][]*View) bool {
	for i := range m.lines {
		was := old.find(i, o)
		if (was >= 0) != (views[i][k] != nil) || was >= 0 && !sameColumns(old.views[i][was], views[i][k]) {
			return false
		}
	}
	for i := range cfg.Lines {
		if (old.find(m.lines+i, o) >= 0) != slices.Contains(cfg.Lines[i].Outputs, k) {
			return false
		}
	}
	return true
}

// planTarget adds the target of a log at output k.
func (m *Merger) planTarget(l, old *layout, st *stream, k int, v *View, used map[string]bool) error {
	o := l.outlets[k]
	if err := use(used, o.pathOf(st.name)); err != nil {
		return err
	}
	if old != nil {
		if was := old.find(st.index, o); was >= 0 && sameColumns(old.views[st.index][was], v) {
			if old.views[st.index][was].where == v.where {
				v = old.views[st.index][was]
			}
			l.add(st, old.targets[st.index][was], v, false)
			return nil
		}
	}
	t, err := m.newTarget(st, o, v)
	if err == nil {
		err = m.free(old, t)
	}
	if err != nil {
		return err
	}
	l.add(st, t, v, true)
	return nil
}

// free reports an error if a file that is written in place has rows of this run.
func (m *Merger) free(old *layout, t *target) error {
	if old == nil || t.file == nil || t.file.rot != nil || t.file.path == "-" || !m.plain[filepath.Clean(t.file.path)] {
		return nil
	}
	return fmt.Errorf("%s has rows of this run, which another form would replace: choose another folder or file, or rotate, or restart", t.file.path)
}

// planLines adds the targets of the lines with that index.
func (m *Merger) planLines(cfg *Config, l, old *layout, index int, used map[string]bool) error {
	c, st := &cfg.Lines[index], m.streams[m.lines+index]
	if c.Path != "" {
		if err := use(used, c.Path); err != nil {
			return m.linesError(index, err)
		}
	}
	was := -1
	if old != nil {
		was = old.find(st.index, nil)
		if (was >= 0) != (c.Path != "") || was >= 0 && old.targets[st.index][was].file.path != c.Path {
			return m.linesError(index, errors.New("another file takes a restart"))
		}
	}
	switch {
	case was >= 0:
		l.add(st, old.targets[st.index][was], nil, false)
	case c.Path != "":
		l.add(st, &target{stream: st, file: &file{
			path: c.Path, now: m.cfg.Now, perm: m.cfg.FileMode, alarm: NewAlarm(c.Path, m.cfg.Report, m.cfg.Notice),
		}}, nil, true)
	}
	for _, k := range c.Outputs {
		o := l.outlets[k]
		err := use(used, o.pathOf(st.name))
		if err == nil && old != nil {
			if was := old.find(st.index, o); was >= 0 {
				l.add(st, old.targets[st.index][was], nil, false)
				continue
			}
		}
		var t *target
		if err == nil {
			t, err = m.newTarget(st, o, nil)
		}
		if err == nil {
			err = m.free(old, t)
		}
		if err != nil {
			return outputError(k, o, err)
		}
		l.add(st, t, nil, true)
	}
	return nil
}

// add adds a target of a stream.
func (l *layout) add(st *stream, t *target, v *View, fresh bool) {
	l.targets[st.index] = append(l.targets[st.index], t)
	l.views[st.index] = append(l.views[st.index], v)
	if fresh {
		l.freshTargets[t] = true
	}
}

// start claims folders and files, starts the places and opens their streams, as far as l is
// the first to have them. When nothing can refuse the outputs any more, it creates the files
// of lines.
func (m *Merger) start(l *layout, try bool) error {
	blame := func(t *target, err error) error {
		if t.outlet == nil {
			return m.linesError(t.stream.index-m.lines, err)
		}
		return outputError(slices.Index(l.outlets, t.outlet), t.outlet, err)
	}
	for k, o := range l.outlets {
		if _, fresh := l.fresh[o]; !fresh {
			continue
		}
		if o.Place == nil {
			if err := m.claimFolder(l, o); err != nil {
				return outputError(k, o, err)
			}
			continue
		}
		if err := o.Place.Start(m.env(o)); err != nil {
			return outputError(k, o, err)
		}
		o.started = true
	}
	var err error
	l.each(func(_ *stream, t *target) {
		switch {
		case err != nil || !l.freshTargets[t]:
		case t.file == nil:
			if t.to, err = t.outlet.Place.Open(t.info); err != nil {
				err = blame(t, err)
			}
		case t.file.name == "" && m.cfg.Run != nil:
			if err = t.file.hold(m.cfg.Run.Overwrite); err != nil {
				err = blame(t, err)
			}
		}
	})
	if err != nil {
		return err
	}
	for k, o := range l.outlets {
		if _, fresh := l.fresh[o]; !fresh {
			continue
		}
		if p, ok := o.Place.(Prepared); ok {
			if err := p.Ready(); err != nil {
				return outputError(k, o, err)
			}
		}
	}
	if try {
		return nil
	}
	if confirm := m.cfg.Confirm; confirm != nil {
		m.cfg.Confirm = nil // an exchange does not ask again
		if err := confirm(); err != nil {
			return err
		}
	}
	if err := m.claims.Begin(); err != nil {
		return err
	}
	for _, o := range l.outlets {
		if _, fresh := l.fresh[o]; fresh && o.finisher != nil {
			o.finisher.recover()
		}
	}
	for _, list := range l.targets[m.lines:] {
		for _, t := range list {
			if t.outlet == nil && l.freshTargets[t] {
				if err := t.file.open(); err != nil {
					return blame(t, err)
				}
			}
		}
	}
	return nil
}

// An Exchange is other outputs for a Merger in use. Rows that collectors have built before
// they Follow it go to the outputs before, those that they build afterwards to the new ones.
type Exchange struct {
	m    *Merger
	next *layout
}

// Prepare starts the outputs of cfg beside those that are in use. Of cfg it uses Outputs,
// whose Logs must be given and among those of the Merger, and Lines, which must be as many
// as those of the Merger and have the same paths. An output that Continues another one goes
// on with its files, or its place, if its columns and logs are the same; nothing is closed
// then. An error, as of New, changes nothing. It is called by one goroutine at a time.
func (m *Merger) Prepare(cfg Config) (*Exchange, error) {
	cfg.setDefaults()
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, errors.New("the run has ended")
	}
	l, err := m.plan(&cfg, m.layout())
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	x := &Exchange{m, l}
	if err := m.start(l, false); err != nil {
		x.Discard()
		return nil, err
	}
	return x, nil
}

// Discard ends what Prepare has started of an Exchange that is not installed.
func (x *Exchange) Discard() {
	x.next.each(func(_ *stream, t *target) {
		switch {
		case !x.next.freshTargets[t]:
		case t.file != nil:
			t.file.letGo()
		case t.to != nil:
			_ = t.to.Close() // it has got no row
		}
	})
	for o := range x.next.fresh {
		if o.started {
			_ = o.Place.Close()
		}
	}
}

// Install adds the outputs of x to those in use. What the Merger itself writes goes to them
// from now on; collectors follow by Follow. When the last one has and its rows are written,
// outputs that are not wanted any more are finished, while others are written.
func (m *Merger) Install(x *Exchange) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("the run has ended")
	}
	before := m.layout()
	m.install(x.next)
	// The plain names of files that grow are for those that come.
	before.each(func(_ *stream, t *target) {
		if t.file != nil && t.file.rot != nil && !x.next.has(t) {
			t.file.rot.dropPlain()
			t.file.rot.anonymous = true
		}
	})
	return nil
}

func (l *layout) has(t *target) bool { return slices.Contains(l.targets[t.stream.index], t) }

// Withdraw undoes Install, if no collector has followed x.
func (m *Merger) Withdraw(x *Exchange) {
	m.mu.Lock()
	m.layouts = slices.DeleteFunc(m.layouts, func(l *layout) bool { return l == x.next })
	m.layout().each(func(_ *stream, t *target) {
		if t.file != nil && t.file.rot != nil {
			t.file.rot.anonymous = false
		}
	})
	m.list()
	m.mu.Unlock()
	x.Discard()
}

// install makes l the layout in force.
func (m *Merger) install(l *layout) {
	m.layouts = append(m.layouts, l)
	l.each(func(_ *stream, t *target) {
		if t.file != nil && t.file.rot == nil {
			m.plain[filepath.Clean(t.file.path)] = true
		}
	})
	m.list()
}

// list lists the targets and outlets of all layouts.
func (m *Merger) list() {
	m.live = m.live[:0:0]
	seen := map[*target]bool{}
	for i := range m.streams {
		for _, l := range slices.Backward(m.layouts) {
			for _, t := range l.targets[i] {
				if !seen[t] {
					seen[t] = true
					m.live = append(m.live, t)
				}
			}
		}
	}
	outlets := m.outlets()
	m.gauged.Store(&outlets)
}

// outlets returns those of all layouts.
func (m *Merger) outlets() (list []*outlet) {
	for _, l := range slices.Backward(m.layouts) {
		for _, o := range l.outlets {
			if !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	return list
}

// leave finishes the layouts that no row comes for any more.
func (m *Merger) leave() {
	for len(m.layouts) > 1 && m.layouts[0].users.Load() == 0 && !m.closed {
		m.retire()
	}
}

// retire finishes the oldest layout: files are ended at once, and the rest is done beside
// what goes on.
func (m *Merger) retire() {
	l := m.layouts[0]
	outlets := m.outlets()
	m.layouts = m.layouts[1:]
	m.list()
	var left []*target
	l.each(func(st *stream, t *target) {
		t.built += l.built[st.index].Load()
		if !slices.Contains(m.live, t) {
			left = append(left, t)
		}
	})
	for _, st := range m.streams {
		if st.joiner != nil {
			delete(st.joiner.encoders, l)
		}
	}
	kept := m.outlets()
	outlets = slices.DeleteFunc(outlets, func(o *outlet) bool { return slices.Contains(kept, o) })
	var jobs []handed
	for _, t := range left {
		if t.file == nil {
			continue
		}
		if t.file.rot != nil {
			t.file.rot.later = &jobs
		}
		if err := t.closeFile(m.clock); err != nil {
			m.failed = true // the file has reported it
		}
	}
	for _, t := range left {
		t.leaving = true
	}
	m.leaving = append(m.leaving, left...)
	m.closing.Go(func() {
		finish(jobs)
		var errs []error
		for _, t := range left {
			if t.file == nil {
				errs = append(errs, t.to.Close())
			}
		}
		for _, o := range outlets {
			if o.finisher != nil {
				o.finisher.close()
			}
			if o.started {
				errs = append(errs, o.Place.Close())
			}
			o.alarm.Close()
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, err := range errs {
			m.ended(err)
		}
		for _, t := range left {
			t.closed = true
			m.gone = merge(m.gone, t.stats())
		}
		m.leaving = slices.DeleteFunc(m.leaving, func(t *target) bool { return slices.Contains(left, t) })
	})
}

// handed is a file to be finished, and who does it.
type handed struct {
	by  *finisher
	job finishing
}

// finish hands files over, which may take as long as files before them.
func finish(jobs []handed) {
	for _, j := range jobs {
		j.by.add(j.job)
	}
}

// streamStats returns the counts of all targets, one for each log and output.
func (m *Merger) streamStats() []StreamStats {
	var list, late []StreamStats
	for _, t := range m.live {
		s := t.stats()
		for _, l := range m.layouts {
			if l.has(t) {
				s.Built += l.built[t.stream.index].Load()
			}
		}
		if m.layout().has(t) {
			list = append(list, s)
		} else {
			late = append(late, s)
		}
	}
	for _, s := range late {
		list = merge(list, s)
	}
	for _, t := range m.leaving {
		list = merge(list, t.stats())
	}
	for _, s := range m.gone {
		list = merge(list, s)
	}
	return list
}

// merge adds counts to those of the same log and output.
func merge(list []StreamStats, s StreamStats) []StreamStats {
	i := slices.IndexFunc(list, func(o StreamStats) bool { return o.Log == s.Log && o.Output == s.Output })
	if i < 0 {
		return append(list, s)
	}
	o := &list[i]
	o.Built += s.Built
	o.Written += s.Written
	o.Bytes += s.Bytes
	for why, n := range s.Dropped {
		o.Dropped[why] += n
	}
	for _, mark := range s.Marks {
		if j := slices.IndexFunc(o.Marks, func(x MarkCount) bool { return x.Name == mark.Name && x.Bad == mark.Bad }); j >= 0 {
			o.Marks = slices.Clone(o.Marks)
			o.Marks[j].Count += mark.Count
		} else {
			o.Marks = append(slices.Clip(o.Marks), mark)
		}
	}
	return list
}

// A Rotated stream has files that it can end before they are due.
type Rotated interface {
	// Rotate ends the files that are being written, and returns how many. It is called as
	// the methods of Stream are.
	Rotate() int
}

// Rotate ends the files that are being written of outputs that rotate them, as if they were
// due. It returns how many, and the names of outputs whose files are not rotated.
func (m *Merger) Rotate() (files int, without []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, nil
	}
	can := map[*outlet]bool{}
	var jobs []handed
	for _, t := range m.live {
		if t.outlet == nil {
			continue
		}
		can[t.outlet] = can[t.outlet] || t.file != nil && t.file.rot != nil
		if t.file == nil {
			if r, ok := t.to.(Rotated); ok {
				can[t.outlet] = true
				files += r.Rotate()
			}
			continue
		}
		if r := t.file.rot; r != nil && r.active {
			r.later = &jobs
			r.rotate(m.clock)
			r.later = nil
		}
	}
	files += len(jobs)
	m.closing.Go(func() { finish(jobs) })
	for o, yes := range can {
		if !yes {
			without = append(without, o.name())
		}
	}
	slices.Sort(without)
	return files, without
}

// A Marked stream can tell when its rows are safe, in whatever order they become so.
type Marked interface {
	// Mark returns a function that reports whether the rows of all Writes so far would
	// survive the end of the process: they are in a file that the next run goes on with, or
	// acknowledged, or counted as dropped. Mark and the function are called as the methods
	// of Stream are.
	Mark() (safe func() bool)
}

// Mark returns a function that reports whether all rows that are written so far are safe, as
// Marked has it, and whether none was lost since Mark. Rows of streams that are not Marked
// become safe in their order. Both may be called from any goroutine; while a Merge runs, which
// may wait for a place, Mark returns nil and the function false.
func (m *Merger) Mark() (check func() (safe, whole bool)) {
	if !m.mu.TryLock() {
		return nil
	}
	defer m.mu.Unlock()
	before := m.lost()
	pending := make(map[*target]func() bool)
	for _, t := range slices.Concat(m.live, m.leaving) {
		if pending[t] = nil; !t.leaving {
			pending[t] = t.mark()
		}
	}
	return func() (safe, whole bool) {
		if !m.mu.TryLock() {
			return false, false
		}
		defer m.mu.Unlock()
		maps.DeleteFunc(pending, func(t *target, safe func() bool) bool { return t.closed || !t.leaving && safe() })
		return len(pending) == 0, m.lost() == before
	}
}

// lost returns how many rows were lost.
func (m *Merger) lost() (n uint64) {
	for _, s := range m.streamStats() {
		n += s.Lost()
	}
	return n
}

// mark returns a function that reports whether the rows so far are safe.
func (t *target) mark() func() bool {
	if f := t.file; f != nil {
		before := f.taken
		return func() bool { return f.taken-f.pending >= before }
	}
	if s, ok := t.to.(Marked); ok {
		return s.Mark()
	}
	before := t.given
	return func() bool {
		s := t.stats()
		settled := s.Written - t.kept
		for _, n := range s.Dropped {
			settled += n
		}
		return settled >= before
	}
}
