package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// SMTP is a mail message, possibly incomplete when the connection ended.
//
//wirelog:log smtp
type SMTP struct {
	// Time at which the previous message ended, or of the first line.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Number of the message on its connection, from 1.
	TransDepth uint64 `zeek:"trans_depth"`
	// Argument of HELO or EHLO.
	Helo value.Opt[string] `zeek:"helo"`
	// Address in MAIL FROM.
	MailFrom value.Opt[string] `zeek:"mailfrom"`
	// Addresses in RCPT TO.
	RcptTo value.Set[string] `zeek:"rcptto"`
	// Value of the Date header.
	Date value.Opt[string] `zeek:"date"`
	// Value of the From header.
	From value.Opt[string] `zeek:"from"`
	// Addresses in the To headers, with their display names.
	To value.Set[string] `zeek:"to"`
	// Addresses in the Cc headers, with their display names.
	CC value.Set[string] `zeek:"cc"`
	// Value of the Reply-To header.
	ReplyTo value.Opt[string] `zeek:"reply_to"`
	// Value of the Message-ID header.
	MsgID value.Opt[string] `zeek:"msg_id"`
	// Value of the In-Reply-To header.
	InReplyTo value.Opt[string] `zeek:"in_reply_to"`
	// Value of the Subject header.
	Subject value.Opt[string] `zeek:"subject"`
	// Address in the X-Originating-IP header.
	XOriginatingIP value.Opt[netip.Addr] `zeek:"x_originating_ip"`
	// Value of the last Received header, that of the first host on the path.
	FirstReceived value.Opt[string] `zeek:"first_received"`
	// Value of the second to last Received header.
	SecondReceived value.Opt[string] `zeek:"second_received"`
	// The server's last reply.
	LastReply value.Opt[string] `zeek:"last_reply"`
	// Hosts on the message's path, the last one first, from the Received headers.
	Path value.Vector[netip.Addr] `zeek:"path"`
	// Value of the X-Mailer, User-Agent or X-User-Agent header.
	UserAgent value.Opt[string] `zeek:"user_agent"`
	// Whether the connection switched to TLS.
	TLS bool `zeek:"tls"`
	// Identifiers of the files that the message consists of.
	FUIDs value.Vector[string] `zeek:"fuids"`
	*Flow
}
