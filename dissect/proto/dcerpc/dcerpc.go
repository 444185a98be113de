// Package dcerpc analyzes connection-oriented DCE/RPC (The Open Group C706, chapter 12, with
// Microsoft's extensions in MS-RPCE) over TCP and over SMB named pipes: the interfaces bound
// and the operations called, but not their arguments. It follows Zeek's
// src/analyzer/protocol/dce-rpc.
package dcerpc

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "DCE_RPC"

	// maxContexts is the number of presentation contexts remembered to match responses with
	// operations. The oldest is forgotten first.
	maxContexts = 256
	// maxPDU is the maximum length of a PDU.
	maxPDU = 1<<16 - 1
)

// Options bounds fragmented calls. Exceeding a limit raises a weird and ends the analysis of
// the connection or pipe.
type Options struct {
	Calls    int `key:"limits.dce_rpc_max_cmd_reassembly" unit:"count" min:"1" doc:"fragmented calls of one side of a DCE/RPC connection in progress at once; with more its analysis stops (DCE_RPC::max_cmd_reassembly)"`
	Fragment int `key:"limits.dce_rpc_max_frag_data" unit:"bytes" min:"1" doc:"bytes of one fragment of a DCE/RPC call; with more the analysis of the connection stops (DCE_RPC::max_frag_data)"`
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Calls: 20, Fragment: 30000} }

// Security holds the analyzers of an association's authentication tokens. Each may be nil.
type Security struct{ GSSAPI, NTLM *conn.Protocol }

// New describes the protocol to the detector and returns the maker of analyzers for named
// pipes. Analyzers raise their events on h.
func New(h *event.Hooks, s Security, o Options) (*detect.Protocol, *Pipes) {
	f := &factory{hooks: &h.DCERPC, security: s, options: o, framer: wire.NewFramer(headerSize, maxPDU, pduLen)}
	begins := detect.Leading("\x05", detect.Within(3, signature))
	match := []detect.Signature{{Orig: begins, Always: true}, {Resp: begins, Always: true}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{135}, Signatures: match}
	p.Protocol = conn.Protocol{Name: source, Service: source, New: f.new, Tolerant: true, Size: freelist.Size[analyzer]() + 256}
	f.protocol = &p.Protocol
	return p, &Pipes{f}
}

// signature is that of Zeek's base/protocols/dce-rpc: version 5.0 or 5.1, and a PDU type.
func signature(b []byte) bool {
	return len(b) >= 3 && b[0] == version && b[1] <= 1 && b[2] <= ptypeOrphaned
}

// Pipes makes analyzers for named pipes.
type Pipes struct{ f *factory }

// OpenPipe returns an analyzer for the pipe with file ID fid on u's connection. The caller
// feeds it, and calls Done when the pipe or the connection is closed.
func (p *Pipes) OpenPipe(u conn.Use, fid uint64) conn.Analyzer {
	a := p.f.get(u.Nested(p.f.protocol))
	a.isPipe, a.fid = true, fid
	return a
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks    *event.DCERPCEvents
	protocol *conn.Protocol
	security Security
	options  Options

	framer *wire.Framer
	free   freelist.List[analyzer]
}

func (f *factory) new(u conn.Use) conn.Analyzer { return f.get(u) }

func (f *factory) get(u conn.Use) *analyzer {
	a := f.free.Get()
	*a = analyzer{
		f: f, Use: u, contexts: a.contexts[:0],
		flow: [2]flow{{calls: a.flow[0].calls}, {calls: a.flow[1].calls}},
	}
	return a
}

// Authentication mechanisms that have an analyzer.
const (
	mechanismGSSAPI = iota
	mechanismNTLM
	mechanisms
)

// analyzer follows one connection or pipe.
type analyzer struct {
	f *factory
	conn.Use

	isPipe bool
	fid    uint64 // of the pipe
	// gap means that bytes are missing, off that the analysis has ended.
	gap, off  bool
	confirmed bool
	flow      [2]flow // index 0 is the originator's
	// contexts holds the last operation called in each presentation context.
	contexts []context
	security [mechanisms]conn.Handover
}

// flow is one direction.
type flow struct {
	frames wire.Frames
	header header // of the current PDU, if announced
	// announced means that the event of the PDU's header was raised.
	announced bool
	calls     []uint32 // call IDs whose last fragment is missing
}

