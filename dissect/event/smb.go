package event

// SMBMACTimes are the four times of a file.
//
//wirelog:record SMB::MACTimes
type SMBMACTimes struct {
	// Each time, in seconds since 1970 with Zeek's precision, is followed by its
	// FILETIME, in units of 100 nanoseconds since 1601 (MS-DTYP section 2.3.3).
	Modified    float64 `zeek:"modified" type:"time"` // contents were written
	ModifiedRaw uint64  `zeek:"modified_raw"`
	Accessed    float64 `zeek:"accessed" type:"time"`
	AccessedRaw uint64  `zeek:"accessed_raw"`
	Created     float64 `zeek:"created" type:"time"`
	CreatedRaw  uint64  `zeek:"created_raw"`
	Changed     float64 `zeek:"changed" type:"time"` // contents or attributes were written
	ChangedRaw  uint64  `zeek:"changed_raw"`
}

// FileTime is a FILETIME in seconds since 1970, as Zeek computes it.
func FileTime(raw uint64) float64 { return float64(raw)/10_000_000 - 11_644_473_600 }

// MakeSMBMACTimes returns the four times of a file from their FILETIMEs.
func MakeSMBMACTimes(modified, accessed, created, changed uint64) SMBMACTimes {
	return SMBMACTimes{
		Modified: FileTime(modified), ModifiedRaw: modified,
		Accessed: FileTime(accessed), AccessedRaw: accessed,
		Created: FileTime(created), CreatedRaw: created,
		Changed: FileTime(changed), ChangedRaw: changed,
	}
}

// SMBPipeConnectHeuristic is raised when an SMB file is taken for a named pipe because of
// its name, as the connection to its tree was not seen.
//
//wirelog:event smb_pipe_connect_heuristic section=SMB
type SMBPipeConnectHeuristic struct {
	Conn Conn `zeek:"c"`
}

// SMBDiscardedDCERPCAnalyzers is raised when a connection has too many named pipes open,
// and the analyzer stops following them.
//
//wirelog:event smb_discarded_dce_rpc_analyzers section=SMB own
type SMBDiscardedDCERPCAnalyzers struct {
	Conn Conn `zeek:"c"`
}

// SMB2DiscardedMessagesState is raised when a connection has too many SMB2 requests
// without an answer; the requests and the open files are forgotten.
//
//wirelog:event smb2_discarded_messages_state section=SMB own
type SMB2DiscardedMessagesState struct {
	Conn  Conn   `zeek:"c"`
	State string `zeek:"state"` // the kind of state over its limit: "tree"
}
