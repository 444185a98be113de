package schemas

import "github.com/wirelog/wirelog/value"

// DNS is one query with its answers, or either without the other.
//
//wirelog:log dns
type DNS struct {
	// Time of the first message of the transaction.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transport protocol.
	Proto value.Enum `zeek:"proto"`
	// Identifier of the query, chosen by the client.
	TransID value.Opt[uint64] `zeek:"trans_id"`
	// Time between query and answer.
	RTT value.Opt[value.Interval] `zeek:"rtt"`
	// Name that is queried; decoded for NetBIOS.
	Query value.Opt[string] `zeek:"query"`
	// Class of the query.
	QClass value.Opt[uint64] `zeek:"qclass"`
	// Name of the class.
	QClassName value.Opt[string] `zeek:"qclass_name"`
	// Type of the query.
	QType value.Opt[uint64] `zeek:"qtype"`
	// Name of the type.
	QTypeName value.Opt[string] `zeek:"qtype_name"`
	// Response code.
	RCode value.Opt[uint64] `zeek:"rcode"`
	// Name of the response code.
	RCodeName value.Opt[string] `zeek:"rcode_name"`
	// The answer is authoritative.
	AA bool `zeek:"AA"`
	// The query was truncated.
	TC bool `zeek:"TC"`
	// The query asks for recursion.
	RD bool `zeek:"RD"`
	// The answering server offers recursion.
	RA bool `zeek:"RA"`
	// Reserved bits of the query; the lower two belong to DNSSEC.
	Z uint64 `zeek:"Z"`
	// Descriptions of the records in the answer.
	Answers value.Vector[string] `zeek:"answers"`
	// Times to live of those records.
	TTLs value.Vector[value.Interval] `zeek:"TTLs"`
	// The server rejected the query.
	Rejected bool `zeek:"rejected"`
	// Kind of query.
	Opcode value.Opt[uint64] `zeek:"opcode"`
	// Name of the kind.
	OpcodeName value.Opt[string] `zeek:"opcode_name"`
	*Flow
}
