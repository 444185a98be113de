package dcerpc

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

const (
	version    = 5
	headerSize = 16
	// trailerSize is the length of the security trailer before the authentication token (C706
	// section 13.2.6.1, MS-RPCE section 2.2.2.11).
	trailerSize = 8
	// syntaxSize is the length of a UUID with its version (C706 section 12.6.3.1,
	// p_syntax_id_t).
	syntaxSize = 20
)

// PDU types that are parsed (C706 section 12.6.4). ptypeOrphaned is the last type but one.
const (
	ptypeRequest          = 0
	ptypeResponse         = 2
	ptypeBind             = 11
	ptypeBindAck          = 12
	ptypeAlterContext     = 14
	ptypeAlterContextResp = 15
	ptypeOrphaned         = 19
)

// ptypes maps PDU types to Zeek's names.
var ptypes = [...]value.Enum{
	"DCE_RPC::REQUEST", "DCE_RPC::PING", "DCE_RPC::RESPONSE", "DCE_RPC::FAULT",
	"DCE_RPC::WORKING", "DCE_RPC::NOCALL", "DCE_RPC::REJECT", "DCE_RPC::ACK",
	"DCE_RPC::CL_CANCEL", "DCE_RPC::FACK", "DCE_RPC::CANCEL_ACK", "DCE_RPC::BIND",
	"DCE_RPC::BIND_ACK", "DCE_RPC::BIND_NAK", "DCE_RPC::ALTER_CONTEXT",
	"DCE_RPC::ALTER_CONTEXT_RESP", "DCE_RPC::AUTH3", "DCE_RPC::SHUTDOWN",
	"DCE_RPC::CO_CANCEL", "DCE_RPC::ORPHANED", "DCE_RPC::RTS",
}

// PDU flags (C706 section 12.6.3.1).
const (
	flagFirst  = 0x01
	flagLast   = 0x02
	flagObject = 0x80
)

// Authentication types (MS-RPCE section 2.2.1.1.7).
const (
	authSPNEGO   = 0x09
	authNTLM     = 0x0a
	authTLS      = 0x0e
	authKerberos = 0x10
	authNetlogon = 0x44
)

// header is the common header of all PDUs (C706 section 12.6.3.1).
type header struct {
	ptype, flags byte
	bigEndian    bool
	length, auth int // of the PDU and of its authentication token
	callID       uint32
}

// readHeader parses the header at the start of b.
func readHeader(b []byte) header {
	h := header{ptype: b[2], flags: b[3], bigEndian: b[4]>>4 == 0}
	h.length = int(h.uint16(b[8:]))
	h.auth = int(h.uint16(b[10:]))
	h.callID = h.uint32(b[12:])
	return h
}

// pduLen returns the length of the PDU with the given header, or -1 if its version is unknown.
func pduLen(b []byte) int {
	if b[0] != version {
		return -1
	}
	h := readHeader(b)
	return h.length
}

func (h *header) first() bool { return h.flags&flagFirst != 0 }
func (h *header) last() bool  { return h.flags&flagLast != 0 }

