package http

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/detect"
)

// signatures returns Zeek's, and unless zeek is set one for newer methods. Either side
// suffices: a method at the start of the client's data, or a version at the start of the
// server's.
func signatures(zeek bool) []detect.Signature {
	request := looksLikeRequest
	if zeek {
		request = looksLikeOldRequest
	}
	return []detect.Signature{{Orig: request}, {Resp: detect.Leading("Hh", detect.Within(6, looksLikeReply))}}
}

// looksLikeRequest also knows the methods that Zeek 8.2 does not.
func looksLikeRequest(b []byte) detect.Verdict {
	v := looksLikeOldRequest(b)
	if v != detect.NoMatch {
		return v
	}
	b = detect.TrimSpace(b)
	switch b[0] {
	case 'Q':
		return detect.StartsWith(b, "QUERY")
	case 'U':
		return detect.StartsWith(b, "UPDATEREDIRECTREF")
	}
	return detect.NoMatch
}

func looksLikeOldRequest(b []byte) detect.Verdict {
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
