// Package event is the vocabulary between dissection and logs: every protocol
// event as a typed struct, and the hooks through which analyzers raise them.
//
// An analyzer raises an event by filling a struct and passing its address to
// the hook of that event; listeners are plain functions. Dispatch is
// synchronous. The event value is scratch of the analyzer and is reused for
// the next event: a listener that keeps anything copies it. Byte slices in an
// event point into packet or stream memory and are valid only inside the call.
//
// Names of events and of their parameters are Zeek's. The parameter names stand
// in the zeek struct tags, from which the code in zz_generated.go is made.
//
// To add an event: write its struct in the file of its section, with a doc
// comment that begins "Name is raised" and ends with a line
// "//wirelog:event zeek_name section=S" (and "deprecated", "own" for an event
// that Zeek does not have, "unraised" while no analyzer raises it); write the
// records it contains with "//wirelog:record zeek_name"; delete its line in
// catalogue.txt; run go generate.
package event

//go:generate go run ../../internal/gen/events

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// Table is a table of values that are counted from 1 (Zeek's table[count] of T):
// element i stands under i+1.
type Table[T any] []T

// ConnID identifies a connection (Zeek's conn_id). Orig is the side that
// Zeek takes for the originator. For ICMP the ports hold type and code.
type ConnID struct {
	OrigH netip.Addr
	OrigP uint16
	RespH netip.Addr
	RespP uint16
	Proto value.Proto
	// IPProto is the protocol number of the IP header (RFC 791, RFC 8200).
	IPProto uint8
}

// A Hook holds the listeners of one event. The zero Hook is ready for use.
// A Hook belongs to one shard and is not safe for concurrent use.
type Hook[E any] struct {
	fns   []func(*E)
	count uint64
}

// Listen registers fn. It may only be called while the pipeline is built.
func (h *Hook[E]) Listen(fn func(*E)) { h.fns = append(h.fns, fn) }

// On reports whether anybody listens. An analyzer asks before it fills an event.
func (h *Hook[E]) On() bool { return len(h.fns) != 0 }

// Raise calls every listener with e, in the order of registration. Neither e
// nor any slice in it may be kept by a listener.
func (h *Hook[E]) Raise(e *E) {
	h.count++
	if poison {
		raisePoisoned(h.fns, e)
		return
	}
	for _, fn := range h.fns {
		fn(e)
	}
}

// RaiseAll is Raise for the end of something, of which every listener has to hear: one
// that panics does not keep it from the others. panicked gets the value of each panic, in
// the deferred call that recovered it.
func (h *Hook[E]) RaiseAll(e *E, panicked func(r any)) {
	h.count++
	for i := 0; i < len(h.fns); {
		i = h.raiseFrom(i, e, panicked)
	}
}

// raiseFrom calls the listeners from the i-th on, up to the first that panics, and returns
// the number of the next.
func (h *Hook[E]) raiseFrom(i int, e *E, panicked func(r any)) (next int) {
	defer func() {
		if r := recover(); r != nil {
			panicked(r)
		}
	}()
	for next = i; next < len(h.fns); {
		next++
		if poison {
			raisePoisoned(h.fns[next-1:next], e)
		} else {
			h.fns[next-1](e)
		}
	}
	return next
}

// Count is the number of times that the event was raised with a listener.
func (h *Hook[E]) Count() uint64 { return h.count }
