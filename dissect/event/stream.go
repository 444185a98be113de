package event

import (
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/wirelog/wirelog/value"
)

const argsKey = `,"args":`

// A Stream writes events as they are raised, one JSON object per line:
//
//	{"ts":1449265638.420145,"event":"tcp_option","uid":"C...",
//	 "id.orig_h":"10.0.0.1","id.orig_p":52122,"id.resp_h":"10.0.0.2","id.resp_p":443,
//	 "args":{"is_orig":true,"opt":2,"optlen":4}}
//
// An event without a connection has no uid and id keys; one with a file has its
// identifier as "fuid". Values are those of Zeek's to_json, without the unset
// fields of records.
type Stream struct {
	now  func() value.Time
	emit func(line []byte)
	buf  []byte
}

// NewStream registers a Stream on the hooks of the events that match one of the
// patterns (as in path.Match), or of all events if there is none. now is the
// clock of the shard. emit gets every line with its line feed; the slice is
// valid inside the call. A pattern that matches no event that this build raises
// is an error.
func NewStream(h *Hooks, now func() value.Time, emit func(line []byte), patterns ...string) (*Stream, error) {
	picked, ours, err := h.match(patterns)
	if err != nil {
		return nil, err
	}
	s := &Stream{now: now, emit: emit, buf: make([]byte, 0, 4096)}
	for i := range built {
		if picked[i] {
			built[i].stream(h, s)
		}
	}
	for i := range h.own {
		if ours[i] {
			h.own[i].stream(s)
		}
	}
	return s, nil
}

// match returns which of the built events and of h's own events match one of the
// patterns.
func (h *Hooks) match(patterns []string) (picked [len(built)]bool, ours []bool, err error) {
	ours = make([]bool, len(h.own))
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	var errs []error
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			errs = append(errs, fmt.Errorf("event pattern %q: %w", p, err))
			continue
		}
		some := false
		for i := range built {
			if ok, _ := path.Match(p, built[i].info.Name); ok {
				picked[i] = true
				some = some || built[i].info.Built
			}
		}
		for i := range h.own {
			if ok, _ := path.Match(p, h.own[i].name); ok {
				ours[i], some = true, true
			}
		}
		if !some {
			errs = append(errs, unknown(p))
		}
	}
	return picked, ours, errors.Join(errs...)
}

// unknown returns the error for a pattern that matches no raised event.
func unknown(pattern string) error {
	for _, info := range Catalogue() {
		if ok, _ := path.Match(pattern, info.Name); ok {
			return fmt.Errorf("this build does not raise %q", pattern)
		}
	}
	return fmt.Errorf("no event is called %q", pattern)
}

func (s *Stream) begin(name string) []byte {
	dst := append(s.buf[:0], `{"ts":`...)
	dst = appendDouble(dst, s.now().Seconds())
	dst = append(dst, `,"event":"`...)
	dst = append(dst, name...)
	return append(dst, '"')
}

func (s *Stream) end(dst []byte) {
	dst = append(dst, "}\n"...)
	s.emit(dst)
	if cap(dst) <= maxKeptLine {
		s.buf = dst
	}
}

// maxKeptLine is the capacity in bytes of a line buffer that is worth keeping.
const maxKeptLine = 1 << 20

func appendConnKeys(dst []byte, c Conn) []byte {
	if c == nil {
		return dst
	}
	dst = append(dst, `,"uid":`...)
	dst = appendUID(dst, c.UID())
	id := c.ID()
	dst = append(dst, `,"id.orig_h":`...)
	dst = appendAddr(dst, id.OrigH)
	dst = append(dst, `,"id.orig_p":`...)
	dst = strconv.AppendUint(dst, uint64(id.OrigP), 10)
	dst = append(dst, `,"id.resp_h":`...)
	dst = appendAddr(dst, id.RespH)
	dst = append(dst, `,"id.resp_p":`...)
	return strconv.AppendUint(dst, uint64(id.RespP), 10)
}

func appendFileKeys(dst []byte, f File) []byte {
	if f == nil {
		return dst
	}
	dst = append(dst, `,"fuid":`...)
	return appendUID(dst, f.FUID())
}
