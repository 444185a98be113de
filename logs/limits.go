package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Limits of what a row may have (Log::default_max_field_string_bytes,
// default_max_total_string_bytes, default_max_field_container_elements and
// default_max_total_container_elements).
const (
	maxFieldBytes    = 4096
	maxRowBytes      = 256000
	maxFieldElements = 100
	maxRowElements   = 500
)

// rowLimits cuts what is too long for a row, whose columns it is to be given in their
// order, and tells of it with weirds.
type rowLimits struct {
	hooks           *event.Hooks
	log             string // Zeek's name of the log, such as "SMTP::LOG"
	bytes, elements int    // of the row so far
}

// begin begins a row with a uid.
func (l *rowLimits) begin(uid []byte) { l.bytes, l.elements = len(uid), 0 }

// text is b as far as there is room for it.
func (l *rowLimits) text(b []byte) string {
	n := min(len(b), maxFieldBytes, maxRowBytes-l.bytes)
	if n < len(b) {
		l.weird("log_string_field_truncated")
	}
	l.bytes += n
	return text(b[:n])
}

// container is how many of n elements there is room for.
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

// textSet is a set of strings in one piece of memory, in the order in which they came.
type textSet struct {
	is    bool // set, even if empty
	bytes []byte
	ends  []int
	list  []string // for the row
}

// maxSetBytes bounds a set. A row has room for less.
const maxSetBytes = 1 << 20

// add adds a string of which a row takes no more than it keeps. It reports false if there
// are limit of them already.
func (s *textSet) add(b []byte, limit int) bool {
	if len(s.ends) >= limit || len(s.bytes) >= maxSetBytes {
		return false
	}
	b = b[:min(len(b), maxFieldBytes+1)]
	start := 0
	for _, end := range s.ends {
		if string(s.bytes[start:end]) == string(b) {
			return true
		}
		start = end
	}
	s.bytes = append(s.bytes, b...)
	s.ends = append(s.ends, len(s.bytes))
	return true
}

func (s *textSet) reset() {
	if cap(s.bytes) > keptSet {
		s.bytes, s.ends, s.list = nil, nil, nil
	}
	*s = textSet{bytes: s.bytes[:0], ends: s.ends[:0], list: s.list[:0]}
}

// keptSet is the capacity of a set that is kept for another.
const keptSet = 4096

// column is the set as a row has it.
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
