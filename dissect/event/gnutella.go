package event

// GnutellaTextMsg is raised for the header lines that a peer sends in the handshake (the
// Gnutella Protocol Specification, version 0.6).
//
//wirelog:event gnutella_text_msg section=Gnutella
type GnutellaTextMsg struct {
	Conn    Conn   `zeek:"c"`
	Orig    bool   `zeek:"orig"`
	Headers []byte `zeek:"headers"` // the lines, each after CR and LF; valid inside the call
}

// GnutellaBinaryMsg is raised for a message between peers, or for one whose payload is
// incomplete at the end of the connection.
//
//wirelog:event gnutella_binary_msg section=Gnutella
type GnutellaBinaryMsg struct {
	Conn    Conn   `zeek:"c"`
	Orig    bool   `zeek:"orig"`
	MsgType uint64 `zeek:"msg_type"` // such as 0x00 for Ping, 0x01 for Pong, 0x80 for Query
	TTL     uint64 `zeek:"ttl"`
	Hops    uint64 `zeek:"hops"`
	MsgLen  uint64 `zeek:"msg_len"` // bytes of the payload, as the header has it
	// Payload has the first bytes of the payload, up to a limit. It is valid inside the
	// call.
	Payload    []byte `zeek:"payload"`
	PayloadLen uint64 `zeek:"payload_len"` // bytes of Payload
	Trunc      bool   `zeek:"trunc"`       // Payload is shorter than the limit and MsgLen
	Complete   bool   `zeek:"complete"`    // all of the payload has been sent
}

// GnutellaPartialBinaryMsg is raised at the end of a connection for a message whose header is
// incomplete.
//
//wirelog:event gnutella_partial_binary_msg section=Gnutella
type GnutellaPartialBinaryMsg struct {
	Conn Conn   `zeek:"c"`
	Orig bool   `zeek:"orig"`
	Msg  []byte `zeek:"msg"` // valid inside the call
	Len  uint64 `zeek:"len"` // bytes of Msg
}

// GnutellaEstablish is raised when both peers have accepted the handshake.
//
//wirelog:event gnutella_establish section=Gnutella
type GnutellaEstablish struct {
	Conn Conn `zeek:"c"`
}

// GnutellaNotEstablish is raised at the end of a connection whose handshake did not succeed.
//
//wirelog:event gnutella_not_establish section=Gnutella
type GnutellaNotEstablish struct {
	Conn Conn `zeek:"c"`
}

// GnutellaHTTPNotify is raised when a peer turns out to speak HTTP, as for the download of a
// file.
//
//wirelog:event gnutella_http_notify section=Gnutella
type GnutellaHTTPNotify struct {
	Conn Conn `zeek:"c"`
}
