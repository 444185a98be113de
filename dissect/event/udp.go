package event

// UDPRequest is raised for every UDP packet from the originator.
//
//wirelog:event udp_request section=UDP
type UDPRequest struct {
	Conn Conn `zeek:"u"`
}

// UDPReply is raised for every UDP packet from the responder.
//
//wirelog:event udp_reply section=UDP
type UDPReply struct {
	Conn Conn `zeek:"u"`
}

// UDPContents is raised for every UDP packet of a flow whose contents are asked
// for (Zeek's udp_content_deliver_all_orig, udp_content_deliver_all_resp and port
// lists), empty packets included.
//
//wirelog:event udp_contents section=UDP
type UDPContents struct {
	Conn     Conn   `zeek:"u"`
	IsOrig   bool   `zeek:"is_orig"`  // sent by the originator
	Contents []byte `zeek:"contents"` // payload, valid inside the call
}

// UDPMultipleChecksumErrors is raised when the number of UDP packets with a
// wrong checksum from one side reaches 10, 100 and so on, as the history's 'C'
// does.
//
//wirelog:event udp_multiple_checksum_errors section=UDP
type UDPMultipleChecksumErrors struct {
	Conn      Conn   `zeek:"u"`
	IsOrig    bool   `zeek:"is_orig"`   // the originator's packets
	Threshold uint64 `zeek:"threshold"` // number of packets that was reached
}
