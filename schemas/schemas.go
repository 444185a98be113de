// Package schemas says what a log record is. A log is one Go struct with one
// tagged field a column, in Zeek's order; the schema value and the encoding in
// zz_generated.go are made from it, and everything else (TSV headers, JSON keys,
// Parquet and Arrow types, documentation) is made from the schema.
//
// To add a log: write the struct in a file of its own with a
// "//wirelog:log name" line at the end of its doc comment, run go generate, and
// emit it from a builder in logs.
package schemas

//go:generate go run ../internal/gen/schemas

import "net/netip"

// Time is an instant in nanoseconds since the Unix epoch.
type Time int64

// Seconds is t as Zeek holds it, a double of seconds at microsecond resolution.
func (t Time) Seconds() float64 {
	us := int64(t) / 1000
	sec := us / 1e6
	return float64(sec) + float64(us-sec*1e6)/1e6
}

// Opt is a column that may be unset, which is not the same as its zero value.
type Opt[T any] struct {
	V  T
	OK bool
}

// Some returns a set Opt.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, OK: true} }

// Set is a column of type set[T]; nil is unset, a non-nil Set of length 0 is empty.
type Set[T any] []T

// Vector is a column of type vector[T]; nil is unset, length 0 is empty.
type Vector[T any] []T

// Interval is a length of time in seconds.
type Interval float64

// Port is a port number; logs do not carry the protocol beside it.
type Port uint16

// Enum is an enumeration value as it is printed.
type Enum string

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
	// Optional columns are off unless asked for and come last.
	Optional bool
}

// Schema is one log: its name (Zeek's path) and its columns in order.
type Schema struct {
	Name   string
	Doc    string
	Fields []Field
}

// Record is one row. It is valid, with all its strings, only while it is
// being emitted: builders reuse records, and strings may be views of buffers.
type Record interface {
	Schema() *Schema
	// Encode passes every column in order to s, exactly one call a column
	// (containers: Begin, the elements, End).
	Encode(s Sink)
}

// Sink receives the columns of a record in schema order.
type Sink interface {
	Unset()
	Bool(v bool)
	Count(v uint64)
	Int(v int64)
	Double(v float64)
	Time(v Time)
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
	// Kind selects the policy, Key what it is counted by.
	Kind GateKind
	Key  string
}

// GateKind is a policy of the merge stage.
type GateKind uint8

// The policies.
const (
	// GateSample passes the first records of a key and then samples them, as
	// Zeek does with weirds (weird_sampling_threshold, _rate, _duration).
	GateSample GateKind = iota + 1
	// GateDaily passes the first record of a key a day of packet time.
	GateDaily
)
