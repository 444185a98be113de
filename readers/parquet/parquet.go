// Package parquet reads the rows of Parquet files, written by this or any other program,
// one row group after another and one page of each column at a time.
package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	writer "github.com/wirelog/wirelog/writers/parquet"
)

// Is reports whether a file begins like a Parquet file.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte("PAR1")) }

var (
	errDamaged = errors.New("the file is damaged")
	errNoEnd   = errors.New("the file has no footer, and so no rows that could be found: its end is missing")
)

// A File reads the rows of a file. It implements row.File.
type File struct {
	schema *schemas.Schema
	// leaves are the columns by their index in the file.
	leaves []*leaf
	groups []parquet.RowGroup
	closer io.Closer
	meta   map[string]string

	// rows are those of the current row group, whose number, from 1, is group; n rows
	// have been read.
	rows  parquet.Rows
	group int
	n     int64
	buf   [1]parquet.Row
	// cut is the number of bytes at the end that belong to no row group.
	cut int64
}

// Open opens a file of the given size; Close closes it with c. The log is the one that
// its metadata names, or else log. If the end of a file of this program is missing, its
// complete row groups are read.
func Open(r io.ReaderAt, size int64, log string, c io.Closer) (f *File, err error) {
	defer trap(&err)
	options := []parquet.FileOption{parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)}
	f = &File{closer: c}
	in, err := parquet.OpenFile(r, size, options...)
	if err != nil {
		end, _, findErr := writer.LastFooter(r, size)
		if findErr != nil {
			return nil, findErr
		}
		if end == 0 {
			return nil, fmt.Errorf("%w (%w)", errNoEnd, err)
		}
		f.cut = size - end
		if in, err = parquet.OpenFile(r, end, options...); err != nil {
			return nil, err
		}
	}
	f.groups = in.RowGroups()
	meta := make(map[string]string)
	for _, kv := range in.Metadata().KeyValueMetadata {
		meta[kv.Key] = kv.Value
	}
	f.meta = meta
	if f.leaves, err = leavesOf(in.Root()); err != nil {
		return nil, err
	}
	columns := make([]row.Column, len(f.leaves))
	for i, l := range f.leaves {
		columns[i] = l.Column
	}
	s, at, err := row.Schema(log, meta, columns)
	if err != nil {
		return nil, err
	}
	f.schema = s
	for field, i := range at {
		f.leaves[i].field, f.leaves[i].kind = field, s.Fields[field].Kind
	}
	return f, nil
}

// trap turns a panic into an error, because the library trusts the contents of files.
func trap(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errDamaged, p)
	}
}

// Meta returns the metadata of the file.
func (f *File) Meta() map[string]string { return f.meta }

// Flat reports whether a column's own name has a dot, as without structs.
func (f *File) Flat() bool {
	return slices.ContainsFunc(f.leaves, func(l *leaf) bool { return l.flat })
}

// Schema returns the log and its columns.
func (f *File) Schema() *schemas.Schema { return f.schema }

// Next reads a row.
func (f *File) Next(to *row.Row) (err error) {
	defer func() {
		var rowErr *row.Error
		if err != nil && err != io.EOF && !errors.As(err, &rowErr) {
			err = fmt.Errorf("row group %d of %d, after %d rows: %w", f.group, len(f.groups), f.n, err)
		}
	}()
	defer trap(&err)
	for {
		if f.rows == nil {
			if f.group == len(f.groups) {
				return f.end()
			}
			f.rows, f.n = f.groups[f.group].Rows(), 0
			f.group++
		}
		n, err := f.rows.ReadRows(f.buf[:])
		if n == 1 {
			f.n++
			return f.take(f.buf[0], to)
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		if err != io.EOF {
			return err
		}
		if want := f.groups[f.group-1].NumRows(); f.n != want {
			return fmt.Errorf("%w: it has %d rows by the footer", errDamaged, want)
		}
		err, f.rows = f.rows.Close(), nil
		if err != nil {
			return err
		}
	}
}

// end returns the error after the last row.
func (f *File) end() error {
	if f.cut == 0 {
		return io.EOF
	}
	n := f.cut
	f.cut = 0
	return fmt.Errorf("the end of the file is missing: its last %d bytes are no whole row group", n)
}

// take sets the values of a row.
func (f *File) take(values parquet.Row, to *row.Row) error {
	clear(to.Values)
	have := 0
	for i := 0; i < len(values); {
		l := f.leaves[values[i].Column()]
		first := i
		for i++; i < len(values) && values[i].Column() == values[first].Column(); i++ {
		}
		v, err := l.value(values[first:i])
		if err != nil {
			return &row.Error{Where: fmt.Sprintf("row group %d, row %d", f.group, f.n), Err: fmt.Errorf("%s: %w", l.Name, err)}
		}
		to.Values[l.field] = v
		have++
	}
	if have != len(f.leaves) {
		return fmt.Errorf("%w: %d of %d columns have that many rows", errDamaged, have, len(f.leaves))
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error {
	var err error
	if f.rows != nil {
		err = f.rows.Close()
		f.rows = nil
	}
	return errors.Join(err, f.closer.Close())
}
