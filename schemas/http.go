package schemas

import "github.com/wirelog/wirelog/value"

// HTTP is a request with its reply, or either without the other.
//
//wirelog:log http
type HTTP struct {
	// Time of the request, or of the reply if the request was not seen.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Number of the request on its connection, from 1.
	TransDepth uint64 `zeek:"trans_depth"`
	// Method of the request, such as GET.
	Method value.Opt[string] `zeek:"method"`
	// Value of the Host header.
	Host value.Opt[string] `zeek:"host"`
	// URI of the request, with its percent escapes resolved.
	URI value.Opt[string] `zeek:"uri"`
	// Value of the Referer header.
	Referrer value.Opt[string] `zeek:"referrer"`
	// Version of the reply.
	Version value.Opt[string] `zeek:"version"`
	// Value of the User-Agent header.
	UserAgent value.Opt[string] `zeek:"user_agent"`
	// Value of the Origin header.
	Origin value.Opt[string] `zeek:"origin"`
	// Bytes of the request's body, uncompressed.
	RequestBodyLen uint64 `zeek:"request_body_len"`
	// Bytes of the reply's body, uncompressed.
	ResponseBodyLen uint64 `zeek:"response_body_len"`
	// Status code of the reply.
	StatusCode value.Opt[uint64] `zeek:"status_code"`
	// Reason phrase of the reply.
	StatusMsg value.Opt[string] `zeek:"status_msg"`
	// Status code of the last informational reply (1xx).
	InfoCode value.Opt[uint64] `zeek:"info_code"`
	// Reason phrase of the last informational reply.
	InfoMsg value.Opt[string] `zeek:"info_msg"`
	// Special properties that were found.
	Tags value.Set[value.Enum] `zeek:"tags"`
	// User name of basic authentication.
	Username value.Opt[string] `zeek:"username"`
	// Password of basic authentication; not recorded.
	Password value.Opt[string] `zeek:"password"`
	// Headers that show a proxy, as "NAME -> value".
	Proxied value.Set[string] `zeek:"proxied"`
	// Identifiers of the files that the client sent, up to 15.
	OrigFUIDs value.Vector[string] `zeek:"orig_fuids"`
	// Names of the files that the client sent.
	OrigFilenames value.Vector[string] `zeek:"orig_filenames"`
	// Media types of the files that the client sent, by their content.
	OrigMIMETypes value.Vector[string] `zeek:"orig_mime_types"`
	// Identifiers of the files that the server sent, up to 15.
	RespFUIDs value.Vector[string] `zeek:"resp_fuids"`
	// Names of the files that the server sent.
	RespFilenames value.Vector[string] `zeek:"resp_filenames"`
	// Media types of the files that the server sent, by their content.
	RespMIMETypes value.Vector[string] `zeek:"resp_mime_types"`
	// Identifier of the stream of HTTP/2.
	HTTP2Stream value.Opt[uint64] `zeek:"http2_stream,optional=http2"`
	*Flow
}
