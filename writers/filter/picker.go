package filter

import (
	"math"
	"net/netip"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// A picker is a sink that keeps the columns that an expression uses.
type picker struct {
	env    map[string]any
	groups schemas.Groups
	// names is indexed by column; it is "" for a column that is not used.
	names []string
	col   int
	// list collects the elements of a container; nested is true inside one.
	nested, wanted bool
	list           list
	scratch        []byte
}

// A list collects the elements of a container in the slice of their type.
type list struct {
	field   *schemas.Field
	fields  []*schemas.Field // indexed by column
	bools   []bool
	ints    []int
	floats  []float64
	strings []string
}

func (p *picker) init(program *Program) {
	p.env, p.groups = make(map[string]any, len(program.columns)), program.groups
	for _, c := range program.columns {
		for len(p.names) <= c.index {
			p.names = append(p.names, "")
			p.list.fields = append(p.list.fields, nil)
		}
		p.names[c.index] = c.field.Name
		p.list.fields[c.index] = c.field
	}
}

// pick extracts the columns of rec.
func (p *picker) pick(rec schemas.Record) {
	p.col = 0
	rec.Encode(p)
}

// next moves to the next value and reports whether it is wanted.
func (p *picker) next() bool {
	if p.nested {
		return p.wanted
	}
	p.col++
	return p.col <= len(p.names) && p.names[p.col-1] != ""
}

// put sets the column that next moved to.
func (p *picker) put(v any) { p.env[p.names[p.col-1]] = v }

// Groups, like the methods below, implements schemas.Sink.
func (p *picker) Groups() schemas.Groups { return p.groups }

func (p *picker) Unset() {
	if p.next() && !p.nested {
		p.put(nil)
	}
}

func (p *picker) Bool(v bool) {
	switch {
	case !p.next():
	case p.nested:
		p.list.bools = append(p.list.bools, v)
	default:
		p.put(v)
	}
}

// Count clamps v to the largest int.
func (p *picker) Count(v uint64) { p.Int(int64(min(v, math.MaxInt64))) }

func (p *picker) Int(v int64) {
	switch {
	case !p.next():
	case p.nested:
		p.list.ints = append(p.list.ints, int(v))
	default:
		p.put(int(v))
	}
}

func (p *picker) Port(v uint16) { p.Int(int64(v)) }

func (p *picker) Double(v float64) {
	switch {
	case !p.next():
	case p.nested:
		p.list.floats = append(p.list.floats, v)
	default:
		p.put(v)
	}
}

func (p *picker) Interval(v float64) { p.Double(v) }

func (p *picker) Time(v value.Time) { p.Double(v.Seconds()) }

func (p *picker) String(v string) {
	if p.next() {
		p.text(v)
	}
}

func (p *picker) Enum(v string) { p.String(v) }

func (p *picker) Addr(v netip.Addr) {
	if p.next() {
		p.scratch = text.AppendAddr(p.scratch[:0], v)
		p.text(string(p.scratch))
	}
}

func (p *picker) Subnet(v netip.Prefix) {
	if p.next() {
		p.scratch = text.AppendSubnet(p.scratch[:0], v)
		p.text(string(p.scratch))
	}
}

func (p *picker) text(v string) {
	if p.nested {
		p.list.strings = append(p.list.strings, v)
	} else {
		p.put(v)
	}
}

func (p *picker) Begin(schemas.Container, int) {
	p.wanted = p.next()
	p.nested = true
	if p.wanted {
		l := &p.list
		l.field = l.fields[p.col-1]
		// Another column may still refer to the slices collected before.
		l.bools, l.ints, l.floats, l.strings = nil, nil, nil, nil
	}
}

func (p *picker) End() {
	p.nested = false
	if !p.wanted {
		return
	}
	switch sample(p.list.field).(type) {
	case []bool:
		p.put(p.list.bools)
	case []int:
		p.put(p.list.ints)
	case []float64:
		p.put(p.list.floats)
	case []string:
		p.put(p.list.strings)
	}
}
