package event

// SMB1NTCreateAndXRequest is raised for a request SMB_COM_NT_CREATE_ANDX, which opens or
// makes a file, directory or pipe (MS-CIFS section 2.2.4.64.1).
//
//wirelog:event smb1_nt_create_andx_request section=SMB
type SMB1NTCreateAndXRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB1Header `zeek:"hdr"`
	FileName []byte     `zeek:"file_name"` // path within the share; valid inside the call
}

// SMB1NTCreateAndXResponse is raised for a response SMB_COM_NT_CREATE_ANDX (MS-CIFS
// section 2.2.4.64.2).
//
//wirelog:event smb1_nt_create_andx_response section=SMB
type SMB1NTCreateAndXResponse struct {
	Conn     Conn        `zeek:"c"`
	Hdr      SMB1Header  `zeek:"hdr"`
	FileID   uint64      `zeek:"file_id"`   // FID, which names the file until it is closed
	FileSize uint64      `zeek:"file_size"` // bytes
	Times    SMBMACTimes `zeek:"times"`
}

// SMB1ReadAndXRequest is raised for a request SMB_COM_READ_ANDX (MS-CIFS section
// 2.2.4.42.1, MS-SMB section 2.2.4.2.1).
//
//wirelog:event smb1_read_andx_request section=SMB
type SMB1ReadAndXRequest struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB1Header `zeek:"hdr"`
	FileID uint64     `zeek:"file_id"`
	Offset uint64     `zeek:"offset"` // bytes
	Length uint64     `zeek:"length"` // bytes asked for
}

// SMB1ReadAndXResponse is raised for a response SMB_COM_READ_ANDX (MS-CIFS section
// 2.2.4.42.2). What was read goes to file analysis or to the pipe's analyzer.
//
//wirelog:event smb1_read_andx_response section=SMB
type SMB1ReadAndXResponse struct {
	Conn    Conn       `zeek:"c"`
	Hdr     SMB1Header `zeek:"hdr"`
	DataLen uint64     `zeek:"data_len"` // bytes that were read
}

// SMB1WriteAndXRequest is raised for a request SMB_COM_WRITE_ANDX (MS-CIFS section
// 2.2.4.43.1, MS-SMB section 2.2.4.3.1). What is written goes to file analysis or to the
// pipe's analyzer.
//
//wirelog:event smb1_write_andx_request section=SMB
type SMB1WriteAndXRequest struct {
	Conn    Conn       `zeek:"c"`
	Hdr     SMB1Header `zeek:"hdr"`
	FileID  uint64     `zeek:"file_id"`
	Offset  uint64     `zeek:"offset"`   // bytes
	DataLen uint64     `zeek:"data_len"` // bytes to be written
}

// SMB1WriteAndXResponse is raised for a response SMB_COM_WRITE_ANDX (MS-CIFS section
// 2.2.4.43.2).
//
//wirelog:event smb1_write_andx_response section=SMB
type SMB1WriteAndXResponse struct {
	Conn         Conn       `zeek:"c"`
	Hdr          SMB1Header `zeek:"hdr"`
	WrittenBytes uint64     `zeek:"written_bytes"`
}

// SMB1CloseRequest is raised for a request SMB_COM_CLOSE of an open file (MS-CIFS
// section 2.2.4.5.1).
//
//wirelog:event smb1_close_request section=SMB
type SMB1CloseRequest struct {
	Conn   Conn       `zeek:"c"`
	Hdr    SMB1Header `zeek:"hdr"`
	FileID uint64     `zeek:"file_id"`
}

// SMB1CheckDirectoryRequest is raised for a request SMB_COM_CHECK_DIRECTORY, which
// asks whether a path is a directory (MS-CIFS section 2.2.4.17.1).
//
//wirelog:event smb1_check_directory_request section=SMB
type SMB1CheckDirectoryRequest struct {
	Conn          Conn       `zeek:"c"`
	Hdr           SMB1Header `zeek:"hdr"`
	DirectoryName []byte     `zeek:"directory_name"` // path within the share; valid inside the call
}

// SMB1CheckDirectoryResponse is raised for a response SMB_COM_CHECK_DIRECTORY that is
// not empty (MS-CIFS section 2.2.4.17.2).
//
//wirelog:event smb1_check_directory_response section=SMB
type SMB1CheckDirectoryResponse struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB1Header `zeek:"hdr"`
}

// SMB1CreateDirectoryRequest is raised for a request SMB_COM_CREATE_DIRECTORY, an old
// way to make a directory (MS-CIFS section 2.2.4.1.1).
//
//wirelog:event smb1_create_directory_request section=SMB deprecated
type SMB1CreateDirectoryRequest struct {
	Conn          Conn       `zeek:"c"`
	Hdr           SMB1Header `zeek:"hdr"`
	DirectoryName []byte     `zeek:"directory_name"` // path within the share; valid inside the call
}

