package http

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures are Zeek's. Either side suffices: a method at the start of the client's
// data, or a version at the start of the server's.
var signatures = []detect.Signature{{Orig: looksLikeRequest}, {Resp: detect.Leading("Hh", detect.Within(6, looksLikeReply))}}

func looksLikeRequest(b []byte) detect.Verdict {
	b = detect.TrimSpace(b)
	if len(b) == 0 {
		return detect.NeedMore
	}
	v := detect.NoMatch
	for _, m := range methods[b[0]] {
		switch detect.StartsWith(b, m) {
		case detect.Match:
			return detect.Match
		case detect.NeedMore:
			v = detect.NeedMore
		case detect.NoMatch:
		}
	}
	return v
}

func looksLikeReply(b []byte) bool {
	ok, _ := keyword(b)
	return ok && len(b) > 5 && isDigit(b[5])
}

// methods are the methods of IANA's registry, of Exchange's WebDAV, of RFC 3253 and of
// Microsoft's RPC over HTTP, indexed by first letter.
var methods = func() (t [256][]string) {
	for _, m := range [...]string{
		"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN",
		"CHECKOUT", "CONNECT", "COPY", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL",
		"MKREDIRECTREF", "MOVE", "ORDERPATCH", "PATCH", "PROPFIND", "PROPPATCH", "REBIND", "REPORT", "SEARCH",
		"TRACE", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "VERSION-CONTROL", "BCOPY", "BDELETE",
		"BMOVE", "BPROPFIND", "BPROPPATCH", "NOTIFY", "POLL", "SUBSCRIBE", "UNSUBSCRIBE", "X-MS-ENUMATTS",
		"MKWORKSPACE", "RPC_IN_DATA", "RPC_OUT_DATA",
	} {
		t[m[0]] = append(t[m[0]], m)
	}
	return t
}()

// hasScheme reports whether uri contains "://", which is how Zeek recognizes absolute
// URLs.
func hasScheme(uri []byte) bool { return bytes.Contains(uri, []byte("://")) }
