package event

import "github.com/wirelog/wirelog/value"

// DCERPCMessage is raised for every DCE/RPC PDU, whatever its type, once its header is
// complete (C706 section 12.6.3.1).
//
//wirelog:event dce_rpc_message section=DCE_RPC
type DCERPCMessage struct {
	Conn    Conn       `zeek:"c"`
	IsOrig  bool       `zeek:"is_orig"`
	FID     uint64     `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
	PTypeID uint64     `zeek:"ptype_id"`
	PType   value.Enum `zeek:"ptype" type:"DCE_RPC::PType"` // name of PTypeID
}

// DCERPCBind is raised for every presentation context of a DCE/RPC bind PDU: the interface
// by its UUID and version (C706 section 12.6.4.3).
//
//wirelog:event dce_rpc_bind section=DCE_RPC
type DCERPCBind struct {
	Conn     Conn   `zeek:"c"`
	FID      uint64 `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
	CtxID    uint64 `zeek:"ctx_id"`
	UUID     []byte `zeek:"uuid"` // 16 bytes as on the wire; valid inside the call
	VerMajor uint64 `zeek:"ver_major"`
	VerMinor uint64 `zeek:"ver_minor"`
}

// DCERPCAlterContext is raised for every presentation context of a DCE/RPC alter_context
// PDU, which adds interfaces to an association (C706 section 12.6.4.1).
//
//wirelog:event dce_rpc_alter_context section=DCE_RPC
type DCERPCAlterContext struct {
	Conn     Conn   `zeek:"c"`
	FID      uint64 `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
	CtxID    uint64 `zeek:"ctx_id"`
	UUID     []byte `zeek:"uuid"` // 16 bytes as on the wire; valid inside the call
	VerMajor uint64 `zeek:"ver_major"`
	VerMinor uint64 `zeek:"ver_minor"`
}

// DCERPCBindAck is raised for the server's acceptance of a bind, with the secondary address
// that it names (C706 section 12.6.4.4).
//
//wirelog:event dce_rpc_bind_ack section=DCE_RPC
type DCERPCBindAck struct {
	Conn    Conn   `zeek:"c"`
	FID     uint64 `zeek:"fid"`      // file ID of the SMB pipe; 0 over TCP
	SecAddr []byte `zeek:"sec_addr"` // name of a pipe or number of a port; valid inside the call
}

// DCERPCAlterContextResp is raised for the server's answer to an alter_context PDU (C706
// section 12.6.4.2).
//
//wirelog:event dce_rpc_alter_context_resp section=DCE_RPC
type DCERPCAlterContextResp struct {
	Conn Conn   `zeek:"c"`
	FID  uint64 `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
}

// DCERPCRequest is raised for a DCE/RPC request PDU: a call of an operation of the bound
// interface, once all its fragments have arrived (C706 section 12.6.4.9).
//
//wirelog:event dce_rpc_request section=DCE_RPC
type DCERPCRequest struct {
	Conn    Conn   `zeek:"c"`
	FID     uint64 `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
	CtxID   uint64 `zeek:"ctx_id"`
	Opnum   uint64 `zeek:"opnum"`
	StubLen uint64 `zeek:"stub_len"` // bytes of the arguments in the last fragment
}

// DCERPCResponse is raised for a DCE/RPC response PDU, with the operation of the request
// that it answers (C706 section 12.6.4.10).
//
//wirelog:event dce_rpc_response section=DCE_RPC
type DCERPCResponse struct {
	Conn    Conn   `zeek:"c"`
	FID     uint64 `zeek:"fid"` // file ID of the SMB pipe; 0 over TCP
	CtxID   uint64 `zeek:"ctx_id"`
	Opnum   uint64 `zeek:"opnum"`    // of the context's last request; 0 if none was seen
	StubLen uint64 `zeek:"stub_len"` // bytes of the results in the last fragment
}
