// Package row holds a row that was read from a log in any format, and converts the
// values of its columns.
package row

import (
	"fmt"
	"net/netip"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// A Reader reads the rows of one file.
type Reader interface {
	// Next reads a row into r and sets its Values. The error is io.EOF at the end, an
	// *Error if the row is wrong, after which reading can continue, or else an error of
	// the file, which ends it.
	Next(r *Row) error
	// Close ends reading.
	Close() error
}

// A File is a Reader of a file that describes its own columns.
type File interface {
	Reader
	// Schema returns the log and its columns, none of them optional.
	Schema() *schemas.Schema
}

// An Error is an error in one row. The rows after it can still be read.
type Error struct {
	Path string
	// Line is the number of the line in a file of lines. For other files, Where names
	// the row.
	Line  int
	Where string
	Err   error
}

func (e *Error) Error() string {
	if e.Where != "" {
		return fmt.Sprintf("%s: %s: %v", e.Path, e.Where, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// A Row is a row that was read. It implements schemas.Record.
type Row struct {
	schema *schemas.Schema
	// Values are the values of the columns.
	Values []Value
}

// New returns a row with the columns of s, all unset.
func New(s *schemas.Schema) *Row { return &Row{s, make([]Value, len(s.Fields))} }

// Schema returns the columns.
func (r *Row) Schema() *schemas.Schema { return r.schema }

// Time returns the column ts, or 0 if there is none.
func (r *Row) Time() value.Time {
	for i := range r.schema.Fields {
		if f := &r.schema.Fields[i]; f.Name == "ts" && f.Kind == schemas.KindTime && f.Container == schemas.Scalar {
			return value.Time(r.Values[i].Number)
		}
	}
	return 0
}

// Encode passes the columns to s.
func (r *Row) Encode(s schemas.Sink) {
	for i := range r.Values {
		f := &r.schema.Fields[i]
		v := &r.Values[i]
		if !v.Set || f.Container == schemas.Scalar {
			v.pass(f.Kind, s)
			continue
		}
		s.Begin(f.Container, len(v.List))
		for j := range v.List {
			v.List[j].pass(f.Kind, s)
		}
		s.End()
	}
}

// A Value is the value of a column, whose kind tells which member holds it. The zero
// Value is unset.
type Value struct {
	Set    bool
	Number uint64 // bool, count and port; bits of int and time
	Double float64
	Text   string
	Prefix netip.Prefix // subnet; an addr is its address
	List   []Value
}

func (v *Value) pass(k schemas.Kind, s schemas.Sink) {
	if !v.Set {
		s.Unset()
		return
	}
	switch k {
	case schemas.KindBool:
		s.Bool(v.Number != 0)
	case schemas.KindCount:
		s.Count(v.Number)
	case schemas.KindInt:
		s.Int(int64(v.Number))
	case schemas.KindDouble:
		s.Double(v.Double)
	case schemas.KindTime:
		s.Time(value.Time(v.Number))
	case schemas.KindInterval:
		s.Interval(v.Double)
	case schemas.KindString:
		s.String(v.Text)
	case schemas.KindEnum:
		s.Enum(v.Text)
	case schemas.KindAddr:
		s.Addr(v.Prefix.Addr())
	case schemas.KindSubnet:
		s.Subnet(v.Prefix)
	case schemas.KindPort:
		s.Port(uint16(v.Number))
	}
}
