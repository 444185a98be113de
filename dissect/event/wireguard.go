package event

// The events of WireGuard are those of Corelight's package zeek-spicy-wireguard. Messages are
// described in "WireGuard: Next Generation Kernel Network Tunnel", section 5.4. All byte slices
// are valid inside the call.

// WireGuardHandshakeInitiation is raised for the first message of a handshake of WireGuard.
//
//wirelog:event Wireguard::handshake_initiation section=WireGuard own
type WireGuardHandshakeInitiation struct {
	Conn                 Conn   `zeek:"c"`
	IsOrig               bool   `zeek:"is_orig"`
	SenderIndex          uint64 `zeek:"sender_index"`
	UnencryptedEphemeral []byte `zeek:"unencrypted_ephemeral"` // 32 bytes
	EncryptedStatic      []byte `zeek:"encrypted_static"`      // 48 bytes
	EncryptedTimestamp   []byte `zeek:"encrypted_timestamp"`   // 28 bytes
	MAC1                 []byte `zeek:"mac1"`                  // 16 bytes, as MAC2
	MAC2                 []byte `zeek:"mac2"`
}

// WireGuardHandshakeResponse is raised for the second message of a handshake of WireGuard.
//
//wirelog:event Wireguard::handshake_response section=WireGuard own
type WireGuardHandshakeResponse struct {
	Conn                 Conn   `zeek:"c"`
	IsOrig               bool   `zeek:"is_orig"`
	SenderIndex          uint64 `zeek:"sender_index"`
	ReceiverIndex        uint64 `zeek:"receiver_index"`        // the initiation's sender_index
	UnencryptedEphemeral []byte `zeek:"unencrypted_ephemeral"` // 32 bytes
	EncryptedNothing     []byte `zeek:"encrypted_nothing"`     // 16 bytes
	MAC1                 []byte `zeek:"mac1"`                  // 16 bytes, as MAC2
	MAC2                 []byte `zeek:"mac2"`
}

// WireGuardPacketCookieReply is raised for the answer of a WireGuard peer under load.
//
//wirelog:event Wireguard::packet_cookie_reply section=WireGuard own
type WireGuardPacketCookieReply struct {
	Conn            Conn   `zeek:"c"`
	IsOrig          bool   `zeek:"is_orig"`
	ReceiverIndex   uint64 `zeek:"receiver_index"`
	Nonce           []byte `zeek:"nonce"`            // 24 bytes
	EncryptedCookie []byte `zeek:"encrypted_cookie"` // 32 bytes
}

// WireGuardPacketData is raised for every message of WireGuard that carries a packet, or
// nothing, to keep the session alive.
//
//wirelog:event Wireguard::packet_data section=WireGuard own
type WireGuardPacketData struct {
	Conn                     Conn   `zeek:"c"`
	IsOrig                   bool   `zeek:"is_orig"`
	ReceiverIndex            uint64 `zeek:"receiver_index"`
	KeyCounter               uint64 `zeek:"key_counter"`                // of messages with the key
	EncapsulatedPacketLength uint64 `zeek:"encapsulated_packet_length"` // bytes, with padding and tag
}

// WireGuardTailscaleDiscoveryMessage is raised for every message with which nodes of Tailscale
// look for paths, beside WireGuard (package disco of Tailscale).
//
//wirelog:event Wireguard::tailscale_discovery_message section=WireGuard own
type WireGuardTailscaleDiscoveryMessage struct {
	Conn           Conn   `zeek:"c"`
	IsOrig         bool   `zeek:"is_orig"`
	SenderDiscoPub []byte `zeek:"senderDiscoPub"` // public key of the sender, 32 bytes
}
