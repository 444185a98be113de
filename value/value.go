// Package value has the types that events and log records share: instants, intervals,
// ports, enumerations, sets, values that may be unset, and unique identifiers. The
// types and their names are Zeek's. The package imports nothing else of the module.
package value

import "time"

// Time is an instant of packet time in nanoseconds since the Unix epoch.
type Time int64

// Seconds returns t as Zeek holds it: whole seconds plus microseconds / 1e6, in
// a double. Durations that must print Zeek's digits are differences of Seconds.
func (t Time) Seconds() float64 {
	us := int64(t) / 1000
	sec := us / 1e6
	return float64(sec) + float64(us-sec*1e6)/1e6
}

// Time returns t as a time.Time in UTC.
func (t Time) Time() time.Time { return time.Unix(0, int64(t)).UTC() }

// Interval is a length of time in seconds.
type Interval float64

// Proto is a transport protocol as Zeek names it in ports and conn.log.
type Proto uint8

// The transport protocols of conn.log's proto column (Zeek's transport_proto).
const (
	ProtoUnknown Proto = iota // any IP protocol other than the three below
	ProtoTCP
	ProtoUDP
	ProtoICMP // ICMP for both IP versions
)

// String returns Zeek's name: "tcp", "udp", "icmp" or "unknown_transport".
func (p Proto) String() string {
	switch p {
	case ProtoTCP:
		return "tcp"
	case ProtoUDP:
		return "udp"
	case ProtoICMP:
		return "icmp"
	default:
		return "unknown_transport"
	}
}

// Port is a port number with its transport protocol (Zeek's port type).
type Port struct {
	Num   uint16
	Proto Proto
}

// Enum is a Zeek enumeration value by its full name, such as "Tunnel::GRE".
type Enum string

// Set is a collection without order (Zeek's set type).
type Set[T any] []T

// Opt is a value that may be unset, which is not the same as its zero value.
type Opt[T any] struct {
	V  T
	OK bool
}

// Some returns a set Opt.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, OK: true} }

// Second is one second of Time.
const Second Time = 1e9

// Vector is an ordered collection (Zeek's vector type). A nil Vector is unset where the
// context allows that, one of length 0 is empty.
type Vector[T any] []T
