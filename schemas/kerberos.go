package schemas

import "github.com/wirelog/wirelog/value"

// Kerberos is a request to a KDC with its reply, or an authentication to a service.
//
//wirelog:log kerberos
type Kerberos struct {
	// Time of the first message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// AS for an initial ticket, TGS for a service ticket; unset for other messages.
	RequestType value.Opt[string] `zeek:"request_type"`
	// The client's name and realm.
	Client value.Opt[string] `zeek:"client"`
	// Name of the service.
	Service value.Opt[string] `zeek:"service"`
	// Whether the ticket was granted.
	Success value.Opt[bool] `zeek:"success"`
	// The error's text or name.
	ErrorMsg value.Opt[string] `zeek:"error_msg"`
	// Time from which the ticket is valid.
	From value.Opt[value.Time] `zeek:"from"`
	// Time until which the ticket is valid.
	Till value.Opt[value.Time] `zeek:"till"`
	// Encryption type of the ticket.
	Cipher value.Opt[string] `zeek:"cipher"`
	// Whether a forwardable ticket is requested.
	Forwardable value.Opt[bool] `zeek:"forwardable"`
	// Whether a renewable ticket is requested.
	Renewable value.Opt[bool] `zeek:"renewable"`
	// Subject of the client's certificate.
	ClientCertSubject value.Opt[string] `zeek:"client_cert_subject"`
	// File identifier of the client's certificate.
	ClientCertFUID value.Opt[string] `zeek:"client_cert_fuid"`
	// Subject of the KDC's certificate.
	ServerCertSubject value.Opt[string] `zeek:"server_cert_subject"`
	// File identifier of the KDC's certificate.
	ServerCertFUID value.Opt[string] `zeek:"server_cert_fuid"`
	*Flow
}
