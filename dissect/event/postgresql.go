package event

// PostgreSQLSSLRequest is raised when a client asks for TLS (SSLRequest).
//
//wirelog:event PostgreSQL::ssl_request section=PostgreSQL own
type PostgreSQLSSLRequest struct {
	Conn Conn `zeek:"c"`
}

// PostgreSQLSSLReply is raised for the answer to a request for TLS.
//
//wirelog:event PostgreSQL::ssl_reply section=PostgreSQL own
type PostgreSQLSSLReply struct {
	Conn Conn   `zeek:"c"`
	Data []byte `zeek:"data"` // S for TLS, N for none; valid inside the call
}

// PostgreSQLStartupParameter is raised for every parameter of a StartupMessage, before the
// message's own event.
//
//wirelog:event PostgreSQL::startup_parameter section=PostgreSQL own
type PostgreSQLStartupParameter struct {
	Conn  Conn   `zeek:"c"`
	Name  []byte `zeek:"name"`  // such as user, database or application_name; valid inside the call
	Value []byte `zeek:"value"` // valid inside the call
}

// PostgreSQLStartupMessage is raised for the first message of a session (StartupMessage).
//
//wirelog:event PostgreSQL::startup_message section=PostgreSQL own
type PostgreSQLStartupMessage struct {
	Conn  Conn   `zeek:"c"`
	Major uint64 `zeek:"major"` // version of the protocol
	Minor uint64 `zeek:"minor"`
}

// PostgreSQLAuthenticationRequest is raised when a server asks for authentication, such as
// AuthenticationSASL.
//
//wirelog:event PostgreSQL::authentication_request section=PostgreSQL own
type PostgreSQLAuthenticationRequest struct {
	Conn       Conn   `zeek:"c"`
	Identifier uint64 `zeek:"identifier"` // kind of authentication
	Data       []byte `zeek:"data"`       // what follows it; valid inside the call
}

// PostgreSQLAuthenticationOk is raised when a server accepts an authentication
// (AuthenticationOk).
//
//wirelog:event PostgreSQL::authentication_ok section=PostgreSQL own
type PostgreSQLAuthenticationOk struct {
	Conn Conn `zeek:"c"`
}

// PostgreSQLAuthenticationResponse is raised for a client's answer to a request for
// authentication: PasswordMessage, SASLInitialResponse, SASLResponse or GSSResponse.
//
//wirelog:event PostgreSQL::authentication_response section=PostgreSQL own
type PostgreSQLAuthenticationResponse struct {
	Conn Conn   `zeek:"c"`
	Data []byte `zeek:"data"` // the message without its head; valid inside the call
}

// PostgreSQLBackendKeyData is raised for the key with which the session's queries can be
// cancelled (BackendKeyData).
//
//wirelog:event PostgreSQL::backend_key_data section=PostgreSQL own
type PostgreSQLBackendKeyData struct {
	Conn      Conn   `zeek:"c"`
	ProcessID uint64 `zeek:"process_id"`
	SecretKey uint64 `zeek:"secret_key"` // its first 32 bits
}

// PostgreSQLParameterStatus is raised for a parameter that a server reports
// (ParameterStatus).
//
//wirelog:event PostgreSQL::parameter_status section=PostgreSQL own
type PostgreSQLParameterStatus struct {
	Conn  Conn   `zeek:"c"`
	Name  []byte `zeek:"name"`  // such as server_version; valid inside the call
	Value []byte `zeek:"value"` // valid inside the call
}

// PostgreSQLSimpleQuery is raised for a query in the simple protocol (Query).
//
//wirelog:event PostgreSQL::simple_query section=PostgreSQL own
type PostgreSQLSimpleQuery struct {
	Conn  Conn   `zeek:"c"`
	Query []byte `zeek:"query"` // without the final NUL; valid inside the call
}

// PostgreSQLDataRow is raised for every row of a result (DataRow).
//
//wirelog:event PostgreSQL::data_row section=PostgreSQL own
type PostgreSQLDataRow struct {
	Conn         Conn   `zeek:"c"`
	ColumnValues uint64 `zeek:"column_values"` // number of its columns
}

// PostgreSQLErrorResponseIdentifiedField is raised for every field of an error, before
// PostgreSQLErrorResponse (Error and Notice Message Fields).
//
//wirelog:event PostgreSQL::error_response_identified_field section=PostgreSQL own
type PostgreSQLErrorResponseIdentifiedField struct {
	Conn  Conn   `zeek:"c"`
	Code  []byte `zeek:"code"`  // a letter such as M for the message; valid inside the call
	Value []byte `zeek:"value"` // valid inside the call
}

// PostgreSQLErrorResponse is raised for an error that a server reports (ErrorResponse).
//
//wirelog:event PostgreSQL::error_response section=PostgreSQL own
type PostgreSQLErrorResponse struct {
	Conn Conn `zeek:"c"`
}

// PostgreSQLNoticeResponseIdentifiedField is raised for every field of a notice, before
// PostgreSQLNoticeResponse.
//
//wirelog:event PostgreSQL::notice_response_identified_field section=PostgreSQL own
type PostgreSQLNoticeResponseIdentifiedField struct {
	Conn  Conn   `zeek:"c"`
	Code  []byte `zeek:"code"`  // a letter such as M for the message; valid inside the call
	Value []byte `zeek:"value"` // valid inside the call
}

// PostgreSQLNoticeResponse is raised for a warning or note of a server (NoticeResponse).
//
//wirelog:event PostgreSQL::notice_response section=PostgreSQL own
type PostgreSQLNoticeResponse struct {
	Conn Conn `zeek:"c"`
}

// PostgreSQLReadyForQuery is raised when a server is done with a request (ReadyForQuery).
//
//wirelog:event PostgreSQL::ready_for_query section=PostgreSQL own
type PostgreSQLReadyForQuery struct {
	Conn Conn `zeek:"c"`
	// TransactionStatus is I outside a transaction, T inside one and E inside a failed one;
	// valid inside the call.
	TransactionStatus []byte `zeek:"transaction_status"`
}

// PostgreSQLTerminate is raised when a client ends the session (Terminate).
//
//wirelog:event PostgreSQL::terminate section=PostgreSQL own
type PostgreSQLTerminate struct {
	Conn Conn `zeek:"c"`
}

// PostgreSQLNotImplemented is raised for every message that has no event of its own.
//
//wirelog:event PostgreSQL::not_implemented section=PostgreSQL own
type PostgreSQLNotImplemented struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Typ    []byte `zeek:"typ"`   // the letter of its type; valid inside the call
	Chunk  []byte `zeek:"chunk"` // the message without its head; valid inside the call
}
