package event

// HTTP2Request is raised for the headers of a request of HTTP/2 (RFC 9113 section 8.3.1) and for
// a request that a server promises to answer, before its headers. The names and parameters of
// these events are those of the package bro-http2.
//
//wirelog:event http2_request section=HTTP2 own
type HTTP2Request struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // the client sent it; a server sends promises
	Stream uint64 `zeek:"stream"`  // identifier of the stream
	// Method, Authority and OriginalURI are the fields :method, :authority and :path, Host is
	// the header; each is empty if it is absent.
	Method      string `zeek:"method"`
	Authority   string `zeek:"authority"`
	Host        string `zeek:"host"`
	OriginalURI []byte `zeek:"original_URI"` // valid inside the call
	// UnescapedURI has the percent escapes of OriginalURI resolved; valid inside the call.
	UnescapedURI []byte `zeek:"unescaped_URI"`
	Version      string `zeek:"version"` // "2.0"
	Push         bool   `zeek:"push"`    // the server promises it
}

// HTTP2Reply is raised for the headers of a reply of HTTP/2 (RFC 9113 section 8.3.2), also of
// an informational one, before its headers.
//
//wirelog:event http2_reply section=HTTP2 own
type HTTP2Reply struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"` // the client sent it, which it should not
	Stream  uint64 `zeek:"stream"`  // identifier of the stream
	Version string `zeek:"version"` // "2.0"
	Code    uint64 `zeek:"code"`    // status code; 0 if it is not three digits
	Reason  string `zeek:"reason"`  // empty: HTTP/2 has none
}

// HTTP2Header is raised for every header and trailer of an HTTP/2 message but those whose name
// begins with a colon (RFC 9113 section 8.2).
//
//wirelog:event http2_header section=HTTP2 own
type HTTP2Header struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Stream uint64 `zeek:"stream"` // identifier of the stream
	Name   string `zeek:"name"`   // in lower case, if the sender follows the RFC
	Value  string `zeek:"value"`
}

// HTTP2BeginEntity is raised before the first bytes of the body of an HTTP/2 message.
//
//wirelog:event http2_begin_entity section=HTTP2 own
type HTTP2BeginEntity struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Stream      uint64 `zeek:"stream"`      // identifier of the stream
	ContentType string `zeek:"contentType"` // value of the header; empty without one
}

// HTTP2EndEntity is raised at the end of the body of an HTTP/2 message.
//
//wirelog:event http2_end_entity section=HTTP2 own
type HTTP2EndEntity struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Stream uint64 `zeek:"stream"` // identifier of the stream
}

// HTTP2EntityData is raised for every piece of the body of an HTTP/2 message, after compression
// is undone.
//
//wirelog:event http2_entity_data section=HTTP2 own
type HTTP2EntityData struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Stream uint64 `zeek:"stream"` // identifier of the stream
	Length uint64 `zeek:"length"` // bytes of Data
	Data   []byte `zeek:"data"`   // valid inside the call
}

// HTTP2StreamEnd is raised when both sides have ended a stream of HTTP/2, one has reset it, or
// no more of it will be read.
//
//wirelog:event http2_stream_end section=HTTP2 own
type HTTP2StreamEnd struct {
	Conn   Conn            `zeek:"c"`
	Stream uint64          `zeek:"stream"` // identifier of the stream
	Stats  HTTP2StreamStat `zeek:"stats"`
}

// HTTP2StreamStat sums up a stream of HTTP/2.
//
//wirelog:record http2_stream_stat
type HTTP2StreamStat struct {
	// RequestBodyLength and ResponseBodyLength are the bytes of the bodies after compression is
	// undone.
	RequestBodyLength  uint64 `zeek:"request_body_length"`
	ResponseBodyLength uint64 `zeek:"response_body_length"`
}

// HTTP2RSTStreamEvent is raised for a frame that resets a stream (RFC 9113 section 6.4).
//
//wirelog:event http2_rststream_event section=HTTP2 own
type HTTP2RSTStreamEvent struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Stream uint64 `zeek:"stream"` // identifier of the stream
	Error  string `zeek:"error"`  // name of the error code (RFC 9113 section 7), or its number
}

// HTTP2GoAwayEvent is raised for a frame that announces the end of the connection (RFC 9113
// section 6.8).
//
//wirelog:event http2_goaway_event section=HTTP2 own
type HTTP2GoAwayEvent struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Stream     uint64 `zeek:"stream"`     // 0: the frame is about the connection
	LastStream uint64 `zeek:"lastStream"` // the last stream that the sender may have acted on
	Error      string `zeek:"error"`      // name of the error code (RFC 9113 section 7), or its number
}
