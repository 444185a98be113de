package schemas

import "github.com/wirelog/wirelog/value"

// SIP is a request of SIP with a response to it, or either alone.
//
//wirelog:log sip
type SIP struct {
	// Time of the request or, without one, of the response.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Number of the transaction on its connection, as Zeek counts: 0.
	TransDepth uint64 `zeek:"trans_depth"`
	// Method of the request.
	Method value.Opt[string] `zeek:"method"`
	// URI of the request.
	URI value.Opt[string] `zeek:"uri"`
	// Value of the request's Date header.
	Date value.Opt[string] `zeek:"date"`
	// Value of the request's From header, without its tag.
	RequestFrom value.Opt[string] `zeek:"request_from"`
	// Value of the request's To header.
	RequestTo value.Opt[string] `zeek:"request_to"`
	// Value of the response's From header, without its tag.
	ResponseFrom value.Opt[string] `zeek:"response_from"`
	// Value of the response's To header.
	ResponseTo value.Opt[string] `zeek:"response_to"`
	// Value of the request's Reply-To header.
	ReplyTo value.Opt[string] `zeek:"reply_to"`
	// Value of the request's Call-ID header.
	CallID value.Opt[string] `zeek:"call_id"`
	// Value of the request's CSeq header.
	Seq value.Opt[string] `zeek:"seq"`
	// Value of the request's Subject header.
	Subject value.Opt[string] `zeek:"subject"`
	// Values of the request's Via headers, without their branch.
	RequestPath value.Vector[string] `zeek:"request_path"`
	// Values of the response's Via headers, without their branch.
	ResponsePath value.Vector[string] `zeek:"response_path"`
	// Value of the request's User-Agent header.
	UserAgent value.Opt[string] `zeek:"user_agent"`
	// Status code of the response.
	StatusCode value.Opt[uint64] `zeek:"status_code"`
	// Reason phrase of the response.
	StatusMsg value.Opt[string] `zeek:"status_msg"`
	// Value of the response's Warning header.
	Warning value.Opt[string] `zeek:"warning"`
	// Value of the request's Content-Length header.
	RequestBodyLen value.Opt[uint64] `zeek:"request_body_len"`
	// Value of the response's Content-Length header.
	ResponseBodyLen value.Opt[uint64] `zeek:"response_body_len"`
	// Value of the response's Content-Type header.
	ContentType value.Opt[string] `zeek:"content_type"`
	*Flow
}
