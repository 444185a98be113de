// Package row holds a row that was read from a file of a log, whatever its format, and
// makes the values of its columns.
package row

import (
	"fmt"
	"net/netip"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/schemas"
)

// A Reader reads the rows of one file.
type Reader interface {
	// Next reads a row into r, whose Values it sets. Its error is io.EOF at the end, an
	// *Error if a row is wrong, after which the next one can be read, and otherwise one
	// of the file, which ends it.
	Next(r *Row) error
	// Close ends the reading.
	Close() error
}

// A File is a Reader of a file that says which columns it has.
type File interface {
	Reader
	// Schema returns the log and its columns, none of them optional.
	Schema() *schemas.Schema
}

// An Error is what is wrong with one row. The rows after it can be read.
type Error struct {
	Path string
	// Line is that of a row of text; of other files, Where says which row it is.
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

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// A Row is one row that was read. It is a schemas.Record.
type Row struct {
	schema *schemas.Schema
	// Values are those of the columns.
	Values []Value
}

// New returns a row, of unset values, with the columns of s.
func New(s *schemas.Schema) *Row { return &Row{s, make([]Value, len(s.Fields))} }

// Schema returns the columns.
func (r *Row) Schema() *schemas.Schema { return r.schema }

// Time returns the time in the column ts, 0 if there is none.
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

// A Value is one of a column; its kind says which member has it. The zero Value is unset.
type Value struct {
	Set    bool
	Number uint64 // bool, count, port; int and time as their bits
	Double float64
	Text   string
	Prefix netip.Prefix // subnet, and of an addr the address
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
