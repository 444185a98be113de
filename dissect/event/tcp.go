package event

import "github.com/wirelog/wirelog/value"

// NewConnectionContents is raised when reassembly of a TCP connection's streams
// begins, with its first packet.
//
//wirelog:event new_connection_contents section=TCP
type NewConnectionContents struct {
	Conn Conn `zeek:"c"`
}

// ConnectionAttempt is raised when a SYN has gone unanswered for Zeek's
// tcp_attempt_delay (5 seconds).
//
//wirelog:event connection_attempt section=TCP
type ConnectionAttempt struct {
	Conn Conn `zeek:"c"`
}

// ConnectionEstablished is raised for the SYN-ACK of a TCP handshake (RFC 9293
// section 3.5). The originator's state is StateEstablished when its SYN was
// seen; an 'A' in the history shows whether the third packet followed.
//
//wirelog:event connection_established section=TCP
type ConnectionEstablished struct {
	Conn Conn `zeek:"c"`
}

// PartialConnection is raised when both sides of a TCP connection have sent
// packets and the handshake had taken place before the capture began.
//
//wirelog:event partial_connection section=TCP
type PartialConnection struct {
	Conn Conn `zeek:"c"`
}

// ConnectionPartialClose is raised when the first packet seen from one side of
// a TCP connection is its FIN, and the other side, though active, has not
// closed within Zeek's tcp_partial_close_delay (3 seconds).
//
//wirelog:event connection_partial_close section=TCP
type ConnectionPartialClose struct {
	Conn Conn `zeek:"c"`
}

// ConnectionFinished is raised when both sides of a TCP connection have closed
// with a FIN (RFC 9293 section 3.6).
//
//wirelog:event connection_finished section=TCP
type ConnectionFinished struct {
	Conn Conn `zeek:"c"`
}

// ConnectionHalfFinished is raised when one side of a TCP connection closes
// with a FIN and nothing was ever seen from the other, as when routing is split.
//
//wirelog:event connection_half_finished section=TCP
type ConnectionHalfFinished struct {
	Conn Conn `zeek:"c"`
}

// ConnectionRejected is raised when the responder answers a SYN with a RST
// (RFC 9293 section 3.5.2).
//
//wirelog:event connection_rejected section=TCP
type ConnectionRejected struct {
	Conn Conn `zeek:"c"`
}

// ConnectionReset is raised when one side of an established TCP connection
// aborts it with a RST (RFC 9293 section 3.5.2).
//
//wirelog:event connection_reset section=TCP
type ConnectionReset struct {
	Conn Conn `zeek:"c"`
}

// ConnectionPending is raised at the end of the run for every TCP connection
// that is still open.
//
//wirelog:event connection_pending section=TCP
type ConnectionPending struct {
	Conn Conn `zeek:"c"`
}

// ConnectionSYNPacket is raised for every packet with the SYN flag, SYN-ACKs
// included.
//
//wirelog:event connection_SYN_packet section=TCP
type ConnectionSYNPacket struct {
	Conn Conn `zeek:"c"`
	// Pkt has the packet's headers.
	Pkt SYNPacket `zeek:"pkt"`
}

// SYNPacket describes a TCP SYN: its IP header and the options that are
// exchanged only there (RFC 9293 section 3.2, RFC 7323, RFC 2018).
//
//wirelog:record SYN_packet
type SYNPacket struct {
	IsOrig bool `zeek:"is_orig"` // sent by the originator
	// DF is the don't-fragment flag of IPv4; false for IPv6.
	DF      bool   `zeek:"DF"`
	TTL     uint64 `zeek:"ttl"`      // time to live or hop limit
	Size    uint64 `zeek:"size"`     // length of the IP datagram in bytes
	WinSize uint64 `zeek:"win_size"` // window field, not scaled
	// WinScale is the shift count of the window scale option, -1 without one.
	WinScale int64 `zeek:"win_scale"`
	// MSS is the maximum segment size in bytes, 0 without the option.
	MSS    uint64            `zeek:"MSS"`
	SACKOK bool              `zeek:"SACK_OK"` // SACK-permitted option present
	TSval  value.Opt[uint64] `zeek:"TSval"`   // timestamp value, if that option is present
	TSecr  value.Opt[uint64] `zeek:"TSecr"`   // timestamp echo reply, if that option is present
}

// ConnectionFirstACK is raised for the first ACK of the originator in a TCP
// connection: as a rule the third packet of the handshake.
//
//wirelog:event connection_first_ACK section=TCP
type ConnectionFirstACK struct {
	Conn Conn `zeek:"c"`
}

// ConnectionEOF is raised once per side, when the last byte of its reassembled
// TCP stream has been delivered and no more can follow.
//
//wirelog:event connection_EOF section=TCP
type ConnectionEOF struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // the originator's stream has ended
}

// TCPPacket is raised for every TCP packet.
//
//wirelog:event tcp_packet section=TCP
type TCPPacket struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // sent by the originator
	// Flags has one letter for each flag that is set, in the order SFRAPU (SYN,
	// FIN, RST, ACK, PSH, URG).
	Flags string `zeek:"flags"`
	// Seq and Ack are relative to the first sequence number of their stream;
	// Ack is 0 without the ACK flag.
	Seq uint64 `zeek:"seq"`
	Ack uint64 `zeek:"ack"`
	Len uint64 `zeek:"len"` // bytes of payload by the headers
	// Payload is its captured part, valid inside the call.
	Payload []byte `zeek:"payload"`
}

