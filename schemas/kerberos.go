package schemas

// Kerberos is a request to a KDC with its reply, or an authentication to a service.
//
//wirelog:log kerberos
type Kerberos struct {
	// Time of the first message.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// AS for an initial ticket, TGS for a service ticket; unset for other messages.
	RequestType Opt[string] `zeek:"request_type"`
	// The client's name and realm.
	Client Opt[string] `zeek:"client"`
	// Name of the service.
	Service Opt[string] `zeek:"service"`
	// Whether the ticket was granted.
	Success Opt[bool] `zeek:"success"`
	// The error's text or name.
	ErrorMsg Opt[string] `zeek:"error_msg"`
	// Time from which the ticket is valid.
	From Opt[Time] `zeek:"from"`
	// Time until which the ticket is valid.
	Till Opt[Time] `zeek:"till"`
	// Encryption type of the ticket.
	Cipher Opt[string] `zeek:"cipher"`
	// Whether a forwardable ticket is requested.
	Forwardable Opt[bool] `zeek:"forwardable"`
	// Whether a renewable ticket is requested.
	Renewable Opt[bool] `zeek:"renewable"`
	// Subject of the client's certificate.
	ClientCertSubject Opt[string] `zeek:"client_cert_subject"`
	// File identifier of the client's certificate.
	ClientCertFUID Opt[string] `zeek:"client_cert_fuid"`
	// Subject of the KDC's certificate.
	ServerCertSubject Opt[string] `zeek:"server_cert_subject"`
	// File identifier of the KDC's certificate.
	ServerCertFUID Opt[string] `zeek:"server_cert_fuid"`
}
