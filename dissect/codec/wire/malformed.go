package wire

import (
	"bytes"
	"strconv"
)

// Malformed describes how a message violates its format, in the words of Zeek's parser
// generator, which end up in analyzer.log.
type Malformed struct {
	kind  kind
	field string
	// need is the number of bytes that field needs, and have the number there is; or need
	// is the value of field that selects no case.
	need, have int
}

type kind uint8

const (
	outOfBound kind = iota
	invalidCase
	other
)

// OutOfBound returns the error for a field that needs more bytes than there are.
func OutOfBound(field string, need, have int) *Malformed {
	return &Malformed{kind: outOfBound, field: field, need: need, have: have}
}

// InvalidCase returns the error for a field whose form is selected by index, which selects
// none.
func InvalidCase(field string, index int) *Malformed {
	return &Malformed{kind: invalidCase, field: field, need: index}
}

// Enforce returns the error for a field whose value is not allowed.
func Enforce(field string) *Malformed { return Wrong("&enforce violation : " + field) }

// StringMismatch returns the error for a field that differs from a fixed string.
func StringMismatch(field string) *Malformed { return Wrong("string mismatch at " + field) }

// PatternMismatch describes text that a pattern does not match, up to a NUL. At is the place
// of the pattern in Zeek's sources.
func PatternMismatch(at, pattern string, have []byte) string {
	have, _, _ = bytes.Cut(have, []byte{0})
	return "string mismatch at " + at + ": \nexpected pattern: \"" + pattern + "\"\nactual data: \"" + string(have) + "\""
}

// Wrong returns the error for anything else; what is the whole description.
func Wrong(what string) *Malformed { return &Malformed{kind: other, field: what} }

// Error returns Zeek's message.
func (m *Malformed) Error() string {
	const prefix = "Binpac exception: binpac exception: "
	switch m.kind {
	case outOfBound:
		return prefix + "out_of_bound: " + m.field + ": " + strconv.Itoa(m.need) + " > " + strconv.Itoa(m.have)
	case invalidCase:
		return prefix + "invalid index for case: " + m.field + ": " + strconv.Itoa(m.need)
	case other:
	}
	return prefix + m.field
}
