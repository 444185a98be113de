package event

// BackdoorRemoveConn is raised when a connection that BackDoor has watched ends, after its
// last BackdoorStats.
//
//wirelog:event backdoor_remove_conn section=BackDoor deprecated
type BackdoorRemoveConn struct {
	Conn Conn `zeek:"c"`
}

// BackdoorStats is raised from time to time, and at the end of a connection that BackDoor
// watches, with counts of both sides from which interactive use can be guessed.
//
//wirelog:event backdoor_stats section=BackDoor deprecated
type BackdoorStats struct {
	Conn Conn              `zeek:"c"`
	OS   BackdoorEndpStats `zeek:"os"` // of the originator
	RS   BackdoorEndpStats `zeek:"rs"` // of the responder
}

// BackdoorEndpStats counts what one side has sent. A packet is a piece of the stream as
// reassembly delivers it.
//
//wirelog:record backdoor_endp_stats
type BackdoorEndpStats struct {
	IsPartial bool `zeek:"is_partial"` // the beginning of the connection was not seen
	// The packets leave out the first one, and one that begins with the version of SSH.
	NumPkts        uint64 `zeek:"num_pkts"`
	Num8k0Pkts     uint64 `zeek:"num_8k0_pkts"`     // of 16 to 127 bytes, a multiple of 8
	Num8k4Pkts     uint64 `zeek:"num_8k4_pkts"`     // of up to 127 bytes, 4 more than a multiple of 8
	NumLines       uint64 `zeek:"num_lines"`        // line ends
	NumNormalLines uint64 `zeek:"num_normal_lines"` // lines of at most 80 bytes
	NumBytes       uint64 `zeek:"num_bytes"`        // without Telnet's commands
	Num7bitASCII   uint64 `zeek:"num_7bit_ascii"`   // bytes from 1 to 127, line ends aside
}

// FTPSignatureFound is raised when a server's first bytes are FTP's reply 220 or 421.
//
//wirelog:event ftp_signature_found section=BackDoor deprecated
type FTPSignatureFound struct {
	Conn Conn `zeek:"c"`
}

// GnutellaSignatureFound is raised when the first bytes of a side are those of Gnutella's
// handshake.
//
//wirelog:event gnutella_signature_found section=BackDoor deprecated
type GnutellaSignatureFound struct {
	Conn Conn `zeek:"c"`
}

// HTTPProxySignatureFound is raised after HTTPSignatureFound if the request names a whole
// URI, as one to a proxy does.
//
//wirelog:event http_proxy_signature_found section=BackDoor deprecated
type HTTPProxySignatureFound struct {
	Conn Conn `zeek:"c"`
}

// HTTPSignatureFound is raised when the first bytes of a side are the method GET, HEAD or
// POST of an HTTP request.
//
//wirelog:event http_signature_found section=BackDoor deprecated
type HTTPSignatureFound struct {
	Conn Conn `zeek:"c"`
}

// IRCSignatureFound is raised when the first bytes of a side are a command of IRC.
//
//wirelog:event irc_signature_found section=BackDoor deprecated
type IRCSignatureFound struct {
	Conn Conn `zeek:"c"`
}

// RloginSignatureFound is raised once for a side that begins like rlogin, with strings
// that end in NUL bytes (RFC 1282).
//
//wirelog:event rlogin_signature_found section=BackDoor deprecated
type RloginSignatureFound struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`  // the originator's bytes
	NumNull uint64 `zeek:"num_null"` // NUL bytes so far, at most 4
	Len     uint64 `zeek:"len"`      // bytes of the responder's first packet; 0 for the originator
}

// SMTPSignatureFound is raised when the first bytes of a side are SMTP's HELO or EHLO.
//
//wirelog:event smtp_signature_found section=BackDoor deprecated
type SMTPSignatureFound struct {
	Conn Conn `zeek:"c"`
}

// SSHSignatureFound is raised when the first bytes of a side are the version of SSH (RFC
// 4253 section 4.2).
//
//wirelog:event ssh_signature_found section=BackDoor deprecated
type SSHSignatureFound struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"` // the originator's bytes
}

// TelnetSignatureFound is raised for every packet that begins with the negotiation of a
// Telnet option (RFC 854).
//
//wirelog:event telnet_signature_found section=BackDoor deprecated
type TelnetSignatureFound struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"` // the originator's bytes
	Len    uint64 `zeek:"len"`     // bytes of the packet
}

