// Package readers reads logs back: Zeek's TSV with the types of its header, and
// Zeek's JSON with the types of this build's logs, or what can be told from the
// values. Files may be compressed with gzip or zstd.
package readers

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/wirelog/wirelog/schemas"
)

// Formats of files.
const (
	TSV  = "tsv"
	JSON = "json"
)

// MaxLine is the length of the longest line that is read.
const MaxLine = 16 << 20

// A File is a file of the rows of one log.
type File struct {
	// Path is the file's, Format what was found in it.
	Path, Format string
	// Schema has the log's name and columns as they are in the file, none optional.
	Schema *schemas.Schema

	lines *lines
	rows  rowReader
}

// rowReader reads the row in a line, which it leaves in row.
type rowReader interface {
	// read reports false for a line that is no row.
	read(line []byte, row *Row) (ok bool, err error)
}

// A RowError is what is wrong with one row. The rows after it can be read.
type RowError struct {
	Path string
	Line int
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *RowError) Unwrap() error { return e.Err }

// ErrEmpty is the error of a file without rows or header, whose log nothing tells.
var ErrEmpty = errors.New("the file is empty")

// Open finds out what is in a file; Next opens it for the rows. A JSON file is read
// through for that.
func Open(path string) (*File, error) {
	f := &File{Path: path}
	l, err := openLines(path)
	if err == nil {
		err = errors.Join(f.detect(l), l.Close())
	}
	if err != nil {
		return nil, f.wrap(err)
	}
	return f, nil
}

// wrap puts the file's path before an error, once.
func (f *File) wrap(err error) error {
	var row *RowError
	if errors.As(err, &row) {
		row.Path = f.Path
		return row
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

func (f *File) detect(l *lines) error {
	first, err := l.peek()
	switch {
	case err != nil:
	case first == '#':
		f.Format = TSV
		f.Schema, f.rows, err = openTSV(l, LogName(f.Path))
	case first == '{':
		f.Format = JSON
		f.Schema, f.rows, err = openJSON(l, LogName(f.Path))
	default:
		err = errors.New("neither a log in Zeek's TSV, which begins with #separator, nor one in JSON")
	}
	return err
}

// Next reads a row. Its error is io.EOF at the end, a *RowError if a row is wrong, and
// otherwise one of the file, which ends it.
func (f *File) Next() (*Row, error) {
	if f.lines == nil {
		var err error
		if f.lines, err = openLines(f.Path); err != nil {
			return nil, f.wrap(err)
		}
	}
	row := &Row{schema: f.Schema}
	for {
		line, err := f.lines.next()
		switch {
		case err == io.EOF:
			return nil, io.EOF
		case errors.Is(err, errLong):
			return nil, &RowError{f.Path, f.lines.number, err}
		case err != nil:
			return nil, fmt.Errorf("%s:%d: %w", f.Path, f.lines.number, err)
		}
		row.values = row.values[:0]
		ok, err := f.rows.read(line, row)
		if err != nil {
			return nil, &RowError{f.Path, f.lines.number, err}
		}
		if ok {
			return row, nil
		}
	}
}

// Close closes the file; Next then begins at its start.
func (f *File) Close() error {
	if f.lines == nil {
		return nil
	}
	err := f.lines.Close()
	f.lines = nil
	return err
}

// LogName is the log that a file is named after, in any of the ways that Zeek,
// zeekctl and RITA name files: conn.log, conn.14:00:00-15:00:00.log.gz,
// conn_20260116_14:00:00.log, json_streaming_conn.log, also of one that is rotated.
func LogName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	name = strings.TrimPrefix(name, "json_streaming_")
	// What follows the log's name begins with a digit: _20260116, -2.
	for i := 1; i+1 < len(name); i++ {
		if c := name[i+1]; (name[i] == '_' || name[i] == '-') && c >= '0' && c <= '9' && schemas.Lookup(name) == nil {
			return name[:i]
		}
	}
	return name
}

// IsLog reports whether a file has the name of a log.
func IsLog(path string) bool {
	name := filepath.Base(path)
	for _, ext := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, ext)
	}
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".log") || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson"))
}

var errLong = fmt.Errorf("the line is longer than %d bytes", MaxLine)

// lines reads the lines of a file that may be compressed.
type lines struct {
	file   *os.File
	close  func() error
	r      *bufio.Reader
	long   []byte
	number int // of the line that was read last
}

func openLines(path string) (*lines, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	l := &lines{file: file, r: bufio.NewReaderSize(file, 256<<10)}
	magic, _ := l.r.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(l.r)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		l.r, l.close = bufio.NewReaderSize(z, 256<<10), z.Close
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(l.r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		l.r = bufio.NewReaderSize(z, 256<<10)
		l.close = func() error {
			z.Close()
			return nil
		}
	}
	return l, nil
}

// peek returns the first byte.
func (l *lines) peek() (byte, error) {
	b, err := l.r.Peek(1)
	if err == io.EOF {
		return 0, ErrEmpty
	}
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// next returns the next line, without its newline, valid until the next call.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	l.number++
	if err == bufio.ErrBufferFull {
		l.long = l.long[:0]
		for err == bufio.ErrBufferFull {
			if len(l.long) < MaxLine {
				l.long = append(l.long, line...)
			}
			line, err = l.r.ReadSlice('\n')
		}
		line = append(l.long, line...)
		if err == nil && len(line) > MaxLine {
			return nil, errLong
		}
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

func (l *lines) Close() error {
	var err error
	if l.close != nil {
		err = l.close()
	}
	return errors.Join(err, l.file.Close())
}
