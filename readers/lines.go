package readers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/wirelog/wirelog/readers/row"
)

// maxLine is the length of the longest line or JSON object that can be read.
const maxLine = 16 << 20

var errLong = fmt.Errorf("longer than %d bytes", maxLine)

// A readError is an error of the file, which ends reading.
type readError struct{ err error }

func (e readError) Error() string { return e.err.Error() }
func (e readError) Unwrap() error { return e.err }

// lines reads the lines of a file.
type lines struct {
	r      *bufio.Reader
	long   []byte
	number int // of the line read last
	// failed means that nothing more can be read.
	failed bool
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
		l.failed = true
		if err != io.EOF {
			err = readError{err}
		}
		return nil, err
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if len(line) > len(byteOrderMark) && line[0] == byteOrderMark[0] {
		if c := line[len(byteOrderMark)]; c == '#' || c == '{' || c == '[' {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
		}
	}
	return line, nil
}

// byteOrderMark is how some programs begin files in UTF-8. Files that were joined may
// have more of them.
const byteOrderMark = "\ufeff"

// A lineFormat parses lines.
type lineFormat interface {
	// next returns the next row, valid until the next call. Reading can continue after
	// an error that is neither io.EOF nor a readError.
	next(l *lines) (*row.Row, error)
	// at returns the line of the last row or error.
	at(l *lines) int
}

// A lineReader is the rowReader of a file of lines.
type lineReader struct {
	lines  lines
	format lineFormat
	source *source
}

// Next reads a row.
func (r *lineReader) Next() (*row.Row, error) {
	to, err := r.format.next(&r.lines)
	var failed readError
	switch {
	case err == nil, err == io.EOF:
		return to, err
	case errors.As(err, &failed):
		return nil, fmt.Errorf("line %d: %w", r.lines.number, err)
	}
	return nil, &row.Error{Line: r.format.at(&r.lines), Err: err}
}

// Close closes the file.
func (r *lineReader) Close() error { return r.source.Close() }
