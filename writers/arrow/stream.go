package arrow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/columns"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

// maxPending is how many bytes of batches wait for a file that cannot be written.
const maxPending = 4 << 20

// markUnfinished names a mark.
const markUnfinished = "files not finished"

var (
	endOfStream = []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	errRemoved  = errors.New("the file was removed or replaced while it was written")
	errTorn     = errors.New("it cannot be continued after an error")
)

// stream is one log.
type stream struct {
	place *Place
	info  writers.StreamInfo
	path  string
	// direct means that the file is written in place and cannot be truncated.
	direct, torn bool

	memory *recycler
	batch  *batch
	// w encodes batches into out; begin is what precedes the first batch.
	w     *ipc.Writer
	out   bytes.Buffer
	begin []byte

	f    *os.File
	off  int64
	rows uint64 // in the file
	// pending are batches that could not be written yet.
	pending      []encoded
	pendingBytes int
	spare        []byte // buffer of a written batch, for the next one
}

// encoded is a batch in the stream format.
type encoded struct {
	data []byte
	rows uint64
}

func newStream(p *Place, info writers.StreamInfo) (*stream, error) {
	s := &stream{place: p, info: info, path: p.settings.file(info.Log), direct: p.settings.direct(), memory: newRecycler()}
	s.batch = newBatch(info.Schema, p.settings.Flat, columnar.Metadata(info.Schema, info.Sensor, info.Version), s.memory)
	empty := ipc.NewWriter(&s.out, p.settings.options(ipc.WithSchema(s.batch.schema))...)
	if err := empty.Close(); err != nil {
		return nil, err
	}
	s.begin = bytes.Clone(bytes.TrimSuffix(s.out.Bytes(), endOfStream))
	s.encodeAnew()
	return s, nil
}

// encodeAnew creates a new encoder.
func (s *stream) encodeAnew() {
	s.out.Reset()
	s.w = ipc.NewWriter(&s.out, s.place.settings.options(ipc.WithSchema(s.batch.schema), ipc.WithAllocator(s.memory))...)
}

// Write adds rows and writes full batches.
func (s *stream) Write(rows []writers.Row) {
	for i := range rows {
		if err := s.batch.add(rows[i].Data); err != nil {
			s.discard(err)
		} else if s.batch.size >= s.place.settings.Batch {
			s.flush()
		}
	}
}

// discard drops the batch after a row could not be added.
func (s *stream) discard(err error) {
	s.place.fail(s.info.Log, fmt.Errorf("%s: %w", s.info.Log, err))
	s.info.Counts.Dropped(writers.DropWrite, uint64(s.batch.rows))
	s.batch = newBatch(s.info.Schema, s.place.settings.Flat, columnar.Metadata(s.info.Schema, s.info.Sensor, s.info.Version), s.memory)
	s.encodeAnew()
}

// flush encodes and writes the batch.
func (s *stream) flush() {
	if s.batch.rows == 0 {
		return
	}
	rec := s.batch.take()
	err := s.w.Write(rec)
	rows := uint64(rec.NumRows())
	rec.Release()
	if from := s.batch.from; from.Saturated > 0 {
		s.info.Counts.Mark(columns.MarkSaturated, false).Add(from.Saturated)
		from.Saturated = 0
	}
	if err != nil {
		s.batch.rows = int64(rows)
		s.discard(err)
		return
	}
	data := append(s.spare[:0], bytes.TrimPrefix(s.out.Bytes(), s.begin)...)
	s.spare = nil
	s.out.Reset()
	s.pending = append(s.pending, encoded{data, rows})
	s.pendingBytes += len(data)
	s.drain()
	for s.pendingBytes > maxPending {
		s.drop()
	}
}

// drop gives up the oldest pending batch.
func (s *stream) drop() {
	why := writers.DropWrite
	if s.f == nil {
		why = writers.DropOpen
	}
	s.info.Counts.Dropped(why, s.pending[0].rows)
	s.pendingBytes -= len(s.pending[0].data)
	s.pending = s.pending[1:]
}

// drain writes pending batches until one fails.
func (s *stream) drain() {
	for len(s.pending) > 0 {
		e := s.pending[0]
		if err := s.append(e.data); err != nil {
			s.place.fail(s.info.Log, fmt.Errorf("%s: %w", s.path, err))
			return
		}
		s.place.env.Alarm.OK(s.info.Log)
		s.rows += e.rows
		s.info.Counts.Wrote(e.rows)
		s.info.Counts.Bytes(uint64(len(e.data)))
		s.pendingBytes -= len(e.data)
		s.pending = slices.Delete(s.pending, 0, 1)
		s.spare = e.data
	}
}

