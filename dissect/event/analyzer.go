package event

import "github.com/wirelog/wirelog/value"

// AnalyzerConfirmationInfo is raised once per connection or file, when an
// analyzer is sure of its protocol or format.
//
//wirelog:event analyzer_confirmation_info section=Analyzer
type AnalyzerConfirmationInfo struct {
	// AType is the analyzer, such as "Analyzer::ANALYZER_HTTP",
	// "PacketAnalyzer::ANALYZER_VXLAN" or "Files::ANALYZER_PE".
	AType value.Enum       `zeek:"atype" type:"AllAnalyzers::Tag"`
	Info  ConfirmationInfo `zeek:"info"`
	// Conn and File are the connection and file that were analyzed; either may be nil.
	Conn Conn `zeek:"-"`
	File File `zeek:"-"`
}

// ConfirmationInfo has the details of AnalyzerConfirmationInfo; the event
// itself has connection and file.
//
//wirelog:record AnalyzerConfirmationInfo
type ConfirmationInfo struct {
	AID value.Opt[uint64] `zeek:"aid"` // number of the analyzer's instance
}

// AnalyzerViolationInfo is raised when an analyzer finds data that its protocol
// or format does not allow. The analyzer is then removed from the connection or
// file.
//
//wirelog:event analyzer_violation_info section=Analyzer
type AnalyzerViolationInfo struct {
	// AType is the analyzer, as in AnalyzerConfirmationInfo.
	AType value.Enum    `zeek:"atype" type:"AllAnalyzers::Tag"`
	Info  ViolationInfo `zeek:"info"`
	// Conn and File are the connection and file that were analyzed; either may be nil.
	Conn Conn `zeek:"-"`
	File File `zeek:"-"`
	// Tolerated is set if the violation has no consequence.
	Tolerated bool `zeek:"-"`
}

// ViolationInfo describes a violation; its connection and file are in the event itself.
//
//wirelog:record AnalyzerViolationInfo
type ViolationInfo struct {
	Reason []byte            `zeek:"reason"` // for human readers, valid inside the call
	AID    value.Opt[uint64] `zeek:"aid"`    // number of the analyzer's instance
	Data   value.Opt[[]byte] `zeek:"data"`   // bytes that were wrong, valid inside the call
}

// ProtocolLateMatch is raised when a signature names the protocol of a connection
// after its first bytes can no longer be given to the analyzer, which is only looked
// for if Zeek's dpd_match_only_beginning is off.
//
//wirelog:event protocol_late_match section=Analyzer
type ProtocolLateMatch struct {
	Conn  Conn       `zeek:"c"`
	AType value.Enum `zeek:"atype" type:"Analyzer::Tag"` // such as "Analyzer::ANALYZER_HTTP"
}
