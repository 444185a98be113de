package writers

import (
	"bytes"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// joined is the Joiner of a stream with what it needs to write rows.
type joined struct {
	schemas.Joiner
	encoders []RowEncoder // by target
	buf      []byte
	// clock is the time of the note whose rows are written.
	clock value.Time
	built uint64
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
	j := &joined{Joiner: joiner}
	for _, t := range st.targets {
		j.encoders = append(j.encoders, m.encoder(t, &j.clock))
	}
	j.emit = func(rec schemas.Record) {
		k := j.next(st)
		for i, t := range st.targets {
			j.buf = j.encoders[i].Append(j.buf[:0], rec)
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
	i := m.streamOf(rec.Schema())
	if i < 0 || m.closed {
		return
	}
	st := m.streams[i]
	if st.joiner == nil {
		st.joiner = m.newJoined(st, nil)
	}
	st.last = Key{Time: max(int64(now), st.last.Time), Class: ClassEnd}
	st.rows++
	st.joiner.clock = now
	st.joiner.emit(rec)
	for _, t := range st.targets {
		t.handOver()
	}
}

// next returns the key of the next row of st.
func (j *joined) next(st *stream) Key {
	j.built++
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
		for _, t := range st.targets {
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

// join passes a note to the joiner. Its rows get the key of the stream's last row, which is
// the note's unless that came late.
func (st *stream) join(note []byte) {
	if j := st.joiner; j != nil && j.lines != nil {
		j.lines.Join(note, j.emitLine)
	} else if j != nil {
		j.clock = value.Time(st.last.Time)
		j.Join(note, j.emit)
	}
}

// endJoin writes the rows that are left.
func (st *stream) endJoin() {
	if j := st.joiner; j != nil && j.lines == nil && j.Joiner != nil && st.rows > 0 {
		j.End(j.emit)
		for _, t := range st.targets {
			t.handOver()
		}
	}
}
