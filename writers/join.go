package writers

import (
	"bytes"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// joined is the Joiner of a stream with what it needs to write rows.
type joined struct {
	schemas.Joiner
	// layout is that of the note whose rows are written, encoders those for its targets.
	layout   *layout
	encoders map[*layout][]RowEncoder
	buf      []byte
	// clock is the time of the note whose rows are written.
	clock value.Time
	// key is that of the last row. Rows of the same cause are numbered from firstJoined on,
	// above all other rows.
	key  Key
	emit func(schemas.Record)
	// lines and emitLine take the place of Joiner and emit in a stream of lines.
	lines    LineJoiner
	emitLine func([]byte)
}

const firstJoined = 1 << 31

// addJoiner gives st its joiner, if it has one.
func (m *Merger) addJoiner(st *stream) {
	newJoiner := m.cfg.Joiners[st.schema.Name]
	if newJoiner == nil {
		return
	}
	st.joiner = m.newJoined(st, newJoiner())
}

// newJoined returns what makes rows of st behind the merge. Without a Joiner they are only
// those of Merger.Emit.
func (m *Merger) newJoined(st *stream, joiner schemas.Joiner) *joined {
	j := &joined{Joiner: joiner, encoders: map[*layout][]RowEncoder{}}
	j.emit = func(rec schemas.Record) {
		k, l := j.next(st), j.layout
		encoders, ok := j.encoders[l]
		if !ok {
			for i, t := range l.targets[st.index] {
				encoders = append(encoders, m.encoder(t, l.views[st.index][i], &j.clock))
			}
			j.encoders[l] = encoders
		}
		for i, t := range l.targets[st.index] {
			j.buf = encoders[i].Append(j.buf[:0], rec)
			row := j.buf
			if t.file == nil {
				row = bytes.Clone(row) // the place gets it later
			}
			t.write(&k, row)
		}
	}
	return j
}

// Emit writes a record of the run itself, which no shard has built. It may be called from any
// goroutine. now is the time by which files are rotated.
func (m *Merger) Emit(now value.Time, rec schemas.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.emit(now, rec)
}

// TryEmit is Emit if no Merge is running, which may wait for a place.
func (m *Merger) TryEmit(now value.Time, rec schemas.Record) bool {
	if !m.mu.TryLock() {
		return false
	}
	defer m.mu.Unlock()
	m.emit(now, rec)
	return true
}

func (m *Merger) emit(now value.Time, rec schemas.Record) {
	i := m.streamOf(rec.Schema())
	if i < 0 || m.closed {
		return
	}
	st, l := m.streams[i], m.layout()
	if len(l.targets[i]) == 0 {
		return
	}
	if st.joiner == nil {
		st.joiner = m.newJoined(st, nil)
	}
	st.last = Key{Time: max(int64(now), st.last.Time), Class: ClassEnd}
	st.rows++
	st.joiner.clock, st.joiner.layout = now, l
	st.joiner.emit(rec)
	for _, t := range l.targets[i] {
		t.handOver()
	}
}

// next returns the key of the next row of st.
func (j *joined) next(st *stream) Key {
	j.layout.built[st.index].Add(1)
	k := st.last
	if k.Seq = firstJoined; k.Time == j.key.Time && k.Num == j.key.Num && k.Class == j.key.Class {
		k.Seq = j.key.Seq + 1
	}
	j.key = k
	return k
}

// addLineJoiner gives a stream of lines its joiner, if it has one.
func (st *stream) addLineJoiner(l LineJoiner) {
	if l == nil {
		return
	}
	j := &joined{lines: l}
	j.emitLine = func(line []byte) {
		k := j.next(st)
		j.buf = append(append(j.buf[:0], line...), '\n')
		for _, t := range j.layout.targets[st.index] {
			row := j.buf
			if t.file == nil {
				row = bytes.Clone(row) // the place gets it later
			}
			t.write(&k, row)
		}
	}
	st.joiner = j
}

// limits returns the limits that were hit, by name.
func (j *joined) limits() map[string]uint64 {
	if j.lines != nil {
		return j.lines.Limited()
	}
	if j.Joiner == nil {
		return nil
	}
	name, n := j.Limited()
	return map[string]uint64{name: n}
}

// join passes a note that was taken for l to the joiner. Its rows get the key of the stream's
// last row, which is the note's unless that came late.
func (st *stream) join(l *layout, note []byte) {
	j := st.joiner
	if j == nil {
		return
	}
	j.layout = l
	if j.lines != nil {
		j.lines.Join(note, j.emitLine)
	} else {
		j.clock = value.Time(st.last.Time)
		j.Join(note, j.emit)
	}
}

// endJoin writes the rows that are left to l.
func (st *stream) endJoin(l *layout) {
	if j := st.joiner; j != nil && j.lines == nil && j.Joiner != nil && st.rows > 0 {
		j.layout = l
		j.End(j.emit)
		for _, t := range l.targets[st.index] {
			t.handOver()
		}
	}
}
