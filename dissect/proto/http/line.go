package http

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
)

// version is an HTTP version (RFC 9110 section 2.5). The zero version is unknown.
type version struct{ major, minor uint8 }

var (
	version09 = version{0, 9}
	version11 = version{1, 1}
)

var versionNames = func() (names [100]string) {
	for i := range names {
		names[i] = string([]byte{'0' + byte(i/10), '.', '0' + byte(i%10)})
	}
	return names
}()

func (v version) String() string { return versionNames[v.major*10+v.minor] }

func (v version) number() float64 { return float64(v.major) + float64(v.minor)*0.1 }

// parseVersion parses the version that follows "HTTP/".
func parseVersion(b []byte) (v version, ok bool) {
	if len(b) < 3 || !isDigit(b[0]) || b[1] != '.' || !isDigit(b[2]) {
		return version{}, false
	}
	return version{b[0] - '0', b[2] - '0'}, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// skipBlanks returns the index of the first non-blank byte at or after i.
func skipBlanks(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// isMethodChar reports whether c is valid in a method (a token of RFC 2616 section 2.2).
func isMethodChar(c byte) bool {
	if c < 32 || c > 126 {
		return false
	}
	switch c {
	case ' ', '(', ')', '<', '>', '@', ',', ';', ':', '\\', '"', '/', '[', ']', '?', '=', '{', '}':
		return false
	}
	return true
}

// uriChars is the set of URI characters (RFC 3986 section 2).
var uriChars = func() (t [256]bool) {
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" +
		":/?#[]@!$&'()*+,;=-_.~%" {
		t[c] = true
	}
	// Zeek searches with strchr, which finds the terminating NUL too.
	t[0] = true
	return t
}()

// keyword reports whether b begins with "HTTP/" in any case, and whether some of the
// letters are in lower case.
func keyword(b []byte) (ok, lower bool) {
	if len(b) < 5 || b[4] != '/' {
		return false, false
	}
	if string(b[:4]) == "HTTP" {
		return true, false
	}
	lower = b[0]|0x20 == 'h' && b[1]|0x20 == 't' && b[2]|0x20 == 't' && b[3]|0x20 == 'p'
	return lower, lower
}

// A requestLine is the first line of a request (RFC 9112 section 3). Its slices point
// into the line.
type requestLine struct{ method, uri []byte }

// requestLine parses a line and raises weirds and events for its errors. ok is false if
// it is not a request line.
func (a *analyzer) requestLine(line []byte) (r requestLine, ok bool) {
	n := 0
	for n < len(line) && isMethodChar(line[n]) {
		n++
	}
	if n == 0 {
		if l := len(line); l >= 9 && line[l-9] == ' ' {
			if ok, _ := keyword(line[l-8:]); ok {
				a.weird("bad_HTTP_request_with_version")
				return r, false
			}
		}
		a.weird("bad_HTTP_request")
		return r, false
	}
	i := skipBlanks(line, n)
	if i == n {
		a.weird("bad_HTTP_request")
		return r, false
	}
	r.method = line[:n]
	a.target(line[i:], &r)
	if a.reqVersion == version09 && (n < 3 || len(r.uri) == 0) {
		a.weird("bad_HTTP_request")
		return r, false
	}
	return r, true
}

// target parses the URI and the version of a request line. Without "HTTP/" the version
// is 0.9.
func (a *analyzer) target(b []byte, r *requestLine) {
	end := 0
	for end < len(b) && uriChars[b[end]] {
		end++
	}
	match, lower := keyword(b)
	if lower {
		a.weird("lowercase_HTTP_keyword")
	}
	if end == len(b) && match {
		a.weird("missing_HTTP_uri")
		end = 0
	}
	at := end
	for ; at < len(b); at++ {
		if end = at; !isBlank(b[at]) && b[at]|0x20 != 'h' {
			continue
		}
		at = skipBlanks(b, at)
		if ok, lower := keyword(b[at:]); ok {
			if lower {
				a.weird("lowercase_HTTP_keyword")
			}
			break
		}
	}
	r.uri = b[:end]
	switch {
	case at >= len(b):
		a.setVersion(&a.reqVersion, version09)
	case at+8 <= len(b):
		v, ok := parseVersion(b[at+5:])
		if !ok {
			a.event("bad_HTTP_version", b[at+5:])
		}
		a.setVersion(&a.reqVersion, v)
		if skipBlanks(b, at+8) != len(b) {
			a.event("crud after HTTP version is ignored", b)
		}
	default:
		a.event("bad_HTTP_version", b)
	}
	a.f.unescaped = event.UnescapeURI(a.f.unescaped[:0], r.uri, a.weirdFunc)
}

// replyLine parses the status line of a reply (RFC 9112 section 4) and reports whether
// it is one.
func (a *analyzer) replyLine(line []byte) bool {
	ok, lower := keyword(line)
	if lower {
		a.weird("lowercase_HTTP_keyword")
	}
	if !ok {
		a.event("bad_HTTP_reply", line)
		return false
	}
	v, ok := parseVersion(line[5:])
	if !ok {
		a.event("bad_HTTP_version", line[5:])
	}
	a.setVersion(&a.respVersion, v)
	i := indexBlank(line, 5)
	if i == len(line) {
		a.event("HTTP_reply_code_missing", line)
		return false
	}
	if i = skipBlanks(line, i); i+3 > len(line) {
		a.event("HTTP_reply_code_missing", line)
		return false
	}
	a.code = 0
	if c := line[i:]; isDigit(c[0]) && isDigit(c[1]) && isDigit(c[2]) {
		a.code = int(c[0]-'0')*100 + int(c[1]-'0')*10 + int(c[2]-'0')
	}
	a.reason = noReason
	if i = indexBlank(line, i+3); i == len(line) {
		a.event("HTTP_reply_reason_phrase_missing", line)
		return true
	}
	a.reason = line[skipBlanks(line, i):]
	return true
}

var noReason = []byte("<empty>")

func indexBlank(b []byte, i int) int {
	for i < len(b) && !isBlank(b[i]) {
		i++
	}
	return i
}

// isPrefix reports whether method is a prefix of word, ignoring case. Zeek compares
// methods this way.
func isPrefix(method []byte, word string) bool {
	return len(method) <= len(word) && bytes.EqualFold(method, []byte(word)[:len(method)])
}
