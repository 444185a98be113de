package logs

import "github.com/wirelog/wirelog/value"

// optText is text that may be unset and keeps its buffer.
type optText struct {
	b  []byte
	ok bool
}

func (t *optText) set(b []byte) { t.b, t.ok = append(t.b[:0], b...), true }

// clear unsets the text.
func (t *optText) clear() { t.b, t.ok = t.b[:0], false }

// trim drops a buffer that is too large to be reused.
func (t *optText) trim() {
	if cap(t.b) > 4096 {
		t.b = nil
	}
}

func (t *optText) column() value.Opt[string] { return value.Opt[string]{V: text(t.b), OK: t.ok} }
