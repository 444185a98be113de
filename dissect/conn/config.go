package conn

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Options configure a Table. Timeouts are in packet time, 0 disables one;
// their names and defaults are Zeek's.
type Options struct {
	// Seed keys the uids of connections. Tables with the same Seed give a connection
	// the same uid. NewTable replaces the zero Seed by a random one.
	Seed Seed
	// Contents names the sides of every connection whose payload TCPContents and
	// UDPContents report (Zeek's tcp_content_deliver_all_orig and its kin).
	Contents string `key:"deliver_contents" oneof:"none,orig,resp,both" doc:"sides of connections whose payload is delivered as tcp_contents and udp_contents events: none, orig, resp or both (tcp_content_deliver_all_orig, tcp_content_deliver_all_resp, udp_content_deliver_all_orig, udp_content_deliver_all_resp)"`
	// The ports are those of responders. Other connections have their payload reported as
	// Contents says.
	TCPPortsOrig []uint16 `key:"contents.tcp_ports_orig" doc:"ports of TCP servers: what clients send there is delivered as tcp_contents events (tcp_content_delivery_ports_orig)"`
	TCPPortsResp []uint16 `key:"contents.tcp_ports_resp" doc:"ports of TCP servers: what they send is delivered as tcp_contents events (tcp_content_delivery_ports_resp)"`
	UDPPortsOrig []uint16 `key:"contents.udp_ports_orig" doc:"ports of UDP servers: what clients send there is delivered as udp_contents events (udp_content_delivery_ports_orig)"`
	UDPPortsResp []uint16 `key:"contents.udp_ports_resp" doc:"ports of UDP servers: what they send is delivered as udp_contents events (udp_content_delivery_ports_resp)"`

	Connections      int    `key:"limits.connections" unit:"count" per:"run" min:"1" doc:"connections held at once, in all; beyond it the oldest half-open one is ended, then the one that has been idle for longest"`
	ConnectionBytes  uint64 `key:"limits.connections_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes that connections take without what their analyzers hold, in all; beyond it they are ended as with limits.connections"`
	ReassemblyBytes  uint64 `key:"limits.reassembly_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of out-of-order stream data held at once, in all; beyond it the streams that have held some for the longest time are given up. Files in pieces may hold half as much"`
	ReassemblyBlocks int    `key:"limits.reassembly_blocks" unit:"count" min:"1" doc:"separate blocks of out-of-order data held for one direction of a connection"`
	StreamBytes      uint64 `key:"limits.tcp_excessive_data_without_further_acks" unit:"bytes" min:"1" doc:"bytes held for one direction of a connection before its stream is given up"`
	AboveHole        uint64 `key:"limits.tcp_max_above_hole_without_any_acks" unit:"bytes" min:"0" doc:"bytes held above a hole while no acknowledgements are seen; 0 is no bound"`
	InitialWindow    uint64 `key:"limits.tcp_max_initial_window" unit:"bytes" min:"0" doc:"bytes that may plausibly be sent before any acknowledgement; more means that acknowledgements are not seen"`
	MessageBytes     int    `key:"limits.incomplete_message_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of incomplete messages of application protocols held at once, in all; beyond it the analyzer of the current connection drops its own"`
	StateBytes       int    `key:"limits.state_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of analyzers, unfinished rows, messages and files that are held at once, in all; beyond it the state of the connection that has held some for the longest time is ended, or the file that has been silent for longest, and the rows are written as they are"`
	ConnStateBytes   int    `key:"limits.connection_state_bytes" unit:"bytes" min:"1" doc:"bytes of them that one connection may hold"`
	TunnelChanges    int    `key:"limits.tunnel_max_changes" unit:"count" min:"0" doc:"tunnel_changed events of one connection; 0 is no bound (Tunnel::max_changes_per_connection)"`

	TCPSYN          time.Duration `key:"timeouts.tcp_syn_timeout" doc:"time after the first packet at which a TCP connection is first looked at (tcp_SYN_timeout)"`
	TCPSession      time.Duration `key:"timeouts.tcp_session_timer" doc:"time between looks at a TCP connection that closed"`
	TCPLinger       time.Duration `key:"timeouts.tcp_connection_linger" doc:"silence after which a closed TCP connection is over; a new one within it is a weird"`
	TCPAttempt      time.Duration `key:"timeouts.tcp_attempt_delay" doc:"wait for an answer to a SYN (tcp_attempt_delay)"`
	TCPClose        time.Duration `key:"timeouts.tcp_close_delay" doc:"wait after a normal close"`
	TCPReset        time.Duration `key:"timeouts.tcp_reset_delay" doc:"wait after a RST"`
	TCPPartialClose time.Duration `key:"timeouts.tcp_partial_close_delay" doc:"wait after one side of a partial connection closed (tcp_partial_close_delay)"`
	TCPInactivity   time.Duration `key:"timeouts.tcp_inactivity_timeout" doc:"silence that ends a TCP connection"`
	UDPInactivity   time.Duration `key:"timeouts.udp_inactivity_timeout" doc:"silence that ends a UDP flow"`
	ICMPInactivity  time.Duration `key:"timeouts.icmp_inactivity_timeout" doc:"silence that ends an ICMP flow"`
	UnknownIP       time.Duration `key:"timeouts.unknown_ip_inactivity_timeout" doc:"silence that ends a flow of another IP protocol"`
	Interactive     time.Duration `key:"timeouts.interactive_inactivity_timeout" doc:"silence that ends an FTP, SSH, telnet or rlogin connection (Conn::port_inactivity_timeouts)"`

	StatusUpdate time.Duration `key:"timeouts.connection_status_update_interval" doc:"time between events connection_status_update of a connection; 0s raises none (connection_status_update_interval)"`

	// Compat says where Zeek's behaviour takes the place of wirelog's own; see Use.Compat.
	Compat compat.Set

	// Weirds is the sampling of weirds, by connection or by pair of hosts.
	Weirds value.Sampling

	// Packet says which checksums are verified. A dissect.Shard sets it to its own.
	Packet packet.Options `key:"-"`
	// NeedsChecksum reports whether the checksum of a UDP datagram must be right if
	// it is present; nil means always. udpLen includes the header.
	NeedsChecksum func(dstPort, checksum uint16, udpLen int, payload []byte) bool
}

