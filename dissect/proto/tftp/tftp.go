// Package tftp analyzes TFTP (RFC 1350) with options (RFC 2347): requests, and the transfers
// on flows of their own that they announce. What is read follows Zeek's package spicy-tftp,
// which does not know option acknowledgments.
package tftp

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "SPICY_TFTP" // the package's name of the analyzer
	port   = 69
	// The package's names of services.
	service     = "spicy_tftp"
	dataService = "spicy_tftp_data"
	// lifetime is how long a transfer is waited for.
	lifetime = 60 * value.Second
)

// Types of packets (RFC 1350 section 5, RFC 2347).
const (
	opRead      = 1
	opWrite     = 2
	opData      = 3
	opAck       = 4
	opError     = 5
	opOptionAck = 6
)

// Options configure the protocol.
type Options struct {
	Transfers int `key:"limits.tftp_max_expected_transfers" unit:"count" per:"run" min:"1" doc:"announced TFTP transfers waited for, in all"`
}

// DefaultOptions returns wirelog's limits; Zeek has none.
func DefaultOptions() Options { return Options{Transfers: 100_000} }

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.TFTP, channel: &h.File.DataConnection, opt: o}
	f.data = conn.Protocol{Name: source, New: f.newData, Size: freelist.Size[analyzer]()}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}}
	p.Protocol = conn.Protocol{Name: source, Service: service, New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and has what they share.
type factory struct {
	hooks   *event.TFTPEvents
	channel *event.DataConnectionHook
	opt     Options
	data    conn.Protocol // of transfers
	free    freelist.List[analyzer]
}

// analyzer follows a flow of requests, or a transfer.
type analyzer struct {
	f *factory
	conn.Use
	control *control // of what is announced, nil before a request
}

// control is the flow of a request, which a transfer may outlive.
type control struct{ conn *conn.Conn }

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// newData returns the analyzer of an announced flow.
func (f *factory) newData(u conn.Use) conn.Analyzer {
	if c, ok := u.Expected().(*control); ok {
		u.AddService(dataService)
		if e := f.channel.Begin(); e != nil {
			*e = event.DataConnection{Conn: u.Conn(), Source: source}
			if c.conn != nil {
				e.Control = c.conn
			}
			f.channel.Raise(e)
		}
	}
	return f.new(u)
}

// Data takes a packet.
func (a *analyzer) Data(isOrig bool, b []byte) {
	const opLen, numLen = 2, 2
	if len(b) < opLen {
		a.short()
		return
	}
	h, op := a.f.hooks, binary.BigEndian.Uint16(b)
	b = b[opLen:]
	switch op {
	case opRead, opWrite:
		a.request(isOrig, op == opWrite, b)
		return
	case opOptionAck:
		a.options(isOrig, true, b)
		return
	case opData, opAck, opError:
	default:
		if e := h.UnknownOpcode.Begin(); e != nil {
			*e = event.TFTPUnknownOpcode{Conn: a.Conn(), IsOrig: isOrig, Code: uint64(op)}
			h.UnknownOpcode.Raise(e)
		}
		a.WeirdNumber("unknown_opcode", int(op), "TFTP")
		return
	}
	if len(b) < numLen {
		a.short()
		return
	}
	num := uint64(binary.BigEndian.Uint16(b))
	b = b[numLen:]
	switch op {
	case opData:
		if e := h.Data.Begin(); e != nil {
			*e = event.TFTPData{Conn: a.Conn(), IsOrig: isOrig, BlockNum: num, Data: b}
			h.Data.Raise(e)
		}
	case opAck:
		if e := h.Ack.Begin(); e != nil {
			*e = event.TFTPAck{Conn: a.Conn(), IsOrig: isOrig, BlockNum: num}
			h.Ack.Raise(e)
		}
	case opError:
		msg, _, ok := bytes.Cut(b, nul)
		if !ok {
			a.short()
			return
		}
		if e := h.Error.Begin(); e != nil {
			*e = event.TFTPError{Conn: a.Conn(), IsOrig: isOrig, Code: num, Msg: msg}
			h.Error.Raise(e)
		}
	}
}

var nul = []byte{0}

// short reports a packet that ends too early.
func (a *analyzer) short() { a.Violate(conn.Violation{Reason: "end of a TFTP packet inside a field"}) }

// request reads a request and announces its transfer.
func (a *analyzer) request(isOrig, write bool, b []byte) {
	name, rest, ok := bytes.Cut(b, nul)
	mode, options, okMode := bytes.Cut(rest, nul)
	if !ok || !okMode {
		a.short()
		return
	}
	a.Confirm()
	if h := &a.f.hooks.ReadRequest; !write {
		if e := h.Begin(); e != nil {
			*e = event.TFTPReadRequest{Conn: a.Conn(), IsOrig: isOrig, FName: name, Mode: mode}
			h.Raise(e)
		}
	} else if e := a.f.hooks.WriteRequest.Begin(); e != nil {
		*e = event.TFTPWriteRequest{Conn: a.Conn(), IsOrig: isOrig, FName: name, Mode: mode}
		a.f.hooks.WriteRequest.Raise(e)
	}
	a.options(isOrig, false, options)
	if a.control == nil {
		a.control = &control{a.Conn()}
	}
	id := a.Conn().ID()
	at := id.OrigP
	if !isOrig {
		at = id.RespP
	}
	if !a.Expect(isOrig, at, conn.Expectation{Protocol: &a.f.data, Owner: a.control, Lifetime: lifetime, Limit: a.f.opt.Transfers, UDP: true}) {
		a.Limited(source, "expected_transfers")
	}
}

// options reads options (RFC 2347). What is no pair of texts is left out.
func (a *analyzer) options(isOrig, acked bool, b []byte) {
	h := &a.f.hooks.Option
	for len(b) > 0 && h.On() {
		name, rest, ok := bytes.Cut(b, nul)
		val, rest, okVal := bytes.Cut(rest, nul)
		if !ok || !okVal {
			return
		}
		e := h.Begin()
		*e = event.TFTPOption{Conn: a.Conn(), IsOrig: isOrig, Name: name, Value: val, Acked: acked}
		h.Raise(e)
		b = rest
	}
}

// Gap does nothing: packets are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if a.control != nil {
		a.control.conn = nil
	}
	a.f.free.Put(a)
}
