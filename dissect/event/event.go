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
// that Zeek does not have, "unraised" while no analyzer raises it, "end" for RaiseAll); write the
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
