package wire

import "strconv"

// Malformed is how a message contradicts what it has to be. Zeek's parser generator has the
// words, which are in analyzer.log.
type Malformed struct {
	kind  kind
	field string
	// need is how many bytes field needs and have how many there are, or need is the
	// value of field that stands for nothing.
	need, have int
}

type kind uint8

const (
	outOfBound kind = iota
	invalidCase
	other
)

// OutOfBound tells of a field that needs more bytes than there are.
func OutOfBound(field string, need, have int) *Malformed {
	return &Malformed{kind: outOfBound, field: field, need: need, have: have}
}

// InvalidCase tells of a field whose form goes by an index that has none.
func InvalidCase(field string, index int) *Malformed {
	return &Malformed{kind: invalidCase, field: field, need: index}
}

// Enforce tells of a field whose value is not one of those that it may have.
func Enforce(field string) *Malformed { return Wrong("&enforce violation : " + field) }

// StringMismatch tells of a field that has other bytes than it has to.
func StringMismatch(field string) *Malformed { return Wrong("string mismatch at " + field) }

// Wrong tells of anything else, in full.
func Wrong(what string) *Malformed { return &Malformed{kind: other, field: what} }

// Error is what Zeek says.
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
