package event

import "github.com/wirelog/wirelog/value"

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
//wirelog:event connection_state_remove section=Conn end
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
//wirelog:event connection_status_update section=Conn
type ConnectionStatusUpdate struct {
	Conn Conn `zeek:"c"`
}

// ConnStats is raised when a TCP connection is removed, with the packets,
// retransmissions and reorderings of both sides.
//
//wirelog:event conn_stats section=Conn
type ConnStats struct {
	Conn Conn          `zeek:"c"`
	OS   EndpointStats `zeek:"os"` // of the originator
	RS   EndpointStats `zeek:"rs"` // of the responder
}

// EndpointStats counts the packets of one side of a TCP connection. The order of packets
// is that of the identifications in their IPv4 headers (RFC 791 section 3.1), which most
// systems once raised by one from packet to packet.
//
//wirelog:record endpoint_stats
type EndpointStats struct {
	NumPkts       uint64 `zeek:"num_pkts"`
	NumRxmit      uint64 `zeek:"num_rxmit"`       // packets in order without new data
	NumRxmitBytes uint64 `zeek:"num_rxmit_bytes"` // bytes of payload in them
	NumInOrder    uint64 `zeek:"num_in_order"`
	NumOO         uint64 `zeek:"num_OO"`   // packets sent before the one seen before them
	NumRepl       uint64 `zeek:"num_repl"` // packets with the identification of the one before
	// EndianType says in which byte order the identification is counted: 0 unknown, 1
	// little endian, 2 big endian, 3 both (Zeek's ENDIAN_*).
	EndianType uint64 `zeek:"endian_type"`
}

// ScheduledAnalyzerApplied is raised when a connection arrives that was announced by
// another, such as an FTP data channel, and gets the analyzer that was meant for it.
//
//wirelog:event scheduled_analyzer_applied section=Conn
type ScheduledAnalyzerApplied struct {
	Conn Conn       `zeek:"c"`
	A    value.Enum `zeek:"a" type:"Analyzer::Tag"` // such as "Analyzer::ANALYZER_FTP_DATA"
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

// UnknownProtocol is raised for a frame or packet that names a next protocol which has
// no analyzer. Streams of events have a few for each protocol (Zeek's
// UnknownProtocol::sampling_*); listeners get all.
//
//wirelog:event unknown_protocol section=Packet
type UnknownProtocol struct {
	AnalyzerName string `zeek:"analyzer_name"` // Zeek's name of the layer, such as "ETHERNET"
	Protocol     uint64 `zeek:"protocol"`      // the number that the layer has for what follows
	FirstBytes   []byte `zeek:"first_bytes"`   // of what follows; valid inside the call
	// AnalyzerHistory has the layers so far, outermost first; valid inside the call.
	AnalyzerHistory []string `zeek:"analyzer_history" type:"string_vec"`
}
