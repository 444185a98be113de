package event

import "github.com/wirelog/wirelog/value"

// HTTPRequest is raised for the request line of an HTTP request (RFC 9112
// section 3; RFC 1945 section 5 for HTTP/0.9), before any of its headers.
//
//wirelog:event http_request section=HTTP
type HTTPRequest struct {
	Conn Conn `zeek:"c"`
	// Method is as it was sent. All strings of this event are valid inside the call.
	Method []byte `zeek:"method"`
	// OriginalURI is the request target as it was sent, UnescapedURI with its
	// percent escapes resolved.
	OriginalURI  []byte `zeek:"original_URI"`
	UnescapedURI []byte `zeek:"unescaped_URI"`
	Version      string `zeek:"version"` // such as "1.1"
}

// HTTPReply is raised for the status line of an HTTP reply (RFC 9112 section 4),
// before any of its headers.
//
//wirelog:event http_reply section=HTTP
type HTTPReply struct {
	Conn    Conn   `zeek:"c"`
	Version string `zeek:"version"` // such as "1.1"
	Code    uint64 `zeek:"code"`    // status code; 0 if it is not three digits
	// Reason is the reason phrase, "<empty>" without one; valid inside the call.
	Reason []byte `zeek:"reason"`
}

// HTTPHeader is raised for every header of an HTTP message or of a part of a
// multipart body (RFC 9110 section 6.3).
//
//wirelog:event http_header section=HTTP
type HTTPHeader struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request's
	// OriginalName is the name as it was sent, Name in upper case. All strings of
	// this event are valid inside the call.
	OriginalName []byte `zeek:"original_name"`
	Name         []byte `zeek:"name"`
	Value        []byte `zeek:"value"`
}

// HTTPAllHeaders is raised when all headers of an HTTP message, or of a part of
// a multipart body, have been read.
//
//wirelog:event http_all_headers section=HTTP
type HTTPAllHeaders struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request's
	// HList are the headers in their order; valid inside the call.
	HList Table[MIMEHeader] `zeek:"hlist" type:"mime_header_list"`
}

// HTTPBeginEntity is raised when an HTTP message, or a part of a multipart
// body, begins with its headers.
//
//wirelog:event http_begin_entity section=HTTP
type HTTPBeginEntity struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request's
}

// HTTPEndEntity is raised when an HTTP message, or a part of a multipart body,
// has ended.
//
//wirelog:event http_end_entity section=HTTP
type HTTPEndEntity struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request's
}

// HTTPEntityData is raised for every piece of an HTTP body, after chunks are
// joined and compression is undone. Pieces have up to 1500 bytes, and end where
// a delivery of the stream ends.
//
//wirelog:event http_entity_data section=HTTP
type HTTPEntityData struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // a request's
	Length uint64 `zeek:"length"`  // bytes of Data
	Data   []byte `zeek:"data"`    // valid inside the call
}

// HTTPContentType is raised when the headers of an HTTP entity are complete,
// with its media type (RFC 9110 section 8.3).
//
//wirelog:event http_content_type section=HTTP
type HTTPContentType struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // a request's
	// Ty and Subty are in upper case, "TEXT" and "PLAIN" if there is no
	// Content-Type; valid inside the call.
	Ty    []byte `zeek:"ty"`
	Subty []byte `zeek:"subty"`
}

// HTTPMessageDone is raised when an HTTP request or reply is complete, or when
// no more of it will arrive.
//
//wirelog:event http_message_done section=HTTP
type HTTPMessageDone struct {
	Conn   Conn            `zeek:"c"`
	IsOrig bool            `zeek:"is_orig"` // a request
	Stat   HTTPMessageStat `zeek:"stat"`
}

// HTTPMessageStat sums up an HTTP message.
//
//wirelog:record http_message_stat
type HTTPMessageStat struct {
	Start       value.Time `zeek:"start"`       // when its first line was complete
	Interrupted bool       `zeek:"interrupted"` // the end is missing
	FinishMsg   string     `zeek:"finish_msg"`  // why it is over
	// BodyLength is the number of bytes of the body after chunks are joined and
	// compression is undone; ContentGapLength of them are missing.
	BodyLength       uint64 `zeek:"body_length"`
	ContentGapLength uint64 `zeek:"content_gap_length"`
	// HeaderLength is the number of bytes of the first line and the headers without
	// their line ends.
	HeaderLength uint64 `zeek:"header_length"`
}

// HTTPEvent is raised when an HTTP message breaks the protocol or its body has a gap.
//
//wirelog:event http_event section=HTTP
type HTTPEvent struct {
	Conn      Conn   `zeek:"c"`
	EventType string `zeek:"event_type"` // kind of trouble, such as "illegal format"
	Detail    []byte `zeek:"detail"`     // particulars; valid inside the call
}

// HTTPStats is raised when the analysis of an HTTP connection ends.
//
//wirelog:event http_stats section=HTTP
type HTTPStats struct {
	Conn  Conn         `zeek:"c"`
	Stats HTTPStatsRec `zeek:"stats"`
}

// HTTPStatsRec counts what an HTTP connection carried.
//
//wirelog:record http_stats_rec
type HTTPStatsRec struct {
	NumRequests uint64 `zeek:"num_requests"`
	NumReplies  uint64 `zeek:"num_replies"`
	// RequestVersion and ReplyVersion are the versions last seen, 0 without any.
	RequestVersion float64 `zeek:"request_version"`
	ReplyVersion   float64 `zeek:"reply_version"`
}

// HTTPConnectionUpgrade is raised when a server answers 101 and the connection
// leaves HTTP for another protocol (RFC 9110 section 7.8).
//
//wirelog:event http_connection_upgrade section=HTTP
type HTTPConnectionUpgrade struct {
	Conn     Conn   `zeek:"c"`
	Protocol []byte `zeek:"protocol"` // as the server names it; valid inside the call
}
