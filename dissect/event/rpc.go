package event

import "github.com/wirelog/wirelog/value"

// RPCCall is raised for every call message of ONC RPC, whatever the program (RFC 5531
// section 9).
//
//wirelog:event rpc_call section=RPC
type RPCCall struct {
	Conn    Conn   `zeek:"c"`
	XID     uint64 `zeek:"xid"`
	Prog    uint64 `zeek:"prog"` // number of the program, such as 100003 for NFS
	Ver     uint64 `zeek:"ver"`  // of the program
	Proc    uint64 `zeek:"proc"`
	CallLen uint64 `zeek:"call_len"` // bytes of the call after its type
}

// RPCReply is raised for every reply message of ONC RPC (RFC 5531 section 9).
//
//wirelog:event rpc_reply section=RPC
type RPCReply struct {
	Conn     Conn       `zeek:"c"`
	XID      uint64     `zeek:"xid"`
	Status   value.Enum `zeek:"status" type:"rpc_status"`
	ReplyLen uint64     `zeek:"reply_len"` // bytes of the results
}

// RPCDialogue is raised when a call of ONC RPC has been answered, after the events of its
// procedure, or given up, before them.
//
//wirelog:event rpc_dialogue section=RPC
type RPCDialogue struct {
	Conn      Conn       `zeek:"c"`
	Prog      uint64     `zeek:"prog"` // number of the program
	Ver       uint64     `zeek:"ver"`  // of the program
	Proc      uint64     `zeek:"proc"`
	Status    value.Enum `zeek:"status" type:"rpc_status"` // RPC_TIMEOUT without a reply
	StartTime value.Time `zeek:"start_time"`               // of the call, or of its last repetition
	CallLen   uint64     `zeek:"call_len"`                 // bytes of the call after its type
	ReplyLen  uint64     `zeek:"reply_len"`                // bytes of the results that were not parsed
}
