package parquet

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/columns"
)

const (
	hour = int64(time.Hour)
	// maxParts is how many hours of a log may be open with partitions by event time.
	maxParts = 8
)

// markUnfinished names a mark.
const markUnfinished = "files not finished"

// stream is one log.
type stream struct {
	place  *Place
	info   writers.StreamInfo
	layout *layout
	meta   []columnar.Pair
	ts     int // the field that sets the partition, or -1 for the time of writing
	clock  clock
	parts  []*part
	turn   uint64 // incremented at each use of a part
	seq    int
	spare  *rowGroup // row group of an ended part, for reuse
	// unnamed are complete files that could not be given their names.
	unnamed []*file
}

// A part is one hour of a log: a row group in memory and the file for it.
type part struct {
	stream *stream
	hour   int64 // hours since the epoch
	used   uint64
	group  *rowGroup
	added  uint64 // rows
	// charged is the part's share of Place.used.
	charged int64
	// pending is a segment that could not be written yet.
	pending *segment
	file    *file // nil until the first segment
	ticked  time.Time
}

var (
	_ writers.Rotated = (*stream)(nil)
	_ writers.Marked  = (*stream)(nil)
)

func newStream(p *Place, info writers.StreamInfo) *stream {
	s := &stream{place: p, info: info, layout: newLayout(info.Schema, p.settings.Flat), meta: columnar.Metadata(info.Schema, info.Sensor, info.Version), ts: -1}
	s.meta = append(s.meta, p.settings.Meta...)
	s.clock.Next = s.clock.next
	if p.settings.Partition == byEventTime {
		s.ts = slices.IndexFunc(info.Schema.Fields, func(f schemas.Field) bool {
			return f.Name == "ts" && f.Kind == schemas.KindTime && f.Container == schemas.Scalar
		})
	}
	return s
}

// Write adds rows and writes full row groups.
func (s *stream) Write(rows []writers.Row) {
	for i := range rows {
		t := s.partOf(&rows[i])
		t.added++
		if err := t.group.add(rows[i].Data); err != nil {
			t.discard(err)
		} else if t.group.size >= s.place.settings.RowGroup {
			t.flush()
		}
	}
	for _, t := range s.parts {
		if err := t.group.batch(); err != nil {
			t.discard(err)
		}
		t.charge()
	}
	s.place.shrink()
}

// partOf returns the part of a row. It ends another one if there are too many.
func (s *stream) partOf(r *writers.Row) *part {
	at := r.Key.Time
	if s.ts >= 0 {
		if t, ok := s.clock.of(r.Data, s.ts); ok {
			at = int64(t)
		}
	}
	if at <= 0 {
		at = s.place.env.Now().UnixNano()
	}
	h := at / hour
	s.turn++
	for _, t := range s.parts {
		if t.hour == h {
			t.used = s.turn
			return t
		}
	}
	most := 1
	if s.ts >= 0 {
		most = maxParts
	}
	if len(s.parts) >= most {
		s.end(slices.MinFunc(s.parts, func(a, b *part) int { return cmp.Compare(a.used, b.used) }))
	}
	t := &part{stream: s, hour: h, used: s.turn, group: s.spare}
	if t.group == nil {
		t.group = newRowGroup(s.layout)
	}
	s.spare = nil
	s.parts = append(s.parts, t)
	return t
}

// end writes and finishes a part.
func (s *stream) end(t *part) {
	t.flush()
	t.retry()
	if t.pending != nil {
		t.drop()
	}
	t.finish()
	s.parts = slices.DeleteFunc(s.parts, func(o *part) bool { return o == t })
	s.spare = t.group
}

// Tick ends files by age and retries what has failed.
func (s *stream) Tick(now time.Time) {
	s.publish()
	for _, t := range slices.Clone(s.parts) {
		t.retry()
		if t.ticked.IsZero() {
			t.ticked = now
		}
		if age := s.place.settings.FileAge; age > 0 && now.Sub(t.ticked) >= age {
			s.end(t)
		}
	}
}

// Rotate implements writers.Rotated.
func (s *stream) Rotate() (files int) {
	for _, t := range slices.Clone(s.parts) {
		if t.file != nil || t.group.rows > 0 || t.pending != nil {
			files++
		}
		s.end(t)
	}
	return files
}

// Mark implements writers.Marked: row groups that were written are found by the next run.
func (s *stream) Mark() (safe func() bool) {
	before := map[*part]uint64{}
	for _, t := range s.parts {
		before[t] = t.added
	}
	return func() bool {
		for _, t := range s.parts {
			waiting := t.group.rows
			if t.pending != nil {
				waiting += t.pending.rows
			}
			if n, ok := before[t]; ok && t.added-waiting < n {
				return false
			}
		}
		return true
	}
}

// Flush does nothing: small row groups would slow every reader.
func (s *stream) Flush() {}

// Close finishes all files.
func (s *stream) Close() error {
	for len(s.parts) > 0 {
		s.end(s.parts[0])
	}
	s.publish()
	if len(s.unnamed) == 0 {
		return nil
	}
	s.info.Counts.Mark(markUnfinished, true).Add(uint64(len(s.unnamed)))
	for _, f := range s.unnamed {
		_ = f.f.Close() // it has been synced
	}
	return fmt.Errorf("%s: unfinished files are in %s; the next run finishes them",
		s.info.Log, filepath.Join(s.place.settings.Root, openDir))
}

