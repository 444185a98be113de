package event

// ConnBytesThresholdCrossed is raised when one side has sent as many bytes,
// IP headers included, as Conn.SetBytesThreshold asked to be told of.
//
//wirelog:event conn_bytes_threshold_crossed section=ConnSize
type ConnBytesThresholdCrossed struct {
	Conn      Conn   `zeek:"c"`
	Threshold uint64 `zeek:"threshold"` // what was asked for, in bytes
	IsOrig    bool   `zeek:"is_orig"`   // the originator crossed it
}

// ConnPacketsThresholdCrossed is raised when one side has sent as many packets
// as Conn.SetPacketsThreshold asked to be told of.
//
//wirelog:event conn_packets_threshold_crossed section=ConnSize
type ConnPacketsThresholdCrossed struct {
	Conn      Conn   `zeek:"c"`
	Threshold uint64 `zeek:"threshold"` // what was asked for, in packets
	IsOrig    bool   `zeek:"is_orig"`   // the originator crossed it
}
