package readers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/wirelog/wirelog/readers/row"
)

// maxLine is the length of the longest line that can be read.
const maxLine = 16 << 20

var errLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

// lines reads the lines of a file.
type lines struct {
	r      *bufio.Reader
	long   []byte
	number int // of the line read last
}

// next returns the next line, without its newline, valid until the next call.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	l.number++
	if err == bufio.ErrBufferFull {
		l.long = l.long[:0]
		for err == bufio.ErrBufferFull {
			if len(l.long) < maxLine {
				l.long = append(l.long, line...)
			}
			line, err = l.r.ReadSlice('\n')
		}
		line = append(l.long, line...)
		if err == nil && len(line) > maxLine {
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

// A lineFormat parses lines.
type lineFormat interface {
	// read sets the values of to. It returns false for a line that is not a row.
	read(line []byte, to *row.Row) (ok bool, err error)
}

// A lineReader is the row.Reader of a file of lines.
type lineReader struct {
	lines  lines
	format lineFormat
	source *source
}

// Next reads a row.
func (r *lineReader) Next(to *row.Row) error {
	for {
		line, err := r.lines.next()
		switch {
		case err == io.EOF:
			return io.EOF
		case errors.Is(err, errLong):
			return &row.Error{Line: r.lines.number, Err: err}
		case err != nil:
			return fmt.Errorf("line %d: %w", r.lines.number, err)
		}
		ok, err := r.format.read(line, to)
		if err != nil {
			return &row.Error{Line: r.lines.number, Err: err}
		}
		if ok {
			return nil
		}
	}
}

// Close closes the file.
func (r *lineReader) Close() error { return r.source.Close() }
