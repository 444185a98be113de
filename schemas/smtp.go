package schemas

import "net/netip"

// SMTP is a mail message, possibly incomplete when the connection ended.
//
//wirelog:log smtp
type SMTP struct {
	// Time at which the previous message ended, or of the first line.
	TS Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Number of the message on its connection, from 1.
	TransDepth uint64 `zeek:"trans_depth"`
	// Argument of HELO or EHLO.
	Helo Opt[string] `zeek:"helo"`
	// Address in MAIL FROM.
	MailFrom Opt[string] `zeek:"mailfrom"`
	// Addresses in RCPT TO.
	RcptTo Set[string] `zeek:"rcptto"`
	// Value of the Date header.
	Date Opt[string] `zeek:"date"`
	// Value of the From header.
	From Opt[string] `zeek:"from"`
	// Addresses in the To headers, with their display names.
	To Set[string] `zeek:"to"`
	// Addresses in the Cc headers, with their display names.
	CC Set[string] `zeek:"cc"`
	// Value of the Reply-To header.
	ReplyTo Opt[string] `zeek:"reply_to"`
	// Value of the Message-ID header.
	MsgID Opt[string] `zeek:"msg_id"`
	// Value of the In-Reply-To header.
	InReplyTo Opt[string] `zeek:"in_reply_to"`
	// Value of the Subject header.
	Subject Opt[string] `zeek:"subject"`
	// Address in the X-Originating-IP header.
	XOriginatingIP Opt[netip.Addr] `zeek:"x_originating_ip"`
	// Value of the last Received header, that of the first host on the path.
	FirstReceived Opt[string] `zeek:"first_received"`
	// Value of the second to last Received header.
	SecondReceived Opt[string] `zeek:"second_received"`
	// The server's last reply.
	LastReply Opt[string] `zeek:"last_reply"`
	// Hosts on the message's path, the last one first, from the Received headers.
	Path Vector[netip.Addr] `zeek:"path"`
	// Value of the X-Mailer, User-Agent or X-User-Agent header.
	UserAgent Opt[string] `zeek:"user_agent"`
	// Whether the connection switched to TLS.
	TLS bool `zeek:"tls"`
	// Identifiers of the files that the message consists of.
	FUIDs Vector[string] `zeek:"fuids"`
}
