// Package event is the vocabulary between dissection and logs: every protocol
// event as a typed struct, and the hooks through which analyzers raise them.
//
// An analyzer raises an event by filling the scratch value of its hook; listeners
// are plain functions:
//
//	if e := hooks.DNS.Request.Begin(); e != nil {
//		*e = event.DNSRequest{Conn: c, Query: name}
//		hooks.DNS.Request.Raise(e)
//	}
//
// Dispatch is synchronous. The value is reused for the next event: a listener
// copies what it keeps. Byte slices in an event point into packet or stream
// memory and are valid only inside the call.
//
// Names of events and of their parameters are Zeek's. The parameter names are
// in the zeek struct tags, from which the code in zz_generated.go is generated.
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

// Table is a table of values with keys counted from 1 (Zeek's table[count] of
// T): element i has the key i+1.
type Table[T any] []T

// Map is a table of values by number (Zeek's table[count] of T), without order. No key
// occurs twice.
type Map[T any] []MapEntry[T]

// MapEntry is an entry of a Map.
type MapEntry[T any] struct {
	Key   uint64
	Value T
}

// Dict is a table of values by name (Zeek's table[string] of T), without order. No name
// occurs twice.
type Dict[T any] []DictEntry[T]

// DictEntry is an entry of a Dict.
type DictEntry[T any] struct {
	Key   []byte // valid inside the call
	Value T
}

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

// A Hook holds the listeners of one event and the value that they are called with.
// The zero Hook is ready for use. A Hook belongs to one shard and is not safe for
// concurrent use.
//
// Every package that imports this one compiles the methods of all hooks anew, so a Hook has
// as few as possible; what is seldom used is a function.
type Hook[E any] struct {
	fns     []func(*E)
	count   uint64
	scratch *E   // nil while nobody listens
	busy    bool // scratch is handed out
}

// Listen registers fn. It may only be called while the pipeline is built.
func (h *Hook[E]) Listen(fn func(*E)) {
	h.fns = append(h.fns, fn)
	if h.scratch == nil {
		h.scratch = new(E)
	}
}

// On reports whether anybody listens, for an analyzer that must prepare an event
// long before it raises it.
func (h *Hook[E]) On() bool { return len(h.fns) != 0 }

// Begin returns the hook's scratch value, or nil if nobody listens. The value
// still holds an earlier event: the caller assigns it whole (*e = E{...}) or sets
// every field, and then passes it to Raise, after which it is no longer the
// caller's.
//
// The scratch value is in use from Begin to the end of Raise. A Begin inside that
// time, as by a listener that raises the same event, gets a fresh value, which
// becomes the scratch value. So a value that is never raised, or whose listener
// panics, costs one allocation and no more.
func (h *Hook[E]) Begin() *E {
	if h.scratch == nil {
		return nil
	}
	if h.busy {
		h.scratch = new(E)
	}
	h.busy = true
	return h.scratch
}

// Raise calls every listener with e, in the order of registration. e is what Begin
// returned or a value of the caller's own. Neither e nor any slice in it may be
// kept by a listener.
func (h *Hook[E]) Raise(e *E) {
	h.count++
	if poison {
		raisePoisoned(h.fns, e)
	} else {
		for _, fn := range h.fns {
			fn(e)
		}
	}
	if e == h.scratch { // if a nested Begin has replaced it, e is left to the garbage collector
		h.busy = false
	}
}

// RaiseAll is Raise for an end that every listener must learn of: it calls all
// listeners even if some panic. panicked is called with the value of each panic,
// in the deferred call that recovered it.
func RaiseAll[E any](h *Hook[E], e *E, panicked func(r any)) {
	h.count++
	for i := 0; i < len(h.fns); {
		i = raiseFrom(h.fns, i, e, panicked)
	}
	if e == h.scratch {
		h.busy = false
	}
}

// raiseFrom calls the listeners from the i-th on, up to the first that panics, and
// returns the index of the next.
func raiseFrom[E any](fns []func(*E), i int, e *E, panicked func(r any)) (next int) {
	defer func() {
		if r := recover(); r != nil {
			panicked(r)
		}
	}()
	for next = i; next < len(fns); {
		next++
		if poison {
			raisePoisoned(fns[next-1:next], e)
		} else {
			fns[next-1](e)
		}
	}
	return next
}
