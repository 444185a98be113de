package event

import "github.com/wirelog/wirelog/value"

// The events of OpenVPN are those of Corelight's package zeek-spicy-openvpn. All slices are
// valid inside the call.

// OpenVPNControl describes a message of OpenVPN's control channel.
//
//wirelog:record OpenVPN::ControlMsg
type OpenVPNControl struct {
	Opcode           uint64              `zeek:"opcode"`
	KeyID            uint64              `zeek:"key_id"`
	SessionID        []byte              `zeek:"session_id"` // 8 bytes
	PacketIDAckArray value.Opt[[]uint64] `zeek:"packet_id_ack_array"`
	RemoteSessionID  value.Opt[[]byte]   `zeek:"remote_session_id"` // with acknowledgements
	PacketID         uint64              `zeek:"packet_id"`
	DataLen          uint64              `zeek:"data_len"` // bytes of TLS
}

// OpenVPNAck describes acknowledgements of OpenVPN's control channel.
//
//wirelog:record OpenVPN::AckMsg
type OpenVPNAck struct {
	Opcode           uint64   `zeek:"opcode"`
	KeyID            uint64   `zeek:"key_id"`
	SessionID        []byte   `zeek:"session_id"` // 8 bytes
	PacketIDAckArray []uint64 `zeek:"packet_id_ack_array"`
	RemoteSessionID  []byte   `zeek:"remote_session_id"`
}

// OpenVPNData describes a message of OpenVPN's data channel.
//
//wirelog:record OpenVPN::DataMsg
type OpenVPNData struct {
	Opcode  uint64            `zeek:"opcode"`
	KeyID   uint64            `zeek:"key_id"`
	DataLen uint64            `zeek:"data_len"` // encrypted bytes
	PeerID  value.Opt[[]byte] `zeek:"peer_id"`  // 3 bytes, of version 2
}

// OpenVPNControlMessage is raised for every message of OpenVPN's control channel.
//
//wirelog:event OpenVPN::control_message section=OpenVPN own
type OpenVPNControlMessage struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	Msg    OpenVPNControl `zeek:"msg"`
}

// OpenVPNControlMessageWithData is raised for every message of OpenVPN's control channel, with
// its part of the TLS stream.
//
//wirelog:event OpenVPN::control_message_with_data section=OpenVPN own
type OpenVPNControlMessageWithData struct {
	Conn    Conn           `zeek:"c"`
	IsOrig  bool           `zeek:"is_orig"`
	Msg     OpenVPNControl `zeek:"msg"`
	SSLData []byte         `zeek:"ssl_data"`
}

// OpenVPNAckMessage is raised for every message of OpenVPN's control channel that only
// acknowledges others.
//
//wirelog:event OpenVPN::ack_message section=OpenVPN own
type OpenVPNAckMessage struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Msg    OpenVPNAck `zeek:"msg"`
}

// OpenVPNDataMessage is raised for every message of OpenVPN's data channel.
//
//wirelog:event OpenVPN::data_message section=OpenVPN own
type OpenVPNDataMessage struct {
	Conn   Conn        `zeek:"c"`
	IsOrig bool        `zeek:"is_orig"`
	Msg    OpenVPNData `zeek:"msg"`
}
