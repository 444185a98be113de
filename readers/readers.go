// Package readers reads logs in any of the formats that this program writes: Zeek's TSV,
// with the types of its header; Parquet and Arrow, with those of their metadata; and
// Zeek's JSON, with the types of this build's logs, or else those that the values
// suggest. Lines and Arrow may be compressed with gzip or zstd.
//
// A value that is not of the type of its column is an error that names file and line,
// never an unset value.
//
// Each columnar format has its own package below this one, which imports its library.
// Package row has the rows and values that all of them make.
package readers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/wirelog/wirelog/readers/arrow"
	"github.com/wirelog/wirelog/readers/parquet"
	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
)

// Formats of files.
const (
	formatTSV     = "tsv"
	formatJSON    = "json"
	formatParquet = "parquet"
	formatArrow   = "arrow"
)

// A File is a file with rows of one log or of several.
type File struct {
	// Path is the path of the file, Format its format: "tsv", "json", "parquet" or "arrow".
	Path, Format string
	// Meta is the metadata of a Parquet file. Flat means that its columns have dotted
	// names instead of being in structs.
	Meta map[string]string
	Flat bool

	input  input
	tables []*table
	// open starts to read the rows of a source, and closes it at the end.
	open func(*source) (rowReader, error)
	// rows is nil until the first row is read.
	rows rowReader
	// into has the rows of a Union by the schemas of tables.
	into  map[*schemas.Schema]*placed
	notes notes
}

// A rowReader reads the rows of a file. Next is as that of File.
type rowReader interface {
	Next() (*row.Row, error)
	Close() error
}

// oneRow is the rowReader of a file of one log.
type oneRow struct {
	row.Reader
	row *row.Row
}

func (r *oneRow) Next() (*row.Row, error) {
	if err := r.Reader.Next(r.row); err != nil {
		return nil, err
	}
	return r.row, nil
}

// Logs returns the logs in the file, in the order in which they begin, each with its
// columns as they are in the file, none of them optional. Names of columns with another
// separator than Zeek's dot, such as id_orig_h, have the dot.
func (f *File) Logs() []*schemas.Schema {
	var list []*schemas.Schema
	for _, t := range f.tables {
		list = append(list, t.schema)
	}
	return list
}

// Notes returns what is worth saying about the file besides errors, such as what reading
// it has assumed. It is complete when all rows have been read.
func (f *File) Notes() []string {
	var list []string
	for i, text := range f.notes.texts {
		if n := f.notes.counts[i]; n > 0 {
			text = fmt.Sprintf("%s: %d", text, n)
		}
		list = append(list, f.Path+": "+text)
	}
	return list
}

// ErrEmpty is the error for a file without rows or header, whose log is unknown.
var ErrEmpty = errors.New("the file is empty")

var (
	errUnknown    = errors.New("neither a log in Zeek's TSV, which begins with #separator, nor one in JSON, Parquet or Arrow")
	errCompressed = errors.New("a Parquet file that was compressed as a whole: decompress it first")
	errLog        = errors.New("which log is it? Nothing in it says so")
)

// Open detects the format and columns of a file; Next then reads its rows. A file of lines
// is read completely for that, and standard input, whose path is Stdin, is copied to a
// temporary file. The log is the one that the file names, else log, else the one that it
// is named after.
func Open(path, log string) (*File, error) {
	f := &File{Path: path, input: input{path: path}}
	if path == Stdin {
		f.Path = "standard input"
		if err := f.input.keep(os.Stdin); err != nil {
			return nil, f.wrap(err)
		}
	} else if log == "" {
		log = logName(path)
	}
	s, err := f.input.open()
	if err == nil {
		err = errors.Join(f.detect(s, log), s.Close())
	}
	for _, t := range f.tables {
		if err == nil && t.schema.Name == "" {
			err = errLog
		}
	}
	if err != nil {
		return nil, f.wrap(err)
	}
	return f, nil
}

// wrap puts the file's path before an error unless it is there already.
func (f *File) wrap(err error) error {
	var rowErr *row.Error
	if errors.As(err, &rowErr) {
		rowErr.Path = f.Path
		return rowErr
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

// detect finds the format and the columns, and sets how rows are read.
func (f *File) detect(s *source, log string) error {
	head, err := s.r.Peek(s.r.Size())
	if len(head) == 0 {
		if err == io.EOF {
			return ErrEmpty
		}
		return err
	}
	magic := head[:min(len(head), arrow.MagicLen)]
	switch {
	case parquet.Is(magic) && s.compressed:
		return errCompressed
	case parquet.Is(magic):
		return f.detectColumns(s, formatParquet, func(s *source) (row.File, error) { return parquet.Open(s.at, s.size, log, s) })
	case arrow.Is(magic):
		return f.detectColumns(s, formatArrow, func(s *source) (row.File, error) { return arrow.Open(s.r, log, s) })
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	switch {
	case len(head) == 0 && err == io.EOF:
		return ErrEmpty
	case len(head) > 0 && (head[0] == '#' || head[0] == '{' || head[0] == '['):
		return f.detectLines(s, log, head[0])
	}
	return errUnknown
}

// detectColumns is detect for columnar formats.
func (f *File) detectColumns(s *source, format string, open func(*source) (row.File, error)) error {
	f.Format = format
	r, err := open(s)
	if err != nil {
		return err
	}
	if p, ok := r.(*parquet.File); ok {
		f.Meta, f.Flat = p.Meta(), p.Flat()
	}
	t := tableOf(r.Schema())
	f.tables = []*table{t}
	f.open = func(s *source) (rowReader, error) {
		r, err := open(s)
		return &oneRow{r, t.row()}, err
	}
	return nil
}

// detectLines is detect for formats of lines. It goes by the first byte.
func (f *File) detectLines(s *source, log string, first byte) (err error) {
	var format lineFormat
	l := lines{r: s.r}
	if first == '#' {
		f.Format = formatTSV
		f.tables, format, err = openTSV(&l, log, &f.notes)
	} else {
		f.Format = formatJSON
		f.tables, format, err = openJSON(&l, log, &f.notes)
	}
	f.open = func(s *source) (rowReader, error) {
		return &lineReader{lines: lines{r: s.r}, format: format, source: s}, nil
	}
	return err
}

// Next reads a row, which is valid until the next call. The error is io.EOF at the end,
// a *row.Error if the row is wrong, or else an error of the file, which ends it.
func (f *File) Next() (*row.Row, error) {
	if f.rows == nil {
		s, err := f.input.open()
		if err != nil {
			return nil, f.wrap(err)
		}
		if f.rows, err = f.open(s); err != nil {
			return nil, f.wrap(errors.Join(err, s.Close()))
		}
	}
	r, err := f.rows.Next()
	if err != nil {
		if err == io.EOF {
			return nil, err
		}
		return nil, f.wrap(err)
	}
	if p := f.into[r.Schema()]; p != nil {
		return p.take(r), nil
	}
	return r, nil
}

// Close closes the file. After it, Next starts from the beginning.
func (f *File) Close() error {
	if f.rows == nil {
		return nil
	}
	err := f.rows.Close()
	f.rows = nil
	return err
}
