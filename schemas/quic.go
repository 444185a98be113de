package schemas

import "github.com/wirelog/wirelog/value"

// QUIC is a QUIC connection, or what is known of it before a Retry, a CONNECTION_CLOSE or a
// version that is not analyzed. One flow of UDP may have several.
//
//wirelog:log quic
type QUIC struct {
	// Time of the first packet.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Version of the first packet with a long header: 1, quicv2, a draft's or Facebook's name,
	// or unknown- and its number in hexadecimal.
	Version string `zeek:"version"`
	// First connection id that the client has chosen for the server, in hexadecimal. The keys
	// of Initial packets are derived from it.
	ClientInitialDCID value.Opt[string] `zeek:"client_initial_dcid"`
	// Connection id of the client in its last packet with a long header, in hexadecimal.
	ClientSCID value.Opt[string] `zeek:"client_scid"`
	// Connection id of the server in its last packet with a long header, in hexadecimal.
	ServerSCID value.Opt[string] `zeek:"server_scid"`
	// Server name that the client requested.
	ServerName value.Opt[string] `zeek:"server_name"`
	// First application protocol that the client offered.
	ClientProtocol value.Opt[string] `zeek:"client_protocol"`
	// A letter for each packet, upper case for the client's: I Initial, H Handshake, Z 0-RTT,
	// R Retry, C CONNECTION_CLOSE, S hello of TLS, U version that is not analyzed, X packet
	// without the fixed bit, O 1, 2, 4 and so on packets with short headers.
	History string `zeek:"history"`
	*Flow
}
