package schemas

// Analyzer is an analyzer that gave up because of its input.
//
//wirelog:log analyzer
type Analyzer struct {
	// Time of the violation.
	TS Time `zeek:"ts"`
	// Kind of analyzer: packet, file or protocol.
	AnalyzerKind string `zeek:"analyzer_kind"`
	// Name of the analyzer.
	AnalyzerName string `zeek:"analyzer_name"`
	// Unique identifier of the connection, if there is one.
	UID Opt[string] `zeek:"uid"`
	// Unique identifier of the file, if there is one.
	FUID Opt[string] `zeek:"fuid"`
	// The endpoints of the connection, if there is one.
	ID Opt[ID] `zeek:"id"`
	// Transport protocol of the connection, if there is one.
	Proto Opt[Enum] `zeek:"proto"`
	// Why the analyzer gave up.
	FailureReason string `zeek:"failure_reason"`
	// The bytes that made it give up, shortened.
	FailureData Opt[string] `zeek:"failure_data"`
}
