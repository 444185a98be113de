// Package schemas defines the log records. A log is one Go struct with one tagged field
// per column, in Zeek's order. The schema and the encoding in zz_generated.go are
// generated from it, and everything else (TSV headers, JSON keys, Parquet and Arrow
// types, documentation) follows from the schema.
//
// To add a log, write the struct in a file of its own with a line "//wirelog:log name"
// at the end of its doc comment, run go generate, and emit it from a builder in package
// logs. With "//wirelog:log name optional", the log is written only on request.
//
// Columns beyond Zeek's defaults are tagged "name,optional=group". They come last and
// are passed to a sink only if it asks for their group, so that programs that parse a
// log by position keep working.
package schemas

//go:generate go run ../internal/gen/schemas

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/choose"
	"github.com/wirelog/wirelog/value"
)

// Port is a port number, without its protocol.
type Port uint16

// Kind is the type of a column or of a container's elements.
type Kind uint8

// The Zeek types of columns.
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

// String returns the name of the Zeek type.
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
	// Unsettable tells whether the column can be unset.
	Unsettable bool
	// Group is 0 for columns that are always written. Columns with a Group are written
	// only on request, and come last.
	Group Groups
}

// Optional reports whether the column is written only on request.
func (f *Field) Optional() bool { return f.Group != 0 }

// ZeekType returns the column's type as Zeek writes it, such as "addr" or "set[string]".
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

// ParseZeekType parses a type as ZeekType writes it. For an unknown type, it returns a
// string and ok is false.
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
	// New returns an empty record of the log.
	New func() Record
	// Optional means that the log is written only if requested by name.
	Optional bool
}

// With returns the schema with the optional columns of the groups g and no others, which is s
// itself if these are its columns.
func (s *Schema) With(g Groups) *Schema {
	n := 0
	for i := range s.Fields {
		if s.Fields[i].Group&^g == 0 {
			n++
		}
	}
	if n == len(s.Fields) {
		return s
	}
	v := *s
	v.Fields = make([]Field, 0, n)
	for _, f := range s.Fields {
		if f.Group&^g == 0 {
			v.Fields = append(v.Fields, f)
		}
	}
	return &v
}

// All returns all logs of this build, by name and ID. The caller must not change it.
func All() []*Schema { return all }

// Lookup returns the log with that name, or nil.
func Lookup(name string) *Schema {
	i, ok := slices.BinarySearchFunc(all, name, func(s *Schema, name string) int {
		return strings.Compare(s.Name, name)
	})
	if !ok {
		return nil
	}
	return all[i]
}

// Groups is a set of groups of optional columns, one bit per group.
type Groups uint32

// AllGroups returns the set of all groups.
func AllGroups() Groups { return 1<<len(groupNames) - 1 }

// GroupNames returns the names of all groups, by bit. The caller must not change it.
func GroupNames() []string { return groupNames }

// ParseGroups returns the set of groups that list chooses, as package choose has it. No
// group is a default one.
func ParseGroups(list []string) (Groups, error) {
	n := choose.Names{What: "group of columns", All: groupNames}
	names, err := n.Pick(list)
	if err != nil {
		return 0, err
	}
	var g Groups
	for _, name := range names {
		g |= 1 << slices.Index(groupNames, name)
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

// Record is one row. It and its strings are valid only while it is being emitted:
// builders reuse records, and strings may be views of buffers.
type Record interface {
	Schema() *Schema
	// Encode passes the columns to s in order, with one call per column (for containers
	// Begin, the elements, End): first the columns that every record has, then the
	// optional ones of the groups in s.Groups.
	Encode(s Sink)
}

// Sized is a Record that knows its size without being encoded. All records of this
// package do.
type Sized interface {
	// Size returns the bytes of all strings except enums, and the number of elements of
	// all containers. Unset columns may count.
	Size() (bytes, elements int)
}

// Sink receives the columns of a record in schema order.
type Sink interface {
	// Groups returns which optional columns the sink takes.
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
	// Begin starts a set or vector of n elements, which follow as calls of their kind.
	// End ends it.
	Begin(c Container, n int)
	End()
}

// Emitter takes finished records from builders.
type Emitter interface {
	// On reports whether records of this log are wanted.
	On(s *Schema) bool
	// Emit takes rec, and has encoded it when it returns.
	Emit(rec Record)
	// EmitGated takes rec, which is written only if g passes at the merge stage, where
	// the state of all shards meets.
	EmitGated(rec Record, g Gate)
}

// Gate is a decision that depends on records of all shards, so it is made on ordered
// records after the merge.
type Gate struct {
	// Kind selects the policies. With several, a record must pass each of them, in the
	// order of their constants. A record that one holds back does not count for the next
	// ones.
	Kind GateKind
	// Key is the key of the policy's state, separate for each log and event stream.
	Key string
	// Sub is counted separately within Key by GateSample, but the counts of a Key expire
	// together. Zeek's flow weirds have the host pair as Key and the weird's name as
	// Sub; its net weirds have their name as Key.
	Sub string
}

// GateKind is a set of policies of the merge stage.
type GateKind uint8

// The policies. Times are those of the order keys, which are packet times.
const (
	// GateSample passes the first records of a key and then samples them, as Zeek does
	// with weirds (Weird::sampling_threshold, sampling_rate, sampling_duration).
	GateSample GateKind = 1 << iota
	// GateRepeat passes a record and holds back those with the same key for ten minutes
	// (Zeek's Weird::weird_ignore).
	GateRepeat
	// GateDaily passes a record and holds back those with the same key for a day.
	GateDaily
	// GateJoin writes no record. Its Key is a note for the log's Joiner, which makes the
	// rows of that log out of the notes of all shards. No other policy may be added.
	GateJoin
)

// A Joiner makes the rows of a log whose records depend on events of several shards. It
// belongs to the merge stage, and hears of the notes in their order, which does not depend
// on the number of shards.
type Joiner interface {
	// Join takes a note, which is valid inside the call, and passes the rows that are
	// complete to emit.
	Join(note []byte, emit func(Record))
	// End passes what is left to emit. No note follows.
	End(emit func(Record))
	// Limited returns the name of the limit of what the Joiner keeps, and how often it was
	// hit.
	Limited() (name string, n uint64)
}
