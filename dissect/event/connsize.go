package event

// ConnBytesThresholdCrossed is raised when one side has sent as many bytes,
// IP headers included, as Conn.SetBytesThreshold asked for.
//
//wirelog:event conn_bytes_threshold_crossed section=ConnSize
type ConnBytesThresholdCrossed struct {
	Conn      Conn   `zeek:"c"`
	Threshold uint64 `zeek:"threshold"` // as it was set, in bytes
	IsOrig    bool   `zeek:"is_orig"`   // the originator crossed it
}

// ConnPacketsThresholdCrossed is raised when one side has sent as many packets
// as Conn.SetPacketsThreshold asked for.
//
//wirelog:event conn_packets_threshold_crossed section=ConnSize
type ConnPacketsThresholdCrossed struct {
	Conn      Conn   `zeek:"c"`
	Threshold uint64 `zeek:"threshold"` // as it was set, in packets
	IsOrig    bool   `zeek:"is_orig"`   // the originator crossed it
}
