package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// NTPStandardMessage is the body of an NTP message of modes 1 to 5 (RFC 5905 section 7.3).
//
//wirelog:record NTP::StandardMessage
type NTPStandardMessage struct {
	Stratum   uint64                `zeek:"stratum"`
	Poll      value.Interval        `zeek:"poll"`       // the most between two messages, in seconds
	Precision value.Interval        `zeek:"precision"`  // of the clock, in seconds
	RootDelay value.Interval        `zeek:"root_delay"` // round trip to the reference clock, in seconds
	RootDisp  value.Interval        `zeek:"root_disp"`  // dispersion to the reference clock, in seconds
	KissCode  value.Opt[[]byte]     `zeek:"kiss_code"`  // reference ID for stratum 0, valid inside the call
	RefID     value.Opt[[]byte]     `zeek:"ref_id"`     // reference ID for stratum 1, valid inside the call
	RefAddr   value.Opt[netip.Addr] `zeek:"ref_addr"`   // reference ID otherwise
	RefTime   value.Time            `zeek:"ref_time"`   // when the clock was last set, in whole microseconds; 0 if unset, as the next ones
	OrgTime   value.Time            `zeek:"org_time"`   // when the request left the client
	RecTime   value.Time            `zeek:"rec_time"`   // when it reached the server
	XmtTime   value.Time            `zeek:"xmt_time"`   // when the message was sent
	KeyID     value.Opt[uint64]     `zeek:"key_id"`     // of the key of Digest
	Digest    value.Opt[[]byte]     `zeek:"digest"`     // 16 or 20 bytes, valid inside the call
	NumExts   uint64                `zeek:"num_exts"`   // extension fields (section 7.5)
}

// NTPControlMessage is the body of an NTP message of mode 6 (RFC 1119 appendix B, RFC 9327).
//
//wirelog:record NTP::ControlMessage
type NTPControlMessage struct {
	OpCode         uint64            `zeek:"op_code"`
	RespBit        bool              `zeek:"resp_bit"` // a response
	ErrBit         bool              `zeek:"err_bit"`  // an error
	MoreBit        bool              `zeek:"more_bit"` // not the last fragment
	Sequence       uint64            `zeek:"sequence"`
	Status         uint64            `zeek:"status"` // of system, peer or clock
	AssociationID  uint64            `zeek:"association_id"`
	Data           value.Opt[[]byte] `zeek:"data"`   // valid inside the call
	KeyID          value.Opt[uint64] `zeek:"key_id"` // of the key of CryptoChecksum
	CryptoChecksum value.Opt[[]byte] `zeek:"crypto_checksum"`
}

// NTPMode7Message is the body of an NTP message of mode 7, which is private to the
// implementation; its form is ntpd's (ntp_request.h of NTP 4.2.8).
//
//wirelog:record NTP::Mode7Message
type NTPMode7Message struct {
	ReqCode        uint64            `zeek:"req_code"`
	AuthBit        bool              `zeek:"auth_bit"` // the message is authenticated
	Sequence       uint64            `zeek:"sequence"` // number of the packet in its response
	Implementation uint64            `zeek:"implementation"`
	Err            uint64            `zeek:"err"`
	Data           value.Opt[[]byte] `zeek:"data"` // valid inside the call
}

// NTPMessageData is an NTP message with the body of its mode, if that is known.
//
//wirelog:record NTP::Message
type NTPMessageData struct {
	Version    uint64                        `zeek:"version"`
	Mode       uint64                        `zeek:"mode"`
	StdMsg     value.Opt[NTPStandardMessage] `zeek:"std_msg"`
	ControlMsg value.Opt[NTPControlMessage]  `zeek:"control_msg"`
	Mode7Msg   value.Opt[NTPMode7Message]    `zeek:"mode7_msg"`
}

// NTPMessage is raised for every NTP message, of standard, control or private mode.
//
//wirelog:event ntp_message section=NTP
type NTPMessage struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"` // before a change of roles that the message causes
	Msg    NTPMessageData `zeek:"msg"`
}
