package event

import "github.com/wirelog/wirelog/value"

// AnalyzerConfirmationInfo is raised once a connection or file when an analyzer
// is sure that it has its protocol or format before it.
//
//wirelog:event analyzer_confirmation_info section=Analyzer
type AnalyzerConfirmationInfo struct {
	// AType is the analyzer, such as "Analyzer::ANALYZER_HTTP",
	// "PacketAnalyzer::ANALYZER_VXLAN" or "Files::ANALYZER_PE".
	AType value.Enum       `zeek:"atype" type:"AllAnalyzers::Tag"`
	Info  ConfirmationInfo `zeek:"info"`
	// Conn and File are what the analyzer was working on; either may be nil.
	Conn Conn `zeek:"-"`
	File File `zeek:"-"`
}

// ConfirmationInfo says what AnalyzerConfirmationInfo is about; connection and
// file stand in the event itself.
//
//wirelog:record AnalyzerConfirmationInfo
type ConfirmationInfo struct {
	AID value.Opt[uint64] `zeek:"aid"` // number of the analyzer's instance
}

// AnalyzerViolationInfo is raised when an analyzer meets what its protocol or
// format does not allow. It is taken off the connection or file thereafter.
//
//wirelog:event analyzer_violation_info section=Analyzer
type AnalyzerViolationInfo struct {
	// AType is the analyzer, as in AnalyzerConfirmationInfo.
	AType value.Enum    `zeek:"atype" type:"AllAnalyzers::Tag"`
	Info  ViolationInfo `zeek:"info"`
	// Conn and File are what the analyzer was working on; either may be nil.
	Conn Conn `zeek:"-"`
	File File `zeek:"-"`
	// Tolerated tells that the violation has no consequence.
	Tolerated bool `zeek:"-"`
}

// ViolationInfo says what was wrong; connection and file stand in the event itself.
//
//wirelog:record AnalyzerViolationInfo
type ViolationInfo struct {
	Reason []byte            `zeek:"reason"` // for people, valid inside the call
	AID    value.Opt[uint64] `zeek:"aid"`    // number of the analyzer's instance
	Data   value.Opt[[]byte] `zeek:"data"`   // bytes that were wrong, valid inside the call
}
