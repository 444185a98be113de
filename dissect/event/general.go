package event

// NewConnection is raised for the first packet of every connection, whatever
// its transport.
//
//wirelog:event new_connection section=Conn
type NewConnection struct {
	Conn Conn `zeek:"c"`
}

// ConnectionTimeout is raised when a TCP connection is dropped because nothing
// was seen for Zeek's tcp_connection_linger (5 seconds) after one side closed,
// or because a side never became active.
//
//wirelog:event connection_timeout section=Conn
type ConnectionTimeout struct {
	Conn Conn `zeek:"c"`
}

// ConnectionStateRemove is raised when a connection leaves memory: it has
// ended, has timed out, or the run is over. It is the last event of every
// connection, and Conn must not be used after it.
//
//wirelog:event connection_state_remove section=Conn
type ConnectionStateRemove struct {
	Conn Conn `zeek:"c"`
}

// ConnectionReused is raised when a SYN opens a new connection between the
// addresses and ports of one that is still held in memory, before the old one
// is removed.
//
//wirelog:event connection_reused section=Conn
type ConnectionReused struct {
	Conn Conn `zeek:"c"` // the old connection
}

// ConnectionStatusUpdate is raised at regular intervals while a connection
// lasts, when Zeek's connection_status_update_interval is set.
//
//wirelog:event connection_status_update section=Conn unraised
type ConnectionStatusUpdate struct {
	Conn Conn `zeek:"c"`
}

// ConnectionFlipped is raised when originator and responder of a connection
// change places, as its history's '^' says. Conn has the new roles; a builder
// must swap the state that it keeps for the sides.
//
//wirelog:event connection_flipped section=Conn
type ConnectionFlipped struct {
	Conn Conn `zeek:"c"`
}

// ConnectionFlowLabelChanged is raised when one side of an IPv6 connection
// begins to use another flow label (RFC 6437).
//
//wirelog:event connection_flow_label_changed section=Conn
type ConnectionFlowLabelChanged struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"` // the originator's label
	OldLabel uint64 `zeek:"old_label"`
	NewLabel uint64 `zeek:"new_label"`
}

// UDPSessionDone is raised at the end of a UDP flow whose application protocol
// was analyzed by an analyzer that reports its end (DNS, NTP, NetBIOS, Syslog, SNMP).
//
//wirelog:event udp_session_done section=Conn
type UDPSessionDone struct {
	Conn Conn `zeek:"u"`
}

// RexmitInconsistency is raised when bytes of a TCP stream are sent again with
// different contents while the first ones are still held.
//
//wirelog:event rexmit_inconsistency section=Conn
type RexmitInconsistency struct {
	Conn Conn `zeek:"c"`
	// T1 and T2 are the bytes sent first and those sent again, over the range
	// that both cover; valid inside the call.
	T1 []byte `zeek:"t1"`
	T2 []byte `zeek:"t2"`
	// TCPFlags are the flags of the packet with the different bytes, as in
	// TCPPacket; empty if no longer known.
	TCPFlags string `zeek:"tcp_flags"`
}

// ContentGap is raised when bytes of a TCP stream are missing for good: the
// receiver has acknowledged them, or the limit of held bytes is reached.
//
//wirelog:event content_gap section=Conn
type ContentGap struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // the originator's stream
	Seq    uint64 `zeek:"seq"`     // relative sequence number of the first missing byte
	Length uint64 `zeek:"length"`  // missing bytes
}

// NewPacket is raised for every packet that belongs to a connection.
//
//wirelog:event new_packet section=Conn
type NewPacket struct {
	Conn Conn   `zeek:"c"`
	P    PktHdr `zeek:"p"`
}

// IPv6ExtHeaders is raised for every packet of a connection that has IPv6
// extension headers (RFC 8200 section 4).
//
//wirelog:event ipv6_ext_headers section=Conn
type IPv6ExtHeaders struct {
	Conn Conn   `zeek:"c"`
	P    PktHdr `zeek:"p"`
}

// PacketContents is raised for every packet of a connection that has a
// transport payload.
//
//wirelog:event packet_contents section=Conn
type PacketContents struct {
	Conn     Conn   `zeek:"c"`
	Contents []byte `zeek:"contents"` // payload, valid inside the call
}

// RawPacket is raised for every frame whose link layer is understood.
//
//wirelog:event raw_packet section=Packet
type RawPacket struct {
	P RawPktHdr `zeek:"p"`
}

// ESPPacket is raised for every packet with an encapsulating security payload
// (RFC 4303) among its IPv6 extension headers.
//
//wirelog:event esp_packet section=Packet
type ESPPacket struct {
	P PktHdr `zeek:"p"`
}

// MobileIPv6Message is raised for every packet with a mobility header (RFC 6275
// section 6.1).
//
//wirelog:event mobile_ipv6_message section=Packet
type MobileIPv6Message struct {
	P PktHdr `zeek:"p"`
}