// TCPOption is raised for every option in a TCP header (RFC 9293 section 3.2).
//
//wirelog:event tcp_option section=TCP
type TCPOption struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // sent by the originator
	Opt    uint64 `zeek:"opt"`     // kind of the option (IANA number)
	OptLen uint64 `zeek:"optlen"`  // bytes of the option, kind and length included
}

// TCPOptions is raised for every TCP header that has options, with all of them.
//
//wirelog:event tcp_options section=TCP
type TCPOptions struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // sent by the originator
	// Options are in the order of the header; the slice is valid inside the call.
	Options []TCPOptionValue `zeek:"options" type:"TCP::OptionList"`
}

// TCPOptionValue is one option of a TCP header (RFC 9293 section 3.2, RFC 7323, RFC
// 2018, RFC 4782). Besides Kind and Length, only the fields of that kind are set.
//
//wirelog:record TCP::Option
type TCPOptionValue struct {
	Kind   uint64 `zeek:"kind"`   // IANA number
	Length uint64 `zeek:"length"` // bytes, kind and length byte included
	// Data is the raw option when its kind is not known or its length is wrong;
	// valid inside the call.
	Data        value.Opt[[]byte] `zeek:"data"`
	MSS         value.Opt[uint64] `zeek:"mss"`          // kind 2, bytes
	WindowScale value.Opt[uint64] `zeek:"window_scale"` // kind 3, shift count
	// SACK has the edges of the blocks of kind 5, left and right in turn;
	// valid inside the call.
	SACK          value.Opt[[]uint64] `zeek:"sack" type:"index_vec"`
	SendTimestamp value.Opt[uint64]   `zeek:"send_timestamp"` // kind 8, TSval
	EchoTimestamp value.Opt[uint64]   `zeek:"echo_timestamp"` // kind 8, TSecr
	Rate          value.Opt[uint64]   `zeek:"rate"`           // kind 27, rate request code
	TTLDiff       value.Opt[uint64]   `zeek:"ttl_diff"`       // kind 27, TTL difference
	QSNonce       value.Opt[uint64]   `zeek:"qs_nonce"`       // kind 27, nonce
}

// TCPContents is raised for every run of in-order stream bytes of a TCP
// connection whose contents are asked for (Zeek's tcp_content_deliver_all_orig,
// tcp_content_deliver_all_resp and port lists).
//
//wirelog:event tcp_contents section=TCP
type TCPContents struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // sent by the originator
	Seq    uint64 `zeek:"seq"`     // relative sequence number of the first byte
	// Contents is never empty and valid inside the call.
	Contents []byte `zeek:"contents"`
}

// TCPRexmit is raised for every TCP segment that repeats data.
//
//wirelog:event tcp_rexmit section=TCP
type TCPRexmit struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // sent by the originator
	Seq    uint64 `zeek:"seq"`     // relative sequence number of the segment
	Len    uint64 `zeek:"len"`     // bytes of payload
	// DataInFlight is the number of bytes sent and not yet acknowledged.
	DataInFlight uint64 `zeek:"data_in_flight"`
	Window       uint64 `zeek:"window"` // window that the receiver announced last, in bytes
}

// TCPMultipleChecksumErrors is raised when the number of TCP packets with a
// wrong checksum from one side reaches 10, 100 and so on, as the history's 'C'
// does.
//
//wirelog:event tcp_multiple_checksum_errors section=TCP
type TCPMultipleChecksumErrors struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`   // the originator's packets
	Threshold uint64 `zeek:"threshold"` // number of packets that was reached
}

// TCPMultipleZeroWindows is raised when the number of zero windows that one
// side has announced reaches 10, 100 and so on, as the history's 'W' does.
//
//wirelog:event tcp_multiple_zero_windows section=TCP
type TCPMultipleZeroWindows struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`   // the originator's windows
	Threshold uint64 `zeek:"threshold"` // number of packets that was reached
}

// TCPMultipleRetransmissions is raised when the number of retransmitted
// segments of one side reaches 10, 100 and so on, as the history's 'T' does.
//
//wirelog:event tcp_multiple_retransmissions section=TCP
type TCPMultipleRetransmissions struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`   // the originator's segments
	Threshold uint64 `zeek:"threshold"` // number of segments that was reached
}

// TCPMultipleGap is raised when the number of content gaps in one side's stream
// reaches 10, 100 and so on, as the history's 'G' does.
//
//wirelog:event tcp_multiple_gap section=TCP
type TCPMultipleGap struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`   // the originator's stream
	Threshold uint64 `zeek:"threshold"` // number of gaps that was reached
}

// ContentsFileWriteFailure is raised when a write to the ContentsWriter set by
// Conn.SetContentsFile fails; the recording stops.
//
//wirelog:event contents_file_write_failure section=TCP
type ContentsFileWriteFailure struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // the originator's stream
	Msg    string `zeek:"msg"`     // the writer's error
}
