// Package schemas says what a log record is. A log is one Go struct with one
// tagged field a column, in Zeek's order; the schema value and the encoding in
// zz_generated.go are made from it, and everything else (TSV headers, JSON keys,
// Parquet and Arrow types, documentation) is made from the schema.
//
// To add a log: write the struct in a file of its own with a
// "//wirelog:log name" line at the end of its doc comment, run go generate, and
// emit it from a builder in logs. A log that is only written when it is asked for
// is "//wirelog:log name optional".
//
// Columns beyond Zeek's default ones are tagged "name,optional=group". They come
// last and are passed to a sink only when it asks for their group, so that whoever
// parses a log by position is not surprised.
package schemas

//go:generate go run ../internal/gen/schemas

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/value"
)

// Port is a port number; logs do not carry the protocol beside it.
type Port uint16

// Kind is the type of a column or of a container's elements.
type Kind uint8

// The kinds of Zeek's log types that columns have.
const (
	KindBool Kind = iota + 1
	KindCount
	KindInt
	KindDouble
	KindTime
	KindInterval
	KindString
	KindEnum
	KindAddr
	KindSubnet
	KindPort
)

var kindNames = [...]string{
	KindBool:     "bool",
	KindCount:    "count",
	KindInt:      "int",
	KindDouble:   "double",
	KindTime:     "time",
	KindInterval: "interval",
	KindString:   "string",
	KindEnum:     "enum",
	KindAddr:     "addr",
	KindSubnet:   "subnet",
	KindPort:     "port",
}

// String returns Zeek's name of the type.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}

// Container says whether a column holds one value or several.
type Container uint8

// A column is a scalar, a set or a vector.
const (
	Scalar Container = iota
	SetOf
	VectorOf
)

// Field is one column.
type Field struct {
	Name      string // Zeek's name, dotted for nested records: "id.orig_h"
	Kind      Kind
	Container Container
	Doc       string
	// Unsettable says whether the column can be unset.
	Unsettable bool
	// Group is 0 for the columns that are always there. Columns with a Group
	// are off unless it is asked for, and come last.
	Group Groups
}

// Optional reports whether the column is off unless its group is asked for.
func (f *Field) Optional() bool { return f.Group != 0 }

// ZeekType is the column's type as Zeek writes it: "addr", "set[string]".
func (f *Field) ZeekType() string {
	switch f.Container {
	case SetOf:
		return "set[" + f.Kind.String() + "]"
	case VectorOf:
		return "vector[" + f.Kind.String() + "]"
	default:
		return f.Kind.String()
	}
}

// ParseZeekType returns the type with that name, as ZeekType spells it. What is none of
// Kind's is a string, and ok is false.
func ParseZeekType(name string) (k Kind, c Container, ok bool) {
	for _, of := range []struct {
		container Container
		prefix    string
	}{{SetOf, "set["}, {VectorOf, "vector["}} {
		if inner, found := strings.CutPrefix(name, of.prefix); found {
			name, c = strings.TrimSuffix(inner, "]"), of.container
			break
		}
	}
	if i := slices.Index(kindNames[:], name); i > 0 {
		return Kind(i), c, true
	}
	return KindString, c, false
}

// Schema is one log: its name (Zeek's path) and its columns in order.
type Schema struct {
	Name   string
	Doc    string
	Fields []Field
	// ID is the log's index in tables by log. The logs of All are numbered from 0; a schema
	// made elsewhere takes its number from NewID.
	ID int
	// New returns a record of the log without values.
	New func() Record
	// Optional says that the log is only written when it is asked for by name.
	Optional bool
}

// With returns the schema as it is written with the optional columns of the
// groups g and of no other.
func (s *Schema) With(g Groups) *Schema {
	v := *s
	v.Fields = make([]Field, 0, len(s.Fields))
	for _, f := range s.Fields {
		if f.Group&^g == 0 {
			v.Fields = append(v.Fields, f)
		}
	}
	return &v
}