// append writes data at the end of the file, and opens it if necessary. If it fails, the
// file is as before, or torn if that is impossible.
func (s *stream) append(data []byte) error {
	if s.torn {
		return errTorn
	}
	if s.f != nil && s.removed() {
		s.lose()
	}
	if s.f == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if s.off == 0 {
		data = append(s.begin[:len(s.begin):len(s.begin)], data...)
	}
	n, err := s.f.Write(data)
	if err == nil {
		s.off += int64(n)
		return nil
	}
	if s.direct {
		s.torn = true
		return err
	}
	_, seekErr := s.f.Seek(s.off, io.SeekStart)
	return errors.Join(err, s.f.Truncate(s.off), seekErr)
}

func (s *stream) open() (err error) {
	switch {
	case s.path == stdout:
		s.f = os.Stdout
		return nil
	case s.direct:
		s.f, err = os.OpenFile(s.path, os.O_WRONLY, 0)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), s.info.DirPerm()); err != nil {
		return err
	}
	f, err := os.OpenFile(hidden(s.path), os.O_RDWR|os.O_CREATE, s.info.Perm())
	if err != nil {
		return err
	}
	if errors.Is(lockfile.Lock(f), lockfile.ErrLocked) {
		return errors.Join(fmt.Errorf("%s: %w", hidden(s.path), lockfile.ErrLocked), f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return errors.Join(err, f.Close())
	}
	s.f, s.off, s.rows = f, 0, 0
	return nil
}

// removed reports whether the file is no longer at its path.
func (s *stream) removed() bool {
	if s.direct {
		return false
	}
	there, err := os.Stat(hidden(s.path))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	here, err := s.f.Stat()
	return err == nil && !os.SameFile(here, there)
}

// lose counts the rows of a file that was removed by others.
func (s *stream) lose() {
	s.place.env.Report(fmt.Errorf("%s: %w", hidden(s.path), errRemoved))
	s.info.Counts.Unwrote(writers.DropRemoved, s.rows)
	_ = s.f.Close()
	s.f, s.off, s.rows = nil, 0, 0
}

// Tick retries what has failed.
func (s *stream) Tick(time.Time) { s.drain() }

// Flush writes a batch of a stream. A file is read only when it is finished, and small
// batches would slow its readers.
func (s *stream) Flush() {
	if s.direct || s.place.settings.Form == FormStream {
		s.flush()
	}
}

// Close finishes the file. A named file is created even without rows.
func (s *stream) Close() error {
	s.flush()
	s.drain()
	for len(s.pending) > 0 {
		s.drop()
	}
	if s.f != nil && !s.direct && s.removed() {
		s.lose()
	}
	if s.f == nil && s.place.settings.Path == "" {
		return nil
	}
	err := s.append(endOfStream)
	if err == nil && !s.direct {
		s.place.claim.Add(filepath.Base(s.path))
		err = s.place.finish(s.f, hidden(s.path), s.path)
	}
	if s.f != nil && s.f != os.Stdout {
		if closeErr := s.f.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		s.info.Counts.Mark(markUnfinished, true).Add(1)
		if err == errTorn {
			return nil // the error before it was reported
		}
		return fmt.Errorf("%s is not finished: %w", s.path, err)
	}
	return nil
}

// finish turns a complete stream at the path from into the final file.
func (p *Place) finish(f *os.File, from, to string) error {
	if p.settings.Form == FormStream {
		return errors.Join(f.Sync(), os.Rename(from, to))
	}
	tmp := from + ".tmp"
	out, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, p.env.Perm())
	if err != nil {
		return err
	}
	err = errors.Join(p.convert(out, io.NewSectionReader(f, 0, math.MaxInt64)), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(tmp, to)
	}
	if err != nil {
		_ = os.Remove(tmp) // the stream still has everything
		return err
	}
	return os.Remove(from)
}

// convert copies the batches of a stream to a file.
func (p *Place) convert(out *os.File, in io.Reader) error {
	mem := newRecycler()
	r, err := ipc.NewReader(in, ipc.WithAllocator(mem))
	if err != nil {
		return err
	}
	defer r.Release()
	w, err := ipc.NewFileWriter(out, p.settings.options(ipc.WithSchema(r.Schema()), ipc.WithAllocator(mem))...)
	if err != nil {
		return err
	}
	for r.Next() {
		if err := w.Write(r.Record()); err != nil {
			return err
		}
	}
	return errors.Join(r.Err(), w.Close())
}

// wholeBatches returns where the last complete batch of a stream ends, and the number of
// batches.
func wholeBatches(f *os.File) (end int64, batches int, err error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	in := &counting{r: io.NewSectionReader(f, 0, fi.Size())}
	r := ipc.NewMessageReader(in)
	defer r.Release()
	defer func() {
		if recover() != nil { // the library panics on wrong lengths
			err = nil
		}
	}()
	for {
		m, err := r.Message()
		if err != nil {
			return end, batches, nil // the rest is torn or missing
		}
		if m.Type() == ipc.MessageRecordBatch {
			batches++
		}
		end = in.n
	}
}

// counting counts the bytes read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
