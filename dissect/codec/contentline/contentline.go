// Package contentline splits a stream into lines, for the protocols whose messages
// are lines of text with now and then a body of known length between them. It
// does what Zeek's CONTENTLINE analyzer does: what ends a line, and which weirds
// there are, is as there.
package contentline

import "bytes"

// A Receiver takes what a Splitter finds. It may call the Splitter's methods, which
// take effect right after the bytes that it was given.
type Receiver interface {
	// Line takes a line without its end. The slice is valid inside the call.
	Line(line []byte)
	// Plain takes bytes that SetPlain has asked for.
	Plain(b []byte)
	// LineWeird takes the name of a weird, whose analyzer is Source.
	LineWeird(name string)
}

// Source is the name of Zeek's analyzer, for weirds.
const Source = "CONTENTLINE"

// DefaultMax is how long a line may become before it is cut (Zeek's
// DEFAULT_MAX_LINE_LENGTH).
const DefaultMax = 16<<20 - 100

// EOL says which single characters end a line, beside CR LF.
type EOL uint8

// Line ends.
const (
	CR EOL = 1 << iota
	LF
	// OnlyCRLF takes lone CR and LF as part of the line.
	OnlyCRLF EOL = 0
)

// WeirdTooLong is the name of the weird about a line that was cut because it is too long, or
// because of its Budget.
const WeirdTooLong = "contentline_size_exceeded"

// Seen remembers which weirds a connection has had, of those that count only once.
// The Splitters of both directions share one.
type Seen uint8

const (
	seenCR Seen = 1 << iota
	seenLF
	seenNUL
)