// InterconnRemoveConn is raised when a connection that InterConn has watched ends, after
// its last InterconnStats.
//
//wirelog:event interconn_remove_conn section=InterConn deprecated
type InterconnRemoveConn struct {
	Conn Conn `zeek:"c"`
}

// InterconnStats is raised from time to time, and at the end of a connection that
// InterConn watches, with counts of both sides, keystrokes among them.
//
//wirelog:event interconn_stats section=InterConn deprecated
type InterconnStats struct {
	Conn Conn               `zeek:"c"`
	OS   InterconnEndpStats `zeek:"os"` // of the originator
	RS   InterconnEndpStats `zeek:"rs"` // of the responder
}

// InterconnEndpStats counts what one side has sent. A packet is a piece of the stream as
// reassembly delivers it; a keystroke is a packet of at most 20 bytes.
//
//wirelog:record interconn_endp_stats
type InterconnEndpStats struct {
	NumPkts                uint64 `zeek:"num_pkts"`
	NumKeystrokesTwoInRow  uint64 `zeek:"num_keystrokes_two_in_row"` // keystrokes that follow one
	NumNormalInterarrivals uint64 `zeek:"num_normal_interarrivals"`  // of these, those after 0.01 to 2 seconds
	Num8k0Pkts             uint64 `zeek:"num_8k0_pkts"`              // keystrokes of 16 bytes
	Num8k4Pkts             uint64 `zeek:"num_8k4_pkts"`              // keystrokes of 4, 12 or 20 bytes
	IsPartial              bool   `zeek:"is_partial"`                // the beginning of the connection was not seen
	NumBytes               uint64 `zeek:"num_bytes"`
	Num7bitASCII           uint64 `zeek:"num_7bit_ascii"` // bytes from 1 to 127, line ends aside
	NumLines               uint64 `zeek:"num_lines"`
	NumNormalLines         uint64 `zeek:"num_normal_lines"` // lines of at most 80 bytes
}

// STPCreateEndp is raised when SteppingStone begins to watch a side of a connection. The
// events of SteppingStone relate connections of different shards, so they are raised
// behind the merge; see pipeline.Extension.
//
//wirelog:event stp_create_endp section=SteppingStone deprecated
type STPCreateEndp struct {
	// Conn has only what identifies the connection, and its time.
	Conn   Conn  `zeek:"c"`
	E      int64 `zeek:"e"`       // number of the side
	IsOrig bool  `zeek:"is_orig"` // the originator's
}

// STPResumeEndp is raised when a side that SteppingStone watches sends for the first time,
// or again after silence.
//
//wirelog:event stp_resume_endp section=SteppingStone
type STPResumeEndp struct {
	E int64 `zeek:"e"` // number of the side
}

// STPCorrelatePair is raised when two sides of different connections begin to send shortly
// after each other.
//
//wirelog:event stp_correlate_pair section=SteppingStone
type STPCorrelatePair struct {
	E1 int64 `zeek:"e1"` // the side that was first
	E2 int64 `zeek:"e2"`
}

// STPRemovePair is raised when one side of a pair is forgotten, once for each pair that
// STPCorrelatePair has named.
//
//wirelog:event stp_remove_pair section=SteppingStone
type STPRemovePair struct {
	E1 int64 `zeek:"e1"` // as in STPCorrelatePair
	E2 int64 `zeek:"e2"`
}

// STPRemoveEndp is raised when SteppingStone forgets a side, after the end of its
// connection.
//
//wirelog:event stp_remove_endp section=SteppingStone
type STPRemoveEndp struct {
	E int64 `zeek:"e"` // number of the side
}

// On reports whether anybody listens to an event of the section.
func (s *BackDoorEvents) On() bool {
	return s.BackdoorRemoveConn.On() || s.BackdoorStats.On() || s.FTPSignatureFound.On() || s.GnutellaSignatureFound.On() ||
		s.HTTPProxySignatureFound.On() || s.HTTPSignatureFound.On() || s.IRCSignatureFound.On() || s.RloginSignatureFound.On() ||
		s.SMTPSignatureFound.On() || s.SSHSignatureFound.On() || s.TelnetSignatureFound.On()
}

// On reports whether anybody listens to an event of the section.
func (s *InterConnEvents) On() bool { return s.InterconnRemoveConn.On() || s.InterconnStats.On() }

// On reports whether anybody listens to an event of the section.
func (s *SteppingStoneEvents) On() bool {
	return s.STPCreateEndp.On() || s.STPResumeEndp.On() || s.STPCorrelatePair.On() || s.STPRemovePair.On() || s.STPRemoveEndp.On()
}
