// Package arrow reads the rows of Arrow IPC streams and files, written by this or any
// other program, one batch at a time. A file is read as the stream that it contains.
package arrow

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
)

var (
	fileMagic   = []byte("ARROW1\x00\x00")
	fileEnd     = []byte("ARROW1")
	streamMagic = []byte{0xff, 0xff, 0xff, 0xff}
)

// MagicLen is the number of bytes that Is needs.
const MagicLen = 8

// Is reports whether a file begins like an Arrow file or stream.
func Is(head []byte) bool {
	return bytes.HasPrefix(head, fileMagic) || len(head) == MagicLen && bytes.HasPrefix(head, streamMagic) && binary.LittleEndian.Uint32(head[4:]) > 0
}

var (
	errCut     = errors.New("the end of the file is missing")
	errOld     = errors.New("it has the form of Arrow before version 0.15, which is not read")
	errDamaged = errors.New("the file is damaged")
)

// maxAlloc is the largest buffer that may be allocated, for a column of a batch.
const maxAlloc = 1 << 30

// A File reads the rows of a file. It implements row.File.
type File struct {
	schema  *schemas.Schema
	columns []*column // by field
	closer  io.Closer
	buf     *bufio.Reader
	in      *counting // reads buf
	r       *ipc.Reader
	// file means that the stream is inside a file, and an index of batches follows it.
	file bool

	batch arrow.Record
	// batches is the number of the batch and next that of its next row, both from 0.
	batches, next int
}

// Open opens the input r; Close closes it with c. The log is the one that the metadata
// names, or else log.
func Open(r *bufio.Reader, log string, c io.Closer) (f *File, err error) {
	defer trap(&err)
	f = &File{closer: c, buf: r, in: &counting{r: r}}
	if head, _ := r.Peek(MagicLen); bytes.Equal(head, fileMagic) {
		f.file = true
		if _, err := io.CopyN(io.Discard, f.in, MagicLen); err != nil {
			return nil, err
		}
		if !f.message() {
			return nil, errOld
		}
	}
	if f.r, err = ipc.NewReaderFromMessageReader(&messages{f.in}, ipc.WithAllocator(bounded{memory.NewGoAllocator()})); err != nil {
		return nil, cut(err)
	}
	all, err := columnsOf(f.r.Schema())
	if err != nil {
		return nil, err
	}
	meta := make(map[string]string)
	m := f.r.Schema().Metadata()
	for i, key := range m.Keys() {
		meta[key] = m.Values()[i]
	}
	columns := make([]row.Column, len(all))
	for i := range all {
		columns[i] = all[i].Column
	}
	s, at, err := row.Schema(log, meta, columns)
	if err != nil {
		return nil, err
	}
	f.schema = s
	for field, i := range at {
		all[i].kind = s.Fields[field].Kind
		f.columns = append(f.columns, all[i])
	}
	return f, nil
}

// trap turns a panic into an error, because the library trusts the contents of files.
func trap(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errDamaged, p)
	}
}

// cut explains an error at the end of the input.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// message reports whether the stream continues with another message.
func (f *File) message() bool {
	head, _ := f.buf.Peek(len(streamMagic))
	return bytes.Equal(head, streamMagic)
}

// Schema returns the log and its columns.
func (f *File) Schema() *schemas.Schema { return f.schema }

// Next reads a row.
func (f *File) Next(to *row.Row) (err error) {
	defer func() {
		var rowErr *row.Error
		if err != nil && err != io.EOF && !errors.As(err, &rowErr) {
			err = fmt.Errorf("batch %d, before byte %d: %w", f.batches+1, f.in.n, err)
		}
	}()
	defer trap(&err)
	for f.batch == nil || f.next == int(f.batch.NumRows()) {
		if err := f.nextBatch(); err != nil {
			return err
		}
	}
	i := f.next
	f.next++
	for field, c := range f.columns {
		if to.Values[field], err = c.value(i); err != nil {
			return &row.Error{Where: fmt.Sprintf("batch %d, row %d", f.batches+1, f.next), Err: fmt.Errorf("%s: %w", c.Name, err)}
		}
	}
	return nil
}

// nextBatch reads the next batch.
func (f *File) nextBatch() error {
	if f.batch != nil {
		f.batches++
	}
	f.batch, f.next = nil, 0
	if f.file && !f.message() {
		return f.end() // a stream inside a file needs no end mark
	}
	if !f.r.Next() {
		if err := f.r.Err(); err != nil {
			return cut(err)
		}
		return f.end()
	}
	rec := f.r.Record()
	if rec.NumRows() > maxAlloc {
		return fmt.Errorf("%w: %d rows in a batch", errDamaged, rec.NumRows())
	}
	for _, c := range f.columns {
		c.bind(rec)
	}
	f.batch = rec
	return nil
}

// end returns the error after the last row.
func (f *File) end() error {
	if !f.file {
		return io.EOF
	}
	f.in.last = make([]byte, 0, len(fileEnd))
	if _, err := io.Copy(io.Discard, f.in); err != nil {
		return err
	}
	if !bytes.Equal(f.in.last, fileEnd) {
		return errCut
	}
	return io.EOF
}

// Close closes the file.
func (f *File) Close() error {
	f.r.Release()
	return f.closer.Close()
}

// counting counts the bytes read.
type counting struct {
	r io.Reader
	n int64
	// last holds the last bytes read, up to its length.
	last []byte
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if room := cap(c.last); room > 0 {
		b := append(c.last, p[max(0, n-room):n]...)
		c.last = append(make([]byte, 0, room), b[max(0, len(b)-room):]...)
	}
	return n, err
}

// bounded is an allocator that refuses sizes that only a damaged file asks for.
type bounded struct{ memory.Allocator }

func (b bounded) Allocate(size int) []byte {
	check(size)
	return b.Allocator.Allocate(size)
}

func (b bounded) Reallocate(size int, buf []byte) []byte {
	check(size)
	return b.Allocator.Reallocate(size, buf)
}

func check(size int) {
	if size < 0 || size > maxAlloc {
		panic(fmt.Sprintf("a buffer of %d bytes", size))
	}
}