// Options bound what a Budget allows.
type Options struct {
	Bytes uint64 `key:"limits.incomplete_line_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of lines of HTTP, FTP, SMTP and POP3 whose end has not come held at once, in all; beyond it lines are cut"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Bytes: 256 << 20} }

// A Budget bounds the bytes that Splitters hold of lines whose end has not come.
// Those of a shard share one.
type Budget struct {
	// Limit is the number of bytes, 0 for any. Beyond it a line that grows is cut.
	Limit uint64
	used  uint64
}

// A Splitter splits one direction of a connection into lines. It must be made
// ready with Reset.
type Splitter struct {
	r      Receiver
	seen   *Seen
	budget *Budget
	max    int
	// part is the beginning of a line whose end has not come. Lines that lie whole
	// in what is delivered are not copied.
	part []byte
	// plain is how many bytes are still to be handed on as they are; size is how
	// many there are until a line ends without an end, -1 for never.
	plain, size int64
	data        []byte // what is being delivered
	off         int    // of the first byte of data that was not handed on
	cr, lf, nul int    // the next of each in data, from where was searched last
	last        byte
	eol         EOL
	stopped     bool
	quiet       bool // no weirds
	nulWeird    bool
	fresh       bool // size was set by the line that a CR has just ended
}

// keptPart is the capacity of a line's beginning that is kept for the next one.
const keptPart = 4096

// Reset makes s ready for a new stream, with lines of up to max bytes. budget may
// be nil.
func (s *Splitter) Reset(r Receiver, seen *Seen, budget *Budget, max int) {
	s.Release()
	*s = Splitter{r: r, seen: seen, budget: budget, max: max, part: s.part, size: -1, eol: CR | LF}
}

// Release gives up what s holds, before it is kept for another stream.
func (s *Splitter) Release() {
	s.forget()
	s.data, s.off = nil, 0
	s.stopped = true
}

// forget empties part.
func (s *Splitter) forget() {
	if s.budget != nil {
		s.budget.used -= uint64(len(s.part))
	}
	if s.part = s.part[:0]; cap(s.part) > keptPart {
		s.part = nil
	}
}

func (s *Splitter) keep(b []byte) {
	s.part = append(s.part, b...)
	if s.budget != nil {
		s.budget.used += uint64(len(b))
	}
}

// unkeep takes back the last byte.
func (s *Splitter) unkeep() {
	s.part = s.part[:len(s.part)-1]
	if s.budget != nil {
		s.budget.used--
	}
}

// SetReceiver changes the receiver, when the sides of a connection change places.
func (s *Splitter) SetReceiver(r Receiver) { s.r = r }

// SetEOL sets what ends a line beside CR LF.
func (s *Splitter) SetEOL(e EOL) { s.eol = e }

// SuppressWeirds turns weirds about line ends off or on.
func (s *Splitter) SuppressWeirds(on bool) { s.quiet = on }

// SetNULWeird asks for the weird NUL_in_line for the first NUL of the stream, which
// then is not part of its line.
func (s *Splitter) SetNULWeird(on bool) { s.nulWeird = on }

// SetPlain asks for the next n bytes as they are, 0 for lines again.
func (s *Splitter) SetPlain(n int64) { s.plain = max(n, 0) }

// SetSize tells that n bytes from here a line ends even without a line end; -1
// takes that back.
func (s *Splitter) SetSize(n int64) {
	s.size = max(n, -1)
	s.fresh = s.last == '\r' // the LF that may follow does not count
}

// Stop ends all deliveries.
func (s *Splitter) Stop() { s.stopped = true }

// Partial reports whether a line has begun and not ended.
func (s *Splitter) Partial() bool { return len(s.part) > 0 }

// Take ends all deliveries and returns those bytes of the piece being delivered
// that have not been handed on. It is for a Receiver whose connection goes on with
// another protocol. lf tells that an LF, if it is the next byte to come, still belongs to
// the last line.
func (s *Splitter) Take() (rest []byte, lf bool) {
	rest = s.data[s.off:]
	s.off = len(s.data)
	s.stopped = true
	if s.last != '\r' {
		return rest, false
	}
	if len(rest) == 0 {
		return rest, true
	}
	if rest[0] == '\n' {
		rest = rest[1:]
	}
	return rest, false
}

// Deliver splits b, the next bytes of the stream.
func (s *Splitter) Deliver(b []byte) {
	s.data, s.off, s.cr, s.lf, s.nul = b, 0, -1, -1, -1
	for s.off < len(s.data) && !s.stopped {
		if s.last == '\r' && s.eol&CR != 0 && s.data[s.off] == '\n' {
			// The CR has ended the line. Nobody knew that an LF would follow.
			s.last = '\n'
			if s.fresh {
				s.off++
			} else {
				s.advance(1)
			}
		} else if s.plain > 0 {
			n := int(min(s.plain, int64(len(s.data)-s.off)))
			piece := s.data[s.off : s.off+n]
			s.last = 0
			s.plain -= int64(n)
			s.advance(n)
			s.r.Plain(piece)
		} else {
			s.line()
		}
		if s.size == 0 {
			s.size = -1
			if len(s.part) > 0 && !s.stopped {
				s.r.LineWeird("line_terminated_without_CRLF")
				s.emit(nil, 0, '\n')
			}
		}
	}
	s.data, s.off = nil, 0
}

// End tells that the stream is over: what there is of a line is its last.
func (s *Splitter) End() {
	if len(s.part) > 0 && !s.stopped {
		s.Deliver(newline)
	}
}

var newline = []byte{'\n'}

func (s *Splitter) advance(n int) {
	s.off += n
	s.fresh = false
	if s.size >= 0 {
		s.size = max(s.size-int64(n), 0)
	}
}

// next returns the index in data, from i on, of the next CR or LF before end, or end.
func (s *Splitter) next(i, end int) int {
	if s.lf < i {
		s.lf = index(s.data, i, '\n')
	}
	if s.cr < i {
		// A CR beyond the next LF is of no interest yet.
		s.cr = index(s.data[:s.lf], i, '\r')
	}
	return min(s.lf, s.cr, end)
}

func index(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// line takes the next bytes up to the end of a line, or all.
func (s *Splitter) line() {
	start, end := s.off, len(s.data)
	if s.size >= 0 && s.size < int64(end-start) {
		end = start + int(s.size)
	}
	if s.last == '\r' && s.data[start] == '\n' {
		// The CR was taken for a part of the line.
		if len(s.part) == 0 {
			s.last = '\n'
			s.advance(1)
			return
		}
		s.unkeep()
		s.emit(nil, 1, '\n')
		return
	}
	nul := false
	if s.nulWeird {
		if s.nul < start {
			s.nul = index(s.data, start, 0)
		}
		if s.nul < end {
			nul, end = true, s.nul
		}
	}
	full := end
	if room := s.room(); room < end-start {
		full = start + room
	}
	if b := s.data[start]; s.last == '\r' && b != '\n' && (b != '\r' || s.eol&CR == 0) {
		s.weird(seenCR, "line_terminated_with_single_CR")
	}
	for i := start; ; i++ {
		i = s.next(i, end)
		if i >= full {
			break
		}
		b := s.data[start:i]
		if s.data[i] == '\r' {
			if i+1 < end && s.data[i+1] == '\n' {
				s.emit(b, i+2-start, '\n')
				return
			}
			if s.eol&CR != 0 {
				s.emit(b, i+1-start, '\r')
				return
			}
			if i+1 < end {
				s.weird(seenCR, "line_terminated_with_single_CR")
			}
			continue
		}
		if s.eol&LF != 0 {
			s.emit(b, i+1-start, '\n')
			return
		}
		s.weird(seenLF, "line_terminated_with_single_LF")
	}
	if full < end {
		s.cut(full)
		return
	}
	s.keep(s.data[start:end])
	n := end - start
	s.last = s.data[start+max(n-1, 0)]
	if nul {
		s.nulWeird = false
		if n > 0 && s.last == '\r' {
			s.weird(seenCR, "line_terminated_with_single_CR")
		}
		s.weird(seenNUL, "NUL_in_line")
		s.last = 0
		n++
	}
	s.advance(n)
}

// room is how many bytes more the line may have.
func (s *Splitter) room() int {
	room := max(s.max-len(s.part), 0)
	if b := s.budget; b != nil && b.Limit != 0 {
		var left uint64
		if b.used < b.Limit {
			left = b.Limit - b.used
		}
		room = int(min(uint64(room), left))
	}
	return room
}

// cut ends a line that is too long before index i of data. The character there
// and the one before it are lost, as in Zeek.
func (s *Splitter) cut(i int) {
	s.r.LineWeird(WeirdTooLong)
	if s.stopped {
		return
	}
	b := s.data[s.off:i]
	if len(b) > 0 {
		b = b[:len(b)-1]
	} else if len(s.part) > 0 {
		s.unkeep()
	}
	s.emit(b, i+1-s.off, s.data[i])
}

// emit hands on a line that ends with b, and n bytes of data with its end, of which
// last is the last.
func (s *Splitter) emit(b []byte, n int, last byte) {
	if len(s.part) > 0 {
		s.keep(b)
		b = s.part
		s.forget()
	}
	s.last = last
	s.advance(n)
	s.r.Line(b)
}

func (s *Splitter) weird(once Seen, name string) {
	if !s.quiet && *s.seen&once == 0 {
		*s.seen |= once
		s.r.LineWeird(name)
	}
}
