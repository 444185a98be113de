package readers

import (
	"net/netip"

	"github.com/wirelog/wirelog/schemas"
)

// A Row is one row that was read. It is a schemas.Record.
type Row struct {
	schema *schemas.Schema
	values []value // by column
}

// Schema returns the columns.
func (r *Row) Schema() *schemas.Schema { return r.schema }

// Time returns the time in the column ts, 0 if there is none.
func (r *Row) Time() schemas.Time {
	for i := range r.schema.Fields {
		if f := &r.schema.Fields[i]; f.Name == "ts" && f.Kind == schemas.KindTime && f.Container == schemas.Scalar {
			return schemas.Time(r.values[i].number)
		}
	}
	return 0
}

// Encode passes the columns to s.
func (r *Row) Encode(s schemas.Sink) {
	for i := range r.values {
		f := &r.schema.Fields[i]
		v := &r.values[i]
		if !v.set || f.Container == schemas.Scalar {
			v.pass(f.Kind, s)
			continue
		}
		s.Begin(f.Container, len(v.list))
		for j := range v.list {
			v.list[j].pass(f.Kind, s)
		}
		s.End()
	}
}

// A value is one of a column; its kind says which member has it.
type value struct {
	set    bool
	number uint64 // bool, count, port; int and time as their bits
	double float64
	text   string
	prefix netip.Prefix // subnet, and of an addr the address
	list   []value
}

func (v *value) pass(k schemas.Kind, s schemas.Sink) {
	if !v.set {
		s.Unset()
		return
	}
	switch k {
	case schemas.KindBool:
		s.Bool(v.number != 0)
	case schemas.KindCount:
		s.Count(v.number)
	case schemas.KindInt:
		s.Int(int64(v.number))
	case schemas.KindDouble:
		s.Double(v.double)
	case schemas.KindTime:
		s.Time(schemas.Time(v.number))
	case schemas.KindInterval:
		s.Interval(v.double)
	case schemas.KindString:
		s.String(v.text)
	case schemas.KindEnum:
		s.Enum(v.text)
	case schemas.KindAddr:
		s.Addr(v.prefix.Addr())
	case schemas.KindSubnet:
		s.Subnet(v.prefix)
	case schemas.KindPort:
		s.Port(uint16(v.number))
	}
}
