package mapping

import (
	"net/netip"
	"strings"
)

// Form is the form in which a value is written.
type Form uint8

// The forms of values.
const (
	formSame     Form = iota // as in Zeek's JSON; times in ISO 8601
	Text                     // a number as a string
	Nanoseconds              // an interval in nanoseconds, as an integer
	Seconds                  // intervals in seconds, as integers
	MAC                      // a link-layer address as 00-00-5E-00-53-23
	Outcome                  // of an HTTP status code: success below 400, otherwise failure
	Milliseconds             // an interval in milliseconds, as an integer
	EpochMillis              // a time in milliseconds since 1970, as an integer

	// Target.Each makes the following forms from texts.

	IP        // an address, if the value is one
	Path      // the path of a URI
	Query     // the query of a URI, without the question mark
	User      // a Kerberos principal without its realm
	Realm     // the realm of a Kerberos principal
	Attribute // the values of Target.Part in a distinguished name
)

var formNames = [...]string{
	formSame: "", Text: "as text", Nanoseconds: "in nanoseconds", Seconds: "in seconds", MAC: "as 00-00-5E-00-53-23",
	Outcome: "success below 400, else failure", Milliseconds: "in milliseconds", EpochMillis: "in milliseconds since 1970", IP: "if it is an address", Path: "the path in it", Query: "the query in it",
	User: "without the realm", Realm: "the realm in it", Attribute: "the values of ",
}

// String describes the form in a word; it is "" for formSame.
func (f Form) String() string { return formNames[f] }

// Texts reports whether Each makes values of the form.
func (f Form) Texts() bool { return f >= IP }

// Each calls yield with each text that the target's form makes of v.
func (t *Target) Each(v string, yield func(string)) {
	switch t.Form {
	case IP:
		if _, err := netip.ParseAddr(v); err == nil {
			yield(v)
		}
	case Path, Query:
		v, _, _ = strings.Cut(v, "#")
		if _, after, ok := strings.Cut(v, "://"); ok && v[0] != '/' { // the URI of a proxy request
			i := strings.IndexAny(after, "/?")
			if i < 0 {
				return
			}
			v = after[i:]
		}
		path, query, ok := strings.Cut(v, "?")
		if t.Form == Path && strings.HasPrefix(path, "/") {
			yield(path)
		} else if t.Form == Query && ok {
			yield(query)
		}
	case User, Realm:
		if i := strings.LastIndexByte(v, '/'); i > 0 {
			if t.Form == User {
				yield(v[:i])
			} else {
				yield(v[i+1:])
			}
		}
	case Attribute:
		attributes(v, t.Part, yield)
	default:
	}
}

// attributes calls yield with the values of one kind of attribute in a distinguished
// name (RFC 4514): "CN=a,O=b\, c".
func attributes(name, kind string, yield func(string)) {
	for len(name) > 0 {
		end := 0
		escaped := false
		for end < len(name) && name[end] != ',' {
			if name[end] == '\\' && end+1 < len(name) {
				escaped = true
				end++
			}
			end++
		}
		k, v, ok := strings.Cut(name[:end], "=")
		if ok && strings.TrimSpace(k) == kind {
			if escaped {
				v = unescape.Replace(v)
			}
			yield(v)
		}
		name = name[min(end+1, len(name)):]
	}
}

var unescape = strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\+`, `+`, `\"`, `"`, `\;`, `;`, `\<`, `<`, `\>`, `>`, `\=`, `=`, `\#`, `#`, `\ `, ` `)
