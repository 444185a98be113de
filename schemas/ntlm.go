package schemas

import "github.com/wirelog/wirelog/value"

// NTLM is an authentication by NTLM, written when its outcome is known or else when the
// connection ends.
//
//wirelog:log ntlm
type NTLM struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// User that the client names.
	Username value.Opt[string] `zeek:"username"`
	// Name of the client's computer.
	Hostname value.Opt[string] `zeek:"hostname"`
	// Domain of the user.
	Domainname value.Opt[string] `zeek:"domainname"`
	// NetBIOS name of the server.
	ServerNBComputerName value.Opt[string] `zeek:"server_nb_computer_name"`
	// DNS name of the server.
	ServerDNSComputerName value.Opt[string] `zeek:"server_dns_computer_name"`
	// DNS name of the server's forest.
	ServerTreeName value.Opt[string] `zeek:"server_tree_name"`
	// Whether the authentication succeeded; unset if that was not seen.
	Success value.Opt[bool] `zeek:"success"`
	*Flow
}
