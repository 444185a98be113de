package event

// MySQLServerVersion is raised for the greeting of a MySQL server
// (Protocol::HandshakeV10 and HandshakeV9).
//
//wirelog:event mysql_server_version section=MySQL
type MySQLServerVersion struct {
	Conn Conn   `zeek:"c"`
	Ver  []byte `zeek:"ver"` // the server's version; valid inside the call
}

// MySQLHandshake is raised for a client's answer to the greeting, unless it asks for
// TLS (Protocol::HandshakeResponse41 and HandshakeResponse320).
//
//wirelog:event mysql_handshake section=MySQL
type MySQLHandshake struct {
	Conn     Conn   `zeek:"c"`
	Username []byte `zeek:"username"` // valid inside the call
}

// MySQLSSLRequest is raised for a client's request to switch to TLS
// (Protocol::SSLRequest).
//
//wirelog:event mysql_ssl_request section=MySQL own
type MySQLSSLRequest struct {
	Conn Conn `zeek:"c"`
}

// MySQLAuthPlugin is raised for the authentication plugin named in a greeting, in the
// answer to it or in a change of user.
//
//wirelog:event mysql_auth_plugin section=MySQL own
type MySQLAuthPlugin struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Name   []byte `zeek:"name"` // valid inside the call
	Data   []byte `zeek:"data"` // what the plugin begins with; valid inside the call
}

// MySQLAuthSwitchRequest is raised when a server asks for another authentication plugin
// (Protocol::AuthSwitchRequest).
//
//wirelog:event mysql_auth_switch_request section=MySQL own
type MySQLAuthSwitchRequest struct {
	Conn Conn   `zeek:"c"`
	Name []byte `zeek:"name"` // valid inside the call
	Data []byte `zeek:"data"` // what the plugin begins with; valid inside the call
}

// MySQLAuthMoreData is raised for data that authentication plugins exchange
// (Protocol::AuthMoreData).
//
//wirelog:event mysql_auth_more_data section=MySQL own
type MySQLAuthMoreData struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Data   []byte `zeek:"data"` // valid inside the call
}

// MySQLCommandRequest is raised for a command of a client.
//
//wirelog:event mysql_command_request section=MySQL
type MySQLCommandRequest struct {
	Conn    Conn   `zeek:"c"`
	Command uint64 `zeek:"command"` // number of the command, such as 3 for COM_QUERY
	Arg     []byte `zeek:"arg"`     // its argument, without query attributes; valid inside the call
}

// MySQLChangeUser is raised after MySQLCommandRequest for a change of user
// (COM_CHANGE_USER).
//
//wirelog:event mysql_change_user section=MySQL own
type MySQLChangeUser struct {
	Conn     Conn   `zeek:"c"`
	Username []byte `zeek:"username"` // valid inside the call
}

// MySQLOK is raised for an OK packet of a server (OK_Packet).
//
//wirelog:event mysql_ok section=MySQL
type MySQLOK struct {
	Conn         Conn   `zeek:"c"`
	AffectedRows uint64 `zeek:"affected_rows"`
}

// MySQLEOF is raised for an EOF packet of a server (EOF_Packet).
//
//wirelog:event mysql_eof section=MySQL own
type MySQLEOF struct {
	Conn           Conn `zeek:"c"`
	IsIntermediate bool `zeek:"is_intermediate"` // between columns and rows
}

// MySQLError is raised for an error packet of a server (ERR_Packet).
//
//wirelog:event mysql_error section=MySQL
type MySQLError struct {
	Conn Conn   `zeek:"c"`
	Code uint64 `zeek:"code"`
	Msg  []byte `zeek:"msg"` // valid inside the call
}

// MySQLResultRow is raised for a row of a result set (ProtocolText::ResultsetRow).
//
//wirelog:event mysql_result_row section=MySQL
type MySQLResultRow struct {
	Conn Conn     `zeek:"c"`
	Row  [][]byte `zeek:"row" type:"string_vec"` // its values, an empty one for NULL; valid inside the call
}
