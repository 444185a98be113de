package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// A Forward passes the values of a Sink on. Sinks that treat only a few values
// themselves embed it and define Groups, Begin and End.
type Forward struct {
	To Sink
	// Next is called for each value and reports whether to pass it on.
	Next func() bool
}

// Unset passes on that the column is unset.
func (f *Forward) Unset() {
	if f.Next() {
		f.To.Unset()
	}
}

// Bool passes v on.
func (f *Forward) Bool(v bool) {
	if f.Next() {
		f.To.Bool(v)
	}
}

// Count passes v on.
func (f *Forward) Count(v uint64) {
	if f.Next() {
		f.To.Count(v)
	}
}

// Int passes v on.
func (f *Forward) Int(v int64) {
	if f.Next() {
		f.To.Int(v)
	}
}

// Double passes v on.
func (f *Forward) Double(v float64) {
	if f.Next() {
		f.To.Double(v)
	}
}

// Time passes v on.
func (f *Forward) Time(v value.Time) {
	if f.Next() {
		f.To.Time(v)
	}
}

// Interval passes v on.
func (f *Forward) Interval(v float64) {
	if f.Next() {
		f.To.Interval(v)
	}
}

// String passes v on.
func (f *Forward) String(v string) {
	if f.Next() {
		f.To.String(v)
	}
}

// Enum passes v on.
func (f *Forward) Enum(v string) {
	if f.Next() {
		f.To.Enum(v)
	}
}

// Addr passes v on.
func (f *Forward) Addr(v netip.Addr) {
	if f.Next() {
		f.To.Addr(v)
	}
}

// Subnet passes v on.
func (f *Forward) Subnet(v netip.Prefix) {
	if f.Next() {
		f.To.Subnet(v)
	}
}

// Port passes v on.
func (f *Forward) Port(v uint16) {
	if f.Next() {
		f.To.Port(v)
	}
}