// SMB1CreateDirectoryResponse is raised for a response SMB_COM_CREATE_DIRECTORY that is
// not empty (MS-CIFS section 2.2.4.1.2).
//
//wirelog:event smb1_create_directory_response section=SMB deprecated
type SMB1CreateDirectoryResponse struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB1Header `zeek:"hdr"`
}

// SMB1QueryInformationRequest is raised for a request SMB_COM_QUERY_INFORMATION, an old
// way to ask for attributes of a file (MS-CIFS section 2.2.4.9.1).
//
//wirelog:event smb1_query_information_request section=SMB deprecated
type SMB1QueryInformationRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB1Header `zeek:"hdr"`
	Filename []byte     `zeek:"filename"` // path within the share; valid inside the call
}

// SMB1EchoRequest is raised for a request SMB_COM_ECHO (MS-CIFS section 2.2.4.39.1).
//
//wirelog:event smb1_echo_request section=SMB
type SMB1EchoRequest struct {
	Conn      Conn   `zeek:"c"`
	EchoCount uint64 `zeek:"echo_count"` // responses asked for
	Data      []byte `zeek:"data"`       // valid inside the call
}

// SMB1EchoResponse is raised for every response SMB_COM_ECHO (MS-CIFS section
// 2.2.4.39.2).
//
//wirelog:event smb1_echo_response section=SMB
type SMB1EchoResponse struct {
	Conn   Conn   `zeek:"c"`
	SeqNum uint64 `zeek:"seq_num"` // from 1
	Data   []byte `zeek:"data"`    // of the request; valid inside the call
}

// SMB1NTCancelRequest is raised for a request SMB_COM_NT_CANCEL, which withdraws a
// pending request and has no response (MS-CIFS section 2.2.4.65).
//
//wirelog:event smb1_nt_cancel_request section=SMB
type SMB1NTCancelRequest struct {
	Conn Conn       `zeek:"c"`
	Hdr  SMB1Header `zeek:"hdr"`
}

// SMB1TransactionRequest is raised for a request SMB_COM_TRANSACTION to a named pipe or
// mailslot (MS-CIFS section 2.2.4.33.1).
//
//wirelog:event smb1_transaction_request section=SMB
type SMB1TransactionRequest struct {
	Conn       Conn       `zeek:"c"`
	Hdr        SMB1Header `zeek:"hdr"`
	Name       []byte     `zeek:"name"`       // of the pipe or mailslot; valid inside the call
	SubCmd     uint64     `zeek:"sub_cmd"`    // the first word of the setup
	Parameters []byte     `zeek:"parameters"` // those in this message; valid inside the call
	Data       []byte     `zeek:"data"`       // those in this message; valid inside the call
}

// SMB1TransactionResponse is raised for a response SMB_COM_TRANSACTION (MS-CIFS section
// 2.2.4.33.2).
//
//wirelog:event smb1_transaction_response section=SMB
type SMB1TransactionResponse struct {
	Conn       Conn       `zeek:"c"`
	Hdr        SMB1Header `zeek:"hdr"`
	Parameters []byte     `zeek:"parameters"` // those in this message; valid inside the call
	Data       []byte     `zeek:"data"`       // those in this message; valid inside the call
}

// SMB1TransactionSecondaryRequest is raised for a request SMB_COM_TRANSACTION_SECONDARY,
// the continuation of a transaction (MS-CIFS section 2.2.4.34.1).
//
//wirelog:event smb1_transaction_secondary_request section=SMB
type SMB1TransactionSecondaryRequest struct {
	Conn       Conn             `zeek:"c"`
	Hdr        SMB1Header       `zeek:"hdr"`
	Args       SMB1TransSecArgs `zeek:"args"`
	Parameters []byte           `zeek:"parameters"` // those in this message; valid inside the call
	Data       []byte           `zeek:"data"`       // those in this message; valid inside the call
}

// SMB1TransSecArgs are the numbers of a request SMB_COM_TRANSACTION_SECONDARY, in bytes.
// Offsets count from the message's header, displacements from the beginning of the
// transaction's parameters or data.
//
//wirelog:record SMB1::Trans_Sec_Args
type SMB1TransSecArgs struct {
	TotalParamCount   uint64 `zeek:"total_param_count"`
	TotalDataCount    uint64 `zeek:"total_data_count"`
	ParamCount        uint64 `zeek:"param_count"`
	ParamOffset       uint64 `zeek:"param_offset"`
	ParamDisplacement uint64 `zeek:"param_displacement"`
	DataCount         uint64 `zeek:"data_count"`
	DataOffset        uint64 `zeek:"data_offset"`
	DataDisplacement  uint64 `zeek:"data_displacement"`
}

// SMB1Transaction2Request is raised for a request SMB_COM_TRANSACTION2 (MS-CIFS section
// 2.2.4.46.1), after the event of its subcommand if there is one.
//
//wirelog:event smb1_transaction2_request section=SMB
type SMB1Transaction2Request struct {
	Conn   Conn           `zeek:"c"`
	Hdr    SMB1Header     `zeek:"hdr"`
	Args   SMB1Trans2Args `zeek:"args"`
	SubCmd uint64         `zeek:"sub_cmd"` // TRANS2_*
}