// Values of Options.Contents.
const (
	ContentsNone = "none"
	ContentsOrig = "orig"
	ContentsResp = "resp"
	ContentsBoth = "both"
)

// DefaultOptions returns the defaults, Zeek's where Zeek has them, without a seed.
func DefaultOptions() Options {
	return Options{
		Contents:         ContentsNone,
		Connections:      2_000_000,
		ConnectionBytes:  2 << 30,
		ReassemblyBytes:  512 << 20,
		ReassemblyBlocks: 4096,
		StreamBytes:      10 << 20,
		AboveHole:        16_384,
		InitialWindow:    16_384,
		MessageBytes:     512 << 20,
		StateBytes:       384 << 20,
		ConnStateBytes:   8 << 20,
		TunnelChanges:    5,
		TCPSYN:           5 * time.Second,
		TCPSession:       6 * time.Second,
		TCPLinger:        5 * time.Second,
		TCPAttempt:       5 * time.Second,
		TCPClose:         5 * time.Second,
		TCPReset:         5 * time.Second,
		TCPPartialClose:  3 * time.Second,
		TCPInactivity:    5 * time.Minute,
		UDPInactivity:    time.Minute,
		ICMPInactivity:   time.Minute,
		UnknownIP:        time.Minute,
		Interactive:      time.Hour,
		Weirds:           value.DefaultSampling(),
		Packet:           packet.DefaultOptions(),
	}
}

// RandomSeed returns a seed from the system's secure random source.
func RandomSeed() (s Seed) {
	var b [8 * len(s)]byte
	rand.Read(b[:]) // never fails
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s
}
