package event

// SMB2CreateRequest is raised for an SMB2 request to open or make a file, directory or
// pipe (MS-SMB2 section 2.2.13).
//
//wirelog:event smb2_create_request section=SMB
type SMB2CreateRequest struct {
	Conn    Conn           `zeek:"c"`
	Hdr     SMB2Header     `zeek:"hdr"`
	Request SMB2CreateArgs `zeek:"request"`
}

// SMB2CreateArgs are the arguments of a request to open a file.
//
//wirelog:record SMB2::CreateRequest
type SMB2CreateArgs struct {
	Filename      []byte `zeek:"filename"`    // in UTF-8, relative to the share; valid inside the call
	Disposition   uint64 `zeek:"disposition"` // what to do if the file exists
	CreateOptions uint64 `zeek:"create_options"`
}

// SMB2CreateResponse is raised for an SMB2 reply to a request to open a file (MS-SMB2
// section 2.2.14).
//
//wirelog:event smb2_create_response section=SMB
type SMB2CreateResponse struct {
	Conn     Conn             `zeek:"c"`
	Hdr      SMB2Header       `zeek:"hdr"`
	Response SMB2CreateResult `zeek:"response"`
}

// SMB2CreateResult is the file that was opened.
//
//wirelog:record SMB2::CreateResponse
type SMB2CreateResult struct {
	FileID       SMB2GUID      `zeek:"file_id"`
	Size         uint64        `zeek:"size"` // bytes
	Times        SMBMACTimes   `zeek:"times"`
	Attrs        SMB2FileAttrs `zeek:"attrs"`
	CreateAction uint64        `zeek:"create_action"` // action that was taken
}

// SMB2CloseRequest is raised for an SMB2 request to close a file (MS-SMB2 section 2.2.15).
//
//wirelog:event smb2_close_request section=SMB
type SMB2CloseRequest struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB2Header `zeek:"hdr"`
	FileID SMB2GUID   `zeek:"file_id"`
}

// SMB2CloseResponse is raised for an SMB2 reply to a request to close a file (MS-SMB2
// section 2.2.16).
//
//wirelog:event smb2_close_response section=SMB
type SMB2CloseResponse struct {
	Conn     Conn            `zeek:"c"`
	Hdr      SMB2Header      `zeek:"hdr"`
	Response SMB2CloseResult `zeek:"response"`
}

// SMB2CloseResult describes a file that is closed, if the client asked for it.
//
//wirelog:record SMB2::CloseResponse
type SMB2CloseResult struct {
	AllocSize uint64        `zeek:"alloc_size"` // bytes on the disk
	EOF       uint64        `zeek:"eof"`        // bytes of the file
	Times     SMBMACTimes   `zeek:"times"`
	Attrs     SMB2FileAttrs `zeek:"attrs"`
}

// SMB2ReadRequest is raised for an SMB2 request to read (MS-SMB2 section 2.2.19). What is
// read goes to file analysis, or to the analyzer of a named pipe.
//
//wirelog:event smb2_read_request section=SMB
type SMB2ReadRequest struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB2Header `zeek:"hdr"`
	FileID SMB2GUID   `zeek:"file_id"`
	Offset uint64     `zeek:"offset"` // in the file
	Length uint64     `zeek:"length"` // bytes
}

// SMB2WriteRequest is raised for an SMB2 request to write (MS-SMB2 section 2.2.21). What
// is written goes to file analysis, or to the analyzer of a named pipe.
//
//wirelog:event smb2_write_request section=SMB
type SMB2WriteRequest struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB2Header `zeek:"hdr"`
	FileID SMB2GUID   `zeek:"file_id"`
	Offset uint64     `zeek:"offset"` // in the file
	Length uint64     `zeek:"length"` // bytes
}

// SMB2FileRename is raised for an SMB2 request to rename a file (MS-FSCC section 2.4.43.2).
//
//wirelog:event smb2_file_rename section=SMB
type SMB2FileRename struct {
	Conn        Conn       `zeek:"c"`
	Hdr         SMB2Header `zeek:"hdr"`
	FileID      SMB2GUID   `zeek:"file_id"`
	DstFilename []byte     `zeek:"dst_filename"` // in UTF-8; valid inside the call
}

// SMB2FileDelete is raised for an SMB2 request to delete a file on close, or to keep it
// (MS-FSCC section 2.4.11). It is also raised for the reply to a request that opens a
// file with deletion on close.
//
//wirelog:event smb2_file_delete section=SMB
type SMB2FileDelete struct {
	Conn          Conn       `zeek:"c"`
	Hdr           SMB2Header `zeek:"hdr"`
	FileID        SMB2GUID   `zeek:"file_id"`
	DeletePending bool       `zeek:"delete_pending"`
}

// SMB2FileSattr is raised for an SMB2 request to set times and attributes of a file
// (MS-FSCC section 2.4.7).
//
//wirelog:event smb2_file_sattr section=SMB
type SMB2FileSattr struct {
	Conn   Conn          `zeek:"c"`
	Hdr    SMB2Header    `zeek:"hdr"`
	FileID SMB2GUID      `zeek:"file_id"`
	Times  SMBMACTimes   `zeek:"times"` // 0 for times that do not change
	Attrs  SMB2FileAttrs `zeek:"attrs"`
}