// charge updates the place's account of the part's memory.
func (t *part) charge() {
	size := t.group.size
	if t.pending != nil {
		size += int64(len(t.pending.data))
	}
	t.stream.place.used += size - t.charged
	t.charged = size
	if from := t.group.sink.from; from.Saturated > 0 {
		t.stream.info.Counts.Mark(columns.MarkSaturated, false).Add(from.Saturated)
		from.Saturated = 0
	}
}

// discard drops the row group after a row could not be added.
func (t *part) discard(err error) {
	t.stream.place.fail(t.stream.info.Log, fmt.Errorf("%s: %w", t.stream.info.Log, err))
	t.stream.info.Counts.Dropped(writers.DropWrite, t.group.rows)
	t.group.discard()
	t.charge()
}

// flush writes the row group. If that fails, the segment waits; one that waits already
// is dropped if it fails again.
func (t *part) flush() {
	if t.group.rows == 0 {
		return
	}
	rows := t.group.rows
	place := t.stream.place
	t.group.out.data, place.buf = place.buf[:0], nil
	s, err := t.group.finish()
	if err != nil {
		t.group.rows = rows
		t.discard(err)
		return
	}
	t.retry()
	if t.pending != nil {
		t.drop()
	}
	if t.write(s) {
		place.buf = s.data
	} else {
		waiting := *s
		t.pending = &waiting
	}
	t.group.reset()
	t.charge()
}

// retry writes the pending segment.
func (t *part) retry() {
	if t.pending != nil && t.write(t.pending) {
		t.pending = nil
		t.charge()
	}
}

// drop gives up the pending segment.
func (t *part) drop() {
	why := writers.DropWrite
	if t.file == nil || t.file.f == nil {
		why = writers.DropOpen
	}
	t.stream.info.Counts.Dropped(why, t.pending.rows)
	t.pending = nil
	t.charge()
}

// write appends a segment to the file, and finishes the file if it is large enough.
func (t *part) write(s *segment) bool {
	st := t.stream
	if t.file != nil && t.file.f != nil && t.file.removed() {
		st.lose(t.file)
		t.file = nil
	}
	if t.file == nil {
		t.file = &file{root: st.place.settings.Root, name: st.newName(t.hour), meta: st.meta, env: &st.place.env}
	}
	before := t.file.off
	if err := t.file.append(s); err != nil {
		st.place.fail(st.info.Log, err)
		return false
	}
	st.place.env.Alarm.OK(st.info.Log)
	st.info.Counts.Wrote(s.rows)
	st.info.Counts.Bytes(uint64(t.file.off - before))
	if most := st.place.settings.FileSize; most > 0 && t.file.off >= most {
		t.finish()
	}
	return true
}

// lose counts the rows of a file that was removed by others.
func (s *stream) lose(f *file) {
	s.place.env.Report(fmt.Errorf("%s: %w", hidden(f.root, f.name), errRemoved))
	s.info.Counts.Unwrote(writers.DropRemoved, f.rows)
	_ = f.f.Close()
}

// finish ends the file.
func (t *part) finish() {
	if f := t.file; f != nil && f.f != nil {
		t.stream.unnamed = append(t.stream.unnamed, f)
		t.stream.publish()
	}
	t.file, t.ticked = nil, time.Time{}
}

// publish gives complete files their names.
func (s *stream) publish() {
	s.unnamed = slices.DeleteFunc(s.unnamed, func(f *file) bool {
		if f.removed() {
			s.lose(f)
			return true
		}
		err := f.f.Sync()
		if err == nil {
			_, err = publish(f.root, hidden(f.root, f.name), f.name, f.env, s.place.claim)
		}
		if err != nil {
			s.place.fail(s.info.Log, fmt.Errorf("%s is not finished: %w", hidden(f.root, f.name), err))
			return false
		}
		if err := f.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			s.place.fail(s.info.Log, err)
		}
		return true
	})
}

// newName returns an unused name in the tree.
func (s *stream) newName(h int64) string {
	day := time.Unix(0, h*hour).UTC()
	run := cmp.Or(s.place.env.RunID, s.place.env.Now().UTC().Format("20060102T150405Z"))
	for {
		name := fmt.Sprintf("%s/date=%s/hour=%s/%s-%s-%s-%04d%s", s.info.Log, day.Format("2006-01-02"), day.Format("15"),
			s.info.Log, plain(s.place.env.Sensor), run, s.seq, fileExt)
		s.seq++
		_, err1 := os.Lstat(filepath.Join(s.place.settings.Root, filepath.FromSlash(name)))
		_, err2 := os.Lstat(hidden(s.place.settings.Root, name))
		if err1 != nil && err2 != nil {
			return name
		}
	}
}

// plain turns the name of a sensor into one that all file systems and Hadoop accept.
func plain(sensor string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		}
		return '_'
	}, sensor)
}
