package schemas

import "github.com/wirelog/wirelog/value"

// Analyzer is an analyzer that gave up because of its input.
//
//wirelog:log analyzer
type Analyzer struct {
	// Time of the violation.
	TS value.Time `zeek:"ts"`
	// Kind of analyzer: packet, file or protocol.
	AnalyzerKind string `zeek:"analyzer_kind"`
	// Name of the analyzer.
	AnalyzerName string `zeek:"analyzer_name"`
	// Unique identifier of the connection, if there is one.
	UID value.Opt[string] `zeek:"uid"`
	// Unique identifier of the file, if there is one.
	FUID value.Opt[string] `zeek:"fuid"`
	// The endpoints of the connection, if there is one.
	ID value.Opt[ID] `zeek:"id"`
	// Transport protocol of the connection, if there is one.
	Proto value.Opt[value.Enum] `zeek:"proto"`
	// Why the analyzer gave up.
	FailureReason string `zeek:"failure_reason"`
	// The bytes that made it give up, shortened.
	FailureData value.Opt[string] `zeek:"failure_data"`
	*Flow
}