// SMB1Trans2Args are the numbers of a request SMB_COM_TRANSACTION2, counts and offsets
// in bytes. Offsets count from the message's header.
//
//wirelog:record SMB1::Trans2_Args
type SMB1Trans2Args struct {
	TotalParamCount uint64 `zeek:"total_param_count"`
	TotalDataCount  uint64 `zeek:"total_data_count"`
	MaxParamCount   uint64 `zeek:"max_param_count"`
	MaxDataCount    uint64 `zeek:"max_data_count"`
	MaxSetupCount   uint64 `zeek:"max_setup_count"`
	Flags           uint64 `zeek:"flags"`
	Timeout         uint64 `zeek:"trans_timeout"` // milliseconds
	ParamCount      uint64 `zeek:"param_count"`
	ParamOffset     uint64 `zeek:"param_offset"`
	DataCount       uint64 `zeek:"data_count"`
	DataOffset      uint64 `zeek:"data_offset"`
	SetupCount      uint64 `zeek:"setup_count"` // words of two bytes
}

// SMB1Trans2FindFirst2Request is raised for a TRANS2_FIND_FIRST2 request, a search in a
// directory (MS-CIFS section 2.2.6.2.1).
//
//wirelog:event smb1_trans2_find_first2_request section=SMB
type SMB1Trans2FindFirst2Request struct {
	Conn Conn                      `zeek:"c"`
	Hdr  SMB1Header                `zeek:"hdr"`
	Args SMB1FindFirst2RequestArgs `zeek:"args"`
}

// SMB1FindFirst2RequestArgs are the parameters of a TRANS2_FIND_FIRST2 request.
//
//wirelog:record SMB1::Find_First2_Request_Args
type SMB1FindFirst2RequestArgs struct {
	SearchAttrs       uint64 `zeek:"search_attrs"` // attributes that files must have
	SearchCount       uint64 `zeek:"search_count"` // maximum number of results
	Flags             uint64 `zeek:"flags"`
	InfoLevel         uint64 `zeek:"info_level"`
	SearchStorageType uint64 `zeek:"search_storage_type"`
	FileName          []byte `zeek:"file_name"` // to search for, which may have wildcards; valid inside the call
}

// SMB1Trans2QueryPathInfoRequest is raised for a TRANS2_QUERY_PATH_INFORMATION request
// (MS-CIFS section 2.2.6.6.1).
//
//wirelog:event smb1_trans2_query_path_info_request section=SMB
type SMB1Trans2QueryPathInfoRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB1Header `zeek:"hdr"`
	FileName []byte     `zeek:"file_name"` // path within the share; valid inside the call
}

// SMB1Trans2GetDFSReferralRequest is raised for a TRANS2_GET_DFS_REFERRAL request,
// which asks for the true place of a DFS path (MS-CIFS section 2.2.6.16.1, MS-DFSC
// section 2.2.2).
//
//wirelog:event smb1_trans2_get_dfs_referral_request section=SMB
type SMB1Trans2GetDFSReferralRequest struct {
	Conn     Conn       `zeek:"c"`
	Hdr      SMB1Header `zeek:"hdr"`
	FileName []byte     `zeek:"file_name"` // the DFS path; valid inside the call
}

// SMB1Transaction2SecondaryRequest is raised for a request
// SMB_COM_TRANSACTION2_SECONDARY, the continuation of a TRANSACTION2 (MS-CIFS section
// 2.2.4.47.1).
//
//wirelog:event smb1_transaction2_secondary_request section=SMB
type SMB1Transaction2SecondaryRequest struct {
	Conn       Conn              `zeek:"c"`
	Hdr        SMB1Header        `zeek:"hdr"`
	Args       SMB1Trans2SecArgs `zeek:"args"`
	Parameters []byte            `zeek:"parameters"` // those in this message; valid inside the call
	Data       []byte            `zeek:"data"`       // those in this message; valid inside the call
}

// SMB1Trans2SecArgs are the numbers of a request SMB_COM_TRANSACTION2_SECONDARY, as in
// SMB1TransSecArgs.
//
//wirelog:record SMB1::Trans2_Sec_Args
type SMB1Trans2SecArgs struct {
	TotalParamCount   uint64 `zeek:"total_param_count"`
	TotalDataCount    uint64 `zeek:"total_data_count"`
	ParamCount        uint64 `zeek:"param_count"`
	ParamOffset       uint64 `zeek:"param_offset"`
	ParamDisplacement uint64 `zeek:"param_displacement"`
	DataCount         uint64 `zeek:"data_count"`
	DataOffset        uint64 `zeek:"data_offset"`
	DataDisplacement  uint64 `zeek:"data_displacement"`
	FID               uint64 `zeek:"FID"`
}
