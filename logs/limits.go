package logs

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Limits of a row (Log::default_max_field_string_bytes, default_max_total_string_bytes,
// default_max_field_container_elements and default_max_total_container_elements).
const (
	maxFieldBytes    = 4096
	maxRowBytes      = 256000
	maxFieldElements = 100
	maxRowElements   = 500
)

// rowLimits cuts columns that are too long for a row and raises weirds. It takes the columns
// in order.
type rowLimits struct {
	hooks           *event.Hooks
	log             string // Zeek's name of the log, such as "SMTP::LOG"
	bytes, elements int    // of the row so far
}

// begin begins a row with a uid.
func (l *rowLimits) begin(uid []byte) { l.bytes, l.elements = len(uid), 0 }

// text returns b, cut to the room that is left.
func (l *rowLimits) text(b []byte) string {
	n := min(len(b), maxFieldBytes, maxRowBytes-l.bytes)
	if n < len(b) {
		l.weird("log_string_field_truncated")
	}
	l.bytes += n
	return text(b[:n])
}

// container returns how many of n elements fit.
func (l *rowLimits) container(n int) int {
	room := min(n, maxFieldElements, maxRowElements-l.elements)
	if room < n {
		l.weird("log_container_field_truncated")
	}
	l.elements += room
	return room
}

func (l *rowLimits) weird(name string) {
	if h := &l.hooks.Weird.Net; h.On() {
		h.Raise(&event.NetWeird{Name: name, Addl: []byte(l.log)})
	}
}

// textSet is a set of strings in one buffer, in order of insertion.
type textSet struct {
	is    bool // set, even if empty
	bytes []byte
	ends  []int
	tags  []byte   // of each string, to find those that may be equal
	list  []string // for the row
}

// maxSetBytes bounds the bytes of a set. A row has room for less.
const maxSetBytes = 1 << 20

// add adds a string, cut to the length that a row takes. It reports false if the set has
// limit strings.
func (s *textSet) add(b []byte, limit int) bool {
	if len(s.ends) >= limit || len(s.bytes) >= maxSetBytes {
		return false
	}
	b = b[:min(len(b), maxFieldBytes+1)]
	tag := textTag(b)
	for i := 0; i < len(s.tags); i++ {
		n := bytes.IndexByte(s.tags[i:], tag)
		if n < 0 {
			break
		}
		i += n
		if start := s.start(i); string(s.bytes[start:s.ends[i]]) == string(b) {
			return true
		}
	}
	s.bytes = append(s.bytes, b...)
	s.ends = append(s.ends, len(s.bytes))
	s.tags = append(s.tags, tag)
	return true
}

// start returns where string i begins.
func (s *textSet) start(i int) int {
	if i == 0 {
		return 0
	}
	return s.ends[i-1]
}

// textTag returns a byte that is the same for equal strings and seldom for others.
func textTag(b []byte) byte {
	tag := byte(len(b))
	for _, c := range b[:min(len(b), 16)] {
		tag = tag*31 + c
	}
	return tag
}

func (s *textSet) reset() {
	if cap(s.bytes) > keptSet {
		s.bytes, s.ends, s.tags, s.list = nil, nil, nil, nil
	}
	*s = textSet{bytes: s.bytes[:0], ends: s.ends[:0], tags: s.tags[:0], list: s.list[:0]}
}

// keptSet bounds the capacity of a set that is reused.
const keptSet = 4096

// column returns the set as a column, cut to the limits.
func (s *textSet) column(l *rowLimits) value.Set[string] {
	if !s.is {
		return nil
	}
	s.list = s.list[:0]
	start := 0
	for _, end := range s.ends[:l.container(len(s.ends))] {
		s.list = append(s.list, l.text(s.bytes[start:end]))
		start = end
	}
	if s.list == nil {
		return value.Set[string]{}
	}
	return s.list
}