// All returns every log of this build, by name and by ID. It must not be changed.
func All() []*Schema { return all }

// Lookup returns the log of that name, or nil.
func Lookup(name string) *Schema {
	i, ok := slices.BinarySearchFunc(all, name, func(s *Schema, name string) int {
		return strings.Compare(s.Name, name)
	})
	if !ok {
		return nil
	}
	return all[i]
}

// Groups is a set of groups of optional columns, one bit a group.
type Groups uint32

// GroupNames returns the names of all groups, by bit. It must not be changed.
func GroupNames() []string { return groupNames }

// ParseGroups returns the set of the named groups, or an error that names the
// first unknown one.
func ParseGroups(names []string) (Groups, error) {
	var g Groups
	for _, name := range names {
		i := slices.Index(groupNames, name)
		if i < 0 {
			return 0, fmt.Errorf("unknown group of columns %q (known: %s)", name, strings.Join(groupNames, ", "))
		}
		g |= 1 << i
	}
	return g, nil
}

// String lists the groups by name, separated by commas.
func (g Groups) String() string {
	var names []string
	for i, name := range groupNames {
		if g&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Record is one row. It is valid, with all its strings, only while it is
// being emitted: builders reuse records, and strings may be views of buffers.
type Record interface {
	Schema() *Schema
	// Encode passes the columns in order to s, exactly one call a column
	// (containers: Begin, the elements, End): those that every record of the
	// log has, then the optional ones of the groups that s.Groups names.
	Encode(s Sink)
}

// Sized is a Record that tells how large it is without being encoded. The records
// of this package are.
type Sized interface {
	// Size returns the bytes of all strings, enums aside, and the number of
	// elements of all containers. Columns that are unset may count.
	Size() (bytes, elements int)
}

// Sink receives the columns of a record in schema order.
type Sink interface {
	// Groups says which optional columns the sink takes.
	Groups() Groups
	Unset()
	Bool(v bool)
	Count(v uint64)
	Int(v int64)
	Double(v float64)
	Time(v value.Time)
	Interval(v float64)
	String(v string)
	Enum(v string)
	Addr(v netip.Addr)
	Subnet(v netip.Prefix)
	Port(v uint16)
	// Begin starts a set or vector of n elements, which follow as calls of
	// their kind; End finishes it.
	Begin(c Container, n int)
	End()
}

// Emitter takes finished records from builders.
type Emitter interface {
	// On reports whether anybody wants records of this log.
	On(s *Schema) bool
	// Emit takes rec; it has been encoded when Emit returns.
	Emit(rec Record)
	// EmitGated takes rec, to be written only if g lets it pass at the merge
	// stage, where state that spans shards is kept.
	EmitGated(rec Record, g Gate)
}

// Gate is a decision that spans host pairs and so must be taken on ordered
// records, after the shards are merged.
type Gate struct {
	// Kind selects the policies. With several, a record passes when each of
	// them lets it pass, asked in the order of their constants; one that is
	// held back does not count for the policies after.
	Kind GateKind
	// Key is what state is kept by, apart for every log and event stream.
	Key string
	// Sub, for GateSample, is counted apart within Key, while the counts of a
	// Key are forgotten together: Zeek's flow weirds have the host pair as
	// Key and the weird's name as Sub, its net weirds have their name as Key.
	Sub string
}

// GateKind is a set of policies of the merge stage.
type GateKind uint8

// The policies. Times are those of the records' order keys, which is packet time.
const (
	// GateSample passes the first records of a key and then samples them, as
	// Zeek does with weirds (Weird::sampling_threshold, sampling_rate,
	// sampling_duration).
	GateSample GateKind = 1 << iota
	// GateRepeat passes a record and holds back those of the same key in the
	// ten minutes after it (Zeek's Weird::weird_ignore).
	GateRepeat
	// GateDaily passes a record and holds back those of the same key for a day
	// of packet time.
	GateDaily
)