func (h *header) uint16(b []byte) uint16 {
	if h.bigEndian {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (h *header) uint32(b []byte) uint32 {
	if h.bigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// split divides the PDU at the start of b into its body and its security trailer.
func (h *header) split(b []byte) (body, trailer []byte, ok bool) {
	end := h.length
	if h.auth > 0 {
		end -= h.auth + trailerSize
	}
	if end < headerSize {
		return nil, nil, false
	}
	return b[headerSize:end], b[end:h.length], true
}

func (a *analyzer) announce(isOrig bool, h *header) {
	e := a.f.hooks.Message.Begin()
	if e == nil {
		return
	}
	*e = event.DCERPCMessage{Conn: a.Conn(), IsOrig: isOrig, FID: a.fid, PTypeID: uint64(h.ptype), PType: "<undefined>"}
	if int(h.ptype) < len(ptypes) {
		e.PType = ptypes[h.ptype]
	}
	a.f.hooks.Message.Raise(e)
}

// authenticate passes the token in a PDU's trailer to its mechanism.
func (a *analyzer) authenticate(trailer []byte) {
	s, i := &a.f.security, 0
	var p *conn.Protocol
	switch kind := trailer[0]; kind {
	case authSPNEGO:
		i, p = mechanismGSSAPI, s.GSSAPI
	case authNTLM:
		i, p = mechanismNTLM, s.NTLM
	case authKerberos:
		// Zeek's analyzer for it ignores its input.
	case authTLS:
		a.WeirdNumber("tls_dce_rpc_auth_type", int(kind), source)
	case authNetlogon:
		a.WeirdNumber("netlogon_dce_rpc_auth_type", int(kind), source)
	default:
		a.WeirdNumber("unknown_dce_rpc_auth_type", int(kind), source)
	}
	if p == nil {
		return
	}
	to := &a.security[i]
	if !to.Taken() {
		*to = a.Guest(p)
	}
	// Zeek attributes every token to the originator.
	to.Data(true, trailer[trailerSize:])
}

// body parses the bytes between header and trailer, and reports whether they are well-formed.
func (a *analyzer) body(h *header, b []byte) bool {
	switch h.ptype {
	case ptypeRequest:
		return a.request(h, b)
	case ptypeResponse:
		return a.response(h, b)
	case ptypeBind, ptypeAlterContext:
		return a.bind(h, b)
	case ptypeBindAck, ptypeAlterContextResp:
		return a.bindAck(h, b)
	}
	return true
}

// request parses a request: size hint, context, operation and, if flagged, an object UUID
// before the arguments (C706 section 12.6.4.9).
func (a *analyzer) request(h *header, b []byte) bool {
	n := 8
	if h.flags&flagObject != 0 {
		n += 16
	}
	if len(b) < n {
		return false
	}
	id, opnum := h.uint16(b[4:]), h.uint16(b[6:])
	if e := a.f.hooks.Request.Begin(); e != nil {
		*e = event.DCERPCRequest{Conn: a.Conn(), FID: a.fid, CtxID: uint64(id), Opnum: uint64(opnum), StubLen: uint64(len(b) - n)}
		a.f.hooks.Request.Raise(e)
	}
	a.called(id, opnum)
	return true
}

// response parses a response: size hint, context and cancel count before the results (C706
// section 12.6.4.10).
func (a *analyzer) response(h *header, b []byte) bool {
	const n = 8
	if len(b) < n {
		return false
	}
	if e := a.f.hooks.Response.Begin(); e != nil {
		id := h.uint16(b[4:])
		*e = event.DCERPCResponse{
			Conn: a.Conn(), FID: a.fid, CtxID: uint64(id), Opnum: uint64(a.answered(id)), StubLen: uint64(len(b) - n),
		}
		a.f.hooks.Response.Raise(e)
	}
	return true
}

// bind parses a bind or alter_context: fragment sizes, an association group, and the
// presentation contexts, each an interface with its transfer syntaxes (C706 section 12.6.4.3).
func (a *analyzer) bind(h *header, b []byte) bool {
	const before, each = 8, 4
	if len(b) < before+4 {
		return false
	}
	count := int(b[before])
	b = b[before+4:]
	for range count {
		if len(b) < each+syntaxSize {
			return false
		}
		size := each + syntaxSize + int(b[2])*syntaxSize
		if len(b) < size {
			return false
		}
		a.context(h, uint64(h.uint16(b)), b[each:])
		b = b[size:]
	}
	return true
}

func (a *analyzer) context(h *header, id uint64, syntax []byte) {
	uuid := syntax[:16:16]
	major, minor := uint64(h.uint16(syntax[16:])), uint64(h.uint16(syntax[18:]))
	if h.ptype == ptypeBind {
		if e := a.f.hooks.Bind.Begin(); e != nil {
			*e = event.DCERPCBind{Conn: a.Conn(), FID: a.fid, CtxID: id, UUID: uuid, VerMajor: major, VerMinor: minor}
			a.f.hooks.Bind.Raise(e)
		}
		return
	}
	if e := a.f.hooks.AlterContext.Begin(); e != nil {
		*e = event.DCERPCAlterContext{Conn: a.Conn(), FID: a.fid, CtxID: id, UUID: uuid, VerMajor: major, VerMinor: minor}
		a.f.hooks.AlterContext.Raise(e)
	}
}

// bindAck parses a bind_ack or alter_context_resp: fragment sizes, an association group, the
// secondary address, padding, and one result per context (C706 section 12.6.4.4).
func (a *analyzer) bindAck(h *header, b []byte) bool {
	const before, each = 10, 4 + syntaxSize
	if len(b) < before {
		return false
	}
	end := before + int(h.uint16(b[8:]))
	results := (end + 3) &^ 3
	if len(b) < results+4 || len(b) < results+4+each*int(b[results]) {
		return false
	}
	if h.ptype == ptypeAlterContextResp {
		if e := a.f.hooks.AlterContextResp.Begin(); e != nil {
			*e = event.DCERPCAlterContextResp{Conn: a.Conn(), FID: a.fid}
			a.f.hooks.AlterContextResp.Raise(e)
		}
		return true
	}
	if e := a.f.hooks.BindAck.Begin(); e != nil {
		addr := b[before:end:end]
		if n := len(addr); n > 0 && addr[n-1] == 0 {
			addr = addr[:n-1]
		}
		*e = event.DCERPCBindAck{Conn: a.Conn(), FID: a.fid, SecAddr: addr}
		a.f.hooks.BindAck.Raise(e)
	}
	return true
}