type context struct{ id, opnum uint16 }

// Data takes the next bytes of one direction. A malformed PDU ends the segment: as in Zeek, the
// next segment continues with a header.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.gap || a.off {
		return
	}
	w := &a.flow[0]
	if !isOrig {
		w = &a.flow[1]
	}
	for len(b) > 0 && !a.off {
		kept := w.frames.Kept()
		m, rest, state := w.frames.Next(a.f.framer, b)
		a.Hold(w.frames.Kept() - kept)
		b = rest
		if state == wire.FrameShort {
			m = w.frames.Partial()
		}
		if !w.announced && len(m) >= headerSize && m[0] == version {
			w.header, w.announced = readHeader(m), true
			a.announce(isOrig, &w.header)
		}
		if state == wire.FrameShort {
			break
		}
		w.announced = false
		if state == wire.FrameInvalid || !a.pdu(w, m) {
			a.violate("DCE_RPC PDU is malformed")
			break
		}
	}
	if a.off {
		a.release()
	}
	if a.Full(source) {
		a.off = true
		a.release()
	}
}

// pdu parses a PDU and reports whether it is well-formed.
func (a *analyzer) pdu(w *flow, b []byte) bool {
	h := &w.header
	body, trailer, ok := h.split(b)
	if !ok {
		return false
	}
	if len(trailer) > 0 {
		a.authenticate(trailer)
	}
	if a.complete(w, h, body) && !a.body(h, body) {
		return false
	}
	a.confirm()
	return true
}

// complete takes a fragment and reports whether it is the last of its call. Zeek raises events
// for the last fragment only, so nothing is kept of the others. A fragment without a first one
// is ignored.
func (a *analyzer) complete(w *flow, h *header, b []byte) bool {
	i := slices.Index(w.calls, h.callID)
	switch {
	case h.first() && i >= 0:
		a.Weird("multiple_first_fragments_in_dce_rpc_reassembly", "", source)
		a.off = true
		return false
	case h.first() && h.last():
		return true
	case h.first():
		w.calls = append(w.calls, h.callID)
		if len(w.calls) > a.f.options.Calls {
			a.giveUp("fragmented_calls", "too_many_dce_rpc_msgs_in_reassembly")
		}
	case i < 0:
		return false
	case h.last():
		w.calls = slices.Delete(w.calls, i, i+1)
	}
	if len(b) > a.f.options.Fragment {
		a.giveUp("fragment_size", "too_much_dce_rpc_fragment_data")
	}
	return h.last()
}

// giveUp ends the analysis because of an exceeded limit. The current PDU is still finished.
func (a *analyzer) giveUp(limit, weird string) {
	a.Limited(source, limit)
	a.Weird(weird, "", source)
	a.off = true
}

// called remembers an operation, which a response in the same context answers.
func (a *analyzer) called(id, opnum uint16) {
	for i := range a.contexts {
		if a.contexts[i].id == id {
			a.contexts[i].opnum = opnum
			return
		}
	}
	if len(a.contexts) == maxContexts {
		a.Limited(source, "contexts")
		a.contexts = a.contexts[:copy(a.contexts, a.contexts[1:])]
	}
	a.contexts = append(a.contexts, context{id, opnum})
}

// answered returns the last operation called in a context, or 0.
func (a *analyzer) answered(id uint16) uint16 {
	for i := range a.contexts {
		if a.contexts[i].id == id {
			return a.contexts[i].opnum
		}
	}
	return 0
}

// confirm confirms the protocol once.
func (a *analyzer) confirm() {
	if !a.confirmed {
		a.confirmed = true
		a.Confirm()
	}
}

func (a *analyzer) violate(reason string) { a.Violate(conn.Violation{Reason: reason}) }

// Gap ends the analysis of both directions, as in Zeek.
func (a *analyzer) Gap(bool, uint64) { a.gap = true }

// End does nothing: an incomplete PDU is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two directions.
func (a *analyzer) Flip() { a.flow[0], a.flow[1] = a.flow[1], a.flow[0] }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	a.release()
	a.f.free.Put(a)
}

// release drops all incomplete PDUs and calls.
func (a *analyzer) release() {
	for i := range a.flow {
		a.Hold(-a.flow[i].frames.Reset(a.f.framer))
		a.flow[i].calls = a.flow[i].calls[:0]
	}
}
